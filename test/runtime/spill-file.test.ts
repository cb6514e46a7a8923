import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { SpillStore, StoredMessage } from '../../src/core/spill-store.ts';
import { openSpillFile } from '../../src/runtime/spill-file.ts';
import { runs } from '../runs.ts';

const folder = mkdtempSync(join(tmpdir(), 'araldo-spill-'));
let files = 0;
let path = '';

beforeEach(() => {
  files += 1;
  path = join(folder, `${files}.db`);
});

afterAll(() => rmSync(folder, { recursive: true }));

const open = (route = 'orders', sink = 'archive'): SpillStore =>
  openSpillFile({ path, route, sink, reserve: 0 });
const all = { messages: 1_000, bytes: 1 << 30 };

function row(id: number, text = `message ${id}`): StoredMessage {
  const bytes = Buffer.from(text);
  return { id, size: bytes.byteLength + 2, bytes, isText: true, marshaller: 'json', meta: '{}' };
}

function fill(count: number): void {
  const store = open();
  for (let first = 1; first <= count; first += 500) {
    store.append(Array.from({ length: 500 }, (_, place) => row(first + place, 'x'.repeat(500))));
  }
  store.close();
}

function codeOf(work: () => unknown): unknown {
  try {
    work();
  } catch (thrown) {
    return (thrown as { code?: unknown }).code;
  }
  return undefined;
}

describe('a spill file', () => {
  it('gives back after it was closed what it was given, to the byte', () => {
    const rows: StoredMessage[] = [
      { ...row(1), bytes: Buffer.alloc(0), isText: undefined, marshaller: undefined },
      { ...row(2), bytes: randomBytes(100_000), isText: false, meta: '{"id":"ü\\u0000"}' },
      row(7),
    ];
    const store = open();
    expect(store.found).toEqual({ messages: 0, bytes: 0, lastId: 0 });
    store.append(rows);
    store.close();

    const again = open();
    expect(again.found).toEqual({ messages: 3, bytes: 2 * 11 + 11, lastId: 7 });
    expect(again.read(0, all)).toEqual(rows);
    expect(again.read(2, all)).toEqual([rows[2]]);
    again.close();
  });

  it('reads as many as fit, and one however large', () => {
    const store = open();
    store.append([row(1, 'x'.repeat(98)), row(2, 'x'.repeat(98)), row(3, 'x'.repeat(98))]);
    const read = (messages: number, bytes: number) => store.read(0, { messages, bytes }).map(({ id }) => id);
    expect([read(2, 1_000), read(9, 250), read(9, 200), read(9, 1)]).toEqual([[1, 2], [1, 2], [1, 2], [1]]);
    store.close();
  });

  it('keeps what an array keeps, over any number of restarts', () => {
    const action = fc.oneof(
      fc.record({ do: fc.constant('append' as const), count: fc.integer({ min: 1, max: 20 }) }),
      fc.record({ do: fc.constant('remove' as const), places: fc.array(fc.nat(30), { maxLength: 10 }) }),
      fc.record({
        do: fc.constant('oldest' as const),
        after: fc.nat(40),
        bytes: fc.integer({ min: 1, max: 99 }),
      }),
      fc.record({ do: fc.constant('reopen' as const) }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 12 }), (actions) => {
        files += 1;
        path = join(folder, `${files}.db`);
        let store = open();
        let kept: StoredMessage[] = [];
        let lastId = 0;
        for (const action of actions) {
          if (action.do === 'append') {
            const batch = Array.from({ length: action.count }, (_, place) => row(lastId + 1 + place));
            lastId += batch.length;
            store.append(batch);
            kept.push(...batch);
          } else if (action.do === 'remove') {
            const gone = new Set(action.places.flatMap((place) => kept[place] ?? []));
            store.remove([...gone]);
            kept = kept.filter((message) => !gone.has(message));
          } else if (action.do === 'oldest') {
            const removed = store.removeOldest(action.after, action.bytes);
            const gone: StoredMessage[] = [];
            for (const message of kept.filter(({ id }) => id > action.after)) {
              if (gone.reduce((sum, { size }) => sum + size, 0) < action.bytes) gone.push(message);
            }
            kept = kept.filter((message) => !gone.includes(message));
            const bytes = gone.reduce((sum, { size }) => sum + size, 0);
            expect(removed).toEqual({
              messages: gone.length,
              bytes,
              lastId: gone.at(-1)?.id ?? action.after,
            });
          } else {
            store.close();
            store = open();
            lastId = kept.at(-1)?.id ?? 0;
            const bytes = kept.reduce((sum, { size }) => sum + size, 0);
            expect(store.found).toEqual({ messages: kept.length, bytes, lastId });
          }
          expect(store.read(0, all)).toEqual(kept);
        }
        store.close();
        rmSync(path);
        rmSync(`${path}-reserve`, { force: true });
      }),
      // A file is opened and closed in each.
      runs({ share: 0.03 }),
    );
  });

  it('is used by one leg at a time', () => {
    const store = open();
    expect(codeOf(() => open())).toBe('spill-locked');
    store.close();
    open().close();
  });

  it('is used by one process at a time, and free again when that is killed', () => {
    const store = open();
    const sql = `new (require('node:sqlite').DatabaseSync)(${JSON.stringify(path)}).exec('SELECT * FROM leg')`;
    const other = () => spawnSync(process.execPath, ['-e', sql], { encoding: 'utf8' });
    expect(other().stderr).toContain('database is locked');
    store.close();
    expect(other().stderr).not.toContain('locked');
  });

  it('belongs to the leg that made it', () => {
    const store = open();
    store.append([row(1)]);
    store.close();
    expect(() => open('orders', 'other')).toThrow(
      `${path}: expected the messages of orders → other, found those of orders → archive; state another path, or let that leg send them first`,
    );
    expect(codeOf(() => open('other', 'archive'))).toBe('spill-mismatch');
    const own = open();
    own.close();
    expect(own.found.messages).toBe(1);
  });

  it('is no database of somebody else, which it leaves as it was', () => {
    const other = new DatabaseSync(path);
    other.exec('CREATE TABLE customers (name TEXT)');
    other.close();
    const before = readFileSync(path);
    expect(codeOf(() => open())).toBe('spill-corrupt');
    expect(readFileSync(path)).toEqual(before);
  });

  it.each([
    ['that is no database', () => writeFileSync(path, 'x'.repeat(10_000))],
    ['that was cut off', () => truncateSync(path, 300 * 1024)],
    [
      'with a page of zeros',
      () => {
        const bytes = readFileSync(path);
        writeFileSync(path, bytes.fill(0, 100 * 4096, 101 * 4096));
      },
    ],
  ])('%s is refused, and never made anew', (_, damage) => {
    fill(2_000);
    damage();
    const before = readFileSync(path);
    expect(codeOf(() => open())).toBe('spill-corrupt');
    expect(readFileSync(path)).toEqual(before);
  });

  it('gives the space back that it no longer needs when it is opened again', () => {
    fill(10_000);
    const size = (): number => readFileSync(path).byteLength;
    const before = size();
    const store = open();
    store.removeOldest(0, 1 << 30);
    store.close();
    open().close();
    expect(size()).toBeLessThan(before / 100);
  });

  it('says where it cannot lie', () => {
    path = join(folder, 'file');
    writeFileSync(path, '');
    path = join(path, 'below', 'a.db');
    expect(codeOf(() => open())).toBe('spill-failed');
  });
});

