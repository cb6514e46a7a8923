// Files as other programs write and rotate them: logrotate's two ways, and a shell at the other end.

import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { plugin } from '../../plugins/endpoint-file/index.ts';
import type { MockEndpoint } from '../../plugins/endpoint-mock/index.ts';
import { Message } from '../../src/core/message.ts';
import { playBattery } from './support/play-battery.ts';
import { serve, type TestServer, until } from './support/server.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'araldo-file-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);
const lines = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, place) => `${from + place}\n`).join('');
const text = { name: 'text', id: 'marshal-text' };

describe('endpoint-file follows a file', () => {
  const start = (options: object = {}) =>
    serve({
      plugins: [
        { name: 'log', id: 'endpoint-file', path: at('in.log'), poll: '10ms', ...options },
        { name: 'out', id: 'endpoint-mock' },
        text,
      ],
      routes: { log: ['out'] },
    });
  const out = (araldo: TestServer) => araldo.server.endpoint<MockEndpoint>('out');
  const came = (araldo: TestServer): string =>
    out(araldo)
      .sent.map(({ payload }) => `${String(payload)}\n`)
      .join('');
  /** How far all is noted to be settled; -1 where nothing is noted yet. */
  const offset = (): number => {
    const state = at('in.log.log.offset');
    return existsSync(state) ? JSON.parse(readFileSync(state, 'utf8')).offset : -1;
  };

  test('that comes late and grows, whole lines alone', async () => {
    await using araldo = await start();
    await until('it is open', () => araldo.server.endpoint('log').state === 'open');
    writeFileSync(at('in.log'), 'one\ntw');
    await until('one is here', () => came(araldo) === 'one\n');
    appendFileSync(at('in.log'), 'o\n\nthree\n');
    await until('all are here', () => came(araldo) === 'one\ntwo\nthree\n');
    expect(out(araldo).sent[1]?.id).toBe('log/in.log.1:8');
    await until('it is noted', () => offset() === 15);
  });

  test('from where it was left, and from its end where that is wanted', async () => {
    writeFileSync(at('in.log'), lines(0, 500));
    {
      await using araldo = await start({ from: 'end' });
      await until('it knows where', () => existsSync(at('in.log.log.offset')));
      appendFileSync(at('in.log'), lines(500, 600));
      await until('all are here', () => came(araldo) === lines(500, 600));
      await until('all is noted', () => offset() === statSync(at('in.log')).size);
    }
    appendFileSync(at('in.log'), lines(600, 700));
    await using araldo = await start({ from: 'end' });
    await until('the rest is here', () => came(araldo) === lines(600, 700));
  });

  test('again from the oldest line that was not settled', async () => {
    writeFileSync(at('in.log'), lines(0, 100));
    {
      await using araldo = await start();
      araldo.server.endpoint<MockEndpoint>('out').stall();
      await until('all are under way', () => araldo.server.endpoint('log').inbound.inFlight === 100);
      await until('it is noted where it began', () => offset() === 0);
    }
    await using araldo = await start();
    await until('all are here', () => came(araldo) === lines(0, 100));
    expect(out(araldo).sent[99]?.id).toBe('log/in.log.1:290');
  });

  test('through rotations by rename, while it runs and while it does not', async () => {
    writeFileSync(at('in.log'), lines(0, 100));
    {
      await using araldo = await start();
      await until('the first are here', () => came(araldo) === lines(0, 100));
      renameSync(at('in.log'), at('in.log.1'));
      appendFileSync(at('in.log.1'), lines(100, 150));
      writeFileSync(at('in.log'), lines(150, 200));
      await until('the next are here', () => came(araldo) === lines(0, 200));
      await until('it is noted', () => offset() === 200);
    }
    appendFileSync(at('in.log'), lines(200, 210));
    renameSync(at('in.log.1'), at('in.log.3'));
    renameSync(at('in.log'), at('in.log.2'));
    await new Promise((resolve) => setTimeout(resolve, 15));
    writeFileSync(at('in.log.1'), lines(210, 220));
    await new Promise((resolve) => setTimeout(resolve, 15));
    writeFileSync(at('in.log'), lines(220, 230));
    await using araldo = await start();
    await until('all are here', () => came(araldo) === lines(200, 230));
  });

  test('that is copied and cut off', async () => {
    writeFileSync(at('in.log'), lines(0, 100));
    await using araldo = await start();
    await until('the first are here', () => came(araldo) === lines(0, 100));
    copyFileSync(at('in.log'), at('in.log.1'));
    truncateSync(at('in.log'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    appendFileSync(at('in.log'), lines(100, 120));
    await until('the next are here', () => came(araldo) === lines(0, 120));
    expect(new Set(out(araldo).sent.map(({ id }) => id)).size).toBe(120);
  });

  test('and says what is wrong with one that it cannot', async () => {
    writeFileSync(at('bad.offset'), '{}');
    await using araldo = await serve({
      plugins: [
        { name: 'folder', id: 'endpoint-file', path: folder },
        { name: 'nowhere', id: 'endpoint-file', path: at('none/in.log') },
        { name: 'state', id: 'endpoint-file', path: at('in.log'), state: at('bad.offset') },
        { name: 'out', id: 'endpoint-mock' },
        text,
      ],
      routes: { folder: ['out'], nowhere: ['out'], state: ['out'] },
    });
    const saysSoon = async (name: string, what: RegExp) => {
      const endpoint = araldo.server.endpoint(name);
      await until(`${name} says why`, () => endpoint.lastError !== undefined);
      expect(endpoint.lastError?.message).toMatch(what);
    };
    await saysSoon('folder', /could not follow .* it is not a file/);
    await saysSoon('nowhere', /could not follow .*ENOENT/);
    await saysSoon('state', /expected how far a file was read in .*bad\.offset/);
  });
});

describe('endpoint-file appends to a file', () => {
  const start = (options: object = {}) =>
    serve({
      plugins: [
        { name: 'in', id: 'endpoint-mock' },
        { name: 'log', id: 'endpoint-file', path: at('logs/out.log'), ...options },
        { name: 'dead', id: 'endpoint-mock', marshal: 'none' },
        text,
      ],
      routes: { in: { to: ['log'], 'on-error': { 'dead-letter': 'dead' } } },
    });
  const emit = (araldo: TestServer, payload: string) =>
    araldo.server.endpoint<MockEndpoint>('in').emit(payload);
  const isConfirmed = (araldo: TestServer) => araldo.server.endpoint('log').outbound.held === 0;

  test('a line for each message, behind what is there, whole or cut off', async () => {
    {
      await using araldo = await start();
      for (let place = 0; place < 5_000; place += 1) emit(araldo, `${place}`);
      emit(araldo, 'two\nlines');
      await until(
        'all are confirmed',
        () => isConfirmed(araldo) && araldo.server.endpoint('log').state === 'open',
      );
      expect(readFileSync(at('logs/out.log'), 'utf8')).toBe(lines(0, 5_000));
      expect(araldo.server.endpoint<MockEndpoint>('dead').sent).toHaveLength(1);
    }
    appendFileSync(at('logs/out.log'), 'cut o');
    await using araldo = await start({ sync: 'none' });
    emit(araldo, 'next');
    await until('it is there', () => readFileSync(at('logs/out.log'), 'utf8').endsWith('cut o\nnext\n'));
  });

  test('and begins a new one in time, keeping so many', async () => {
    await using araldo = await start({ rotate: { size: 20, keep: 2 } });
    await until('it is open', () => araldo.server.endpoint('log').state === 'open');
    for (const payload of [
      'aaaaaaaaa',
      'bbbbbbbbb',
      'ccccccccc',
      'ddddddddd',
      'eeeeeeeee',
      'fffffffff',
      'ggggggggg',
    ]) {
      emit(araldo, payload);
      await until('it is confirmed', () => isConfirmed(araldo));
    }
    expect(readdirSync(at('logs')).toSorted()).toEqual(['out.log', 'out.log.1', 'out.log.2']);
    const shell = execFileSync('sh', [
      '-c',
      `cat ${at('logs/out.log.2')} ${at('logs/out.log.1')} ${at('logs/out.log')}`,
    ]);
    expect(shell.toString()).toBe('ccccccccc\nddddddddd\neeeeeeeee\nfffffffff\nggggggggg\n');
  });

  test.each([
    ['renamed', () => renameSync(at('logs/out.log'), at('logs/out.log.1')), ['one', 'two']],
    ['deleted', () => rmSync(at('logs/out.log')), ['two']],
    ['deleted with its folder', () => rmSync(at('logs'), { recursive: true }), ['two']],
    [
      'replaced',
      () => {
        writeFileSync(at('other'), 'other\n');
        renameSync(at('other'), at('logs/out.log'));
      },
      ['other', 'two'],
    ],
  ])('and begins a new one when its own is %s by another program', async (_how, rotate, left) => {
    await using araldo = await start({ poll: '10ms' });
    emit(araldo, 'one');
    await until('it is confirmed', () => isConfirmed(araldo) && existsSync(at('logs/out.log')));
    await new Promise((resolve) => setTimeout(resolve, 20));
    rotate();
    emit(araldo, 'two');
    await until('it is confirmed', () => isConfirmed(araldo));
    const shell = execFileSync('sh', ['-c', `cat $(ls -r ${at('logs')}/*)`]);
    expect(shell.toString().trim().split('\n')).toEqual(left);
    expect(readFileSync(at('logs/out.log'), 'utf8')).toMatch(/^(other\n)?two\n$/);
  });

  test('and confirms nothing that is in a file which was deleted meanwhile', async () => {
    await using araldo = await start({ poll: '1h' });
    emit(araldo, 'one');
    await until('it is there', () => isConfirmed(araldo) && existsSync(at('logs/out.log')));
    rmSync(at('logs/out.log'));
    emit(araldo, 'two');
    await until('it is confirmed', () => isConfirmed(araldo));
    expect(readFileSync(at('logs/out.log'), 'utf8')).toBe('two\n');
  });

  test('what code writes to one that routes only read', async () => {
    writeFileSync(at('both.log'), 'one\n');
    await using araldo = await serve({
      plugins: [
        { name: 'log', id: 'endpoint-file', path: at('both.log'), poll: '10ms' },
        { name: 'out', id: 'endpoint-mock' },
        text,
      ],
      routes: { log: ['out'] },
    });
    const read = (): number => araldo.server.endpoint<MockEndpoint>('out').sent.length;
    await until('it reads', () => read() === 1);
    araldo.server.endpoint('log').next(Message.of('two'));
    await until('it reads that as well', () => read() === 2);
    expect(readFileSync(at('both.log'), 'utf8')).toBe('one\ntwo\n');
  });

  test('and by its age', async () => {
    await using araldo = await start({ rotate: { every: '30ms' } });
    await until('it is open', () => araldo.server.endpoint('log').state === 'open');
    emit(araldo, 'old');
    await until('it is confirmed', () => isConfirmed(araldo));
    await new Promise((resolve) => setTimeout(resolve, 40));
    emit(araldo, 'new');
    await until('it is confirmed', () => isConfirmed(araldo));
    expect(readFileSync(at('logs/out.log.1'), 'utf8')).toBe('old\n');
    expect(readFileSync(at('logs/out.log'), 'utf8')).toBe('new\n');
  });

  test('and goes on after a disk that is full', async () => {
    await using araldo = await start({ path: '/dev/full', sync: 'none' });
    emit(araldo, 'x');
    await until('it says so', () => araldo.server.endpoint('log').lastError?.message.includes('ENOSPC'));
    expect(isConfirmed(araldo)).toBe(false);
  });
});

describe('endpoint-file', () => {
  const under = {
    async start() {
      const own = mkdtempSync(join(tmpdir(), 'araldo-file-'));
      const file = join(own, 'lines');
      const options = { path: file, poll: '10ms' };
      return {
        plugin,
        isText: true,
        source: () => options,
        sink: () => options,
        loop: () => options,
        async put(messages: readonly { payload: Uint8Array }[]) {
          for (const { payload } of messages)
            appendFileSync(file, Buffer.concat([payload, Buffer.from('\n')]));
        },
        async taken() {
          const all = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
          return all.map((line) => ({ payload: Buffer.from(line) }));
        },
        end: () => rmSync(own, { recursive: true, force: true }),
      };
    },
  };
  playBattery('endpoint-file', under);
});
