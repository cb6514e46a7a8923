import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, write } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe } from 'vitest';
import { plugin } from '../../plugins/endpoint-stdio/index.ts';
import { createTransport } from '../../plugins/endpoint-stdio/transport.ts';
import type { BatteryWorld, OutsideMessage } from '../../src/testing/index.ts';
import { playBattery } from './support/play-battery.ts';

const writeTo = promisify(write);

/** Two pipes in place of the two that this process has already. */
async function start(): Promise<BatteryWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'araldo-stdio-'));
  const [inPath, outPath] = [join(folder, 'in'), join(folder, 'out')];
  execFileSync('mkfifo', [inPath, outPath]);
  const { O_RDONLY, O_RDWR, O_NONBLOCK } = constants;
  const inEnd = openSync(inPath, O_RDWR);
  const fd = openSync(inPath, O_RDWR | O_NONBLOCK);
  const input = Object.assign(new Socket({ fd, readable: true, writable: false }), { fd });
  const output = openSync(outPath, O_RDWR);
  const reader = new Socket({
    fd: openSync(outPath, O_RDONLY | O_NONBLOCK),
    readable: true,
    writable: false,
  });
  const taken: OutsideMessage[] = [];
  let rest = Buffer.alloc(0);
  reader.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      taken.push({ payload: Buffer.from(rest.subarray(0, end)) });
      rest = rest.subarray(end + 1);
    }
  });
  return {
    plugin: {
      ...plugin,
      create: (_value, context) =>
        context.connect((port) =>
          createTransport(
            { maxLine: 1024 * 1024, keepsEmpty: false, exits: false, requestEnd: undefined, input, output },
            context,
            port,
          ),
        ),
    },
    isText: true,
    source: () => ({}),
    sink: () => ({}),
    async put(messages) {
      for (const { payload } of messages) await writeTo(inEnd, `${Buffer.from(payload).toString()}\n`);
    },
    taken: () => Promise.resolve(taken),
    end() {
      input.destroy();
      reader.destroy();
      closeSync(output);
      closeSync(inEnd);
      rmSync(folder, { recursive: true });
    },
  };
}

describe('the battery', () => {
  playBattery('endpoint-stdio', { start });
});
