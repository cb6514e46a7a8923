/** Standard input as a source, standard output as a sink; what either of them being over means for the server. */
import { fstatSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { AraldoError } from '../../src/core/errors.ts';
import type { PluginContext } from '../../src/core/plugin.ts';
import { createRateLimitedLog } from '../../src/core/rate-limited-log.ts';
import type { RequestEnd } from '../../src/core/shutdown.ts';
import type { Port, Transport } from '../../src/core/transport.ts';
import { createInput } from './input.ts';
import { createOutput } from './output.ts';

export interface Settings {
  /** In bytes. */
  readonly maxLine: number;
  readonly keepsEmpty: boolean;
  /** Unset: as the kind of the input says. */
  readonly exits: boolean | undefined;
  readonly requestEnd: RequestEnd | undefined;
  /** Standard input, whose file descriptor says what kind it is, and that of standard output. */
  readonly input?: Readable & { readonly fd: number };
  readonly output?: number;
}

const STDOUT = 1;
const LOG_EVERY_MS = 1_000;

/** The endpoint that reads standard input: a second one would get every other piece of it. */
let reader: string | undefined;

export function createTransport(
  settings: Settings,
  { name, scheduler, log }: Pick<PluginContext, 'name' | 'scheduler' | 'log'>,
  port: Port,
): Transport {
  const { input: from = process.stdin, output: to = STDOUT } = settings;
  const exits = settings.exits ?? isPipeOrFile(from.fd);
  const warn = createRateLimitedLog({ log, level: 'warn', everyMs: LOG_EVERY_MS, scheduler });
  const lane = port.source.lane({ name, meta: { endpoint: name, lane: name } });
  let received = 0;
  let settled = 0;
  let hasEnded = false;

  const input = createInput({
    from,
    maxLine: settings.maxLine,
    onLine(wire) {
      if (wire.size === 0 && !settings.keepsEmpty) return;
      received += 1;
      lane.receiveBytes(wire);
    },
    onTooLong: (bytes) =>
      warn({ endpoint: name, bytes }, 'left out a line of standard input that is longer than max-line'),
    onEnd() {
      hasEnded = true;
      log.info({ endpoint: name, lines: received }, 'standard input has ended');
      endWhenSettled();
    },
  });

  const output = createOutput({
    to,
    scheduler,
    onWritable: () => port.writable(),
    onError(error) {
      const isClosed = error.code === 'EPIPE';
      const why = isClosed ? 'nobody reads it any more' : error.message;
      port.broken(new AraldoError('connection-lost', `could not write to standard output: ${why}`));
      // It never comes back: nothing of what waits for it can be carried through.
      if (isClosed && exits)
        settings.requestEnd?.('nobody reads standard output any more', { deadlineMs: 0 });
    },
  });

  return {
    open() {
      if (output.isClosed) throw new AraldoError('connect-failed', 'nobody reads standard output any more');
      if (!port.source.isRead) return;
      if (reader !== undefined && reader !== name) {
        throw new AraldoError(
          'connect-failed',
          `standard input is read by ${reader} already: give both routes the same endpoint`,
        );
      }
      reader = name;
      input.start();
    },
    pause: () => input.pause(),
    resume: () => input.resume(),
    settled() {
      settled += 1;
      endWhenSettled();
    },
    isWritable: () => output.isWritable,
    write(message, ticket, sender) {
      output.write(message, ticket, sender);
      return false;
    },
    flush: () => output.flushed(),
    drain: () => input.stop(),
    close() {
      input.stop();
      output.reset();
      if (reader === name) reader = undefined;
    },
  };

  /** Not before: the end of the server has a deadline, and a slow sink has none. */
  function endWhenSettled(): void {
    if (!hasEnded || settled < received || !exits) return;
    settings.requestEnd?.('standard input has ended');
  }
}

/** Not a terminal, and not /dev/null, which services are given. */
function isPipeOrFile(descriptor: number): boolean {
  try {
    const stat = fstatSync(descriptor);
    return stat.isFIFO() || stat.isFile() || stat.isSocket();
  } catch {
    return false;
  }
}