// A disk of its own takes the rights to make one.
const disk = join(folder, 'disk');
const mount = (...args: string[]): boolean => spawnSync(args[0] as string, args.slice(1)).status === 0;

function withDisk(mebibytes: number, work: () => void): void {
  spawnSync('mkdir', ['-p', disk]);
  mount('mount', '-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', disk);
  try {
    path = join(disk, 'a.db');
    work();
  } finally {
    mount('umount', disk);
  }
}

const canMount = ((): boolean => {
  spawnSync('mkdir', ['-p', disk]);
  return mount('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk) && mount('umount', disk);
})();

describe.skipIf(!canMount)('a spill file on a full disk', () => {
  const batch = (first: number): StoredMessage[] =>
    Array.from({ length: 100 }, (_, place) => row(first + place, 'x'.repeat(1_000)));

  it('has kept all that it took, takes no more, and goes on when there is room', () => {
    withDisk(20, () => {
      const store = openSpillFile({ path, route: 'orders', sink: 'archive' });
      const filler = join(disk, 'filler');
      store.append(batch(1));
      spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=64k']);
      let count = 100;
      const fillUp = (): void => {
        for (;;) {
          store.append(batch(count + 1));
          count += 100;
        }
      };
      expect(fillUp).toThrow(`${path}: the disk is full`);
      expect(store.read(0, { messages: 100_000, bytes: 1 << 30 })).toHaveLength(count);
      unlinkSync(filler);
      store.append(batch(count + 1));
      store.close();
      const again = open();
      again.close();
      expect(again.found.messages).toBe(count + 100);
    });
  });

  it('that it has filled alone makes room by what it removes', () => {
    withDisk(40, () => {
      const store = openSpillFile({ path, route: 'orders', sink: 'archive' });
      let count = 0;
      expect(() => {
        for (;;) {
          store.append(batch(count + 1));
          count += 100;
        }
      }).toThrow('the disk is full');
      expect(existsSync(`${path}-reserve`)).toBe(true);
      store.remove(batch(1));
      expect(existsSync(`${path}-reserve`)).toBe(false);
      store.append(batch(count + 1));
      store.close();
      const again = open();
      again.close();
      expect(again.found.messages).toBe(count);
    });
  });
});
