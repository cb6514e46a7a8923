import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildBatch, runBytes } from '../../../plugins/endpoint-websocket/batch.ts';
import { PeerBuffer } from '../../../plugins/endpoint-websocket/peer-buffer.ts';
import { Wire } from '../../../src/core/wire.ts';
import { runs } from '../../runs.ts';
import { payloadsOf } from './fake-socket.ts';

interface Item {
  readonly text: string;
  readonly key: number;
}

const batches = fc.array(
  fc.array(fc.record({ text: fc.string({ maxLength: 20 }), key: fc.nat(3) }), { minLength: 1, maxLength: 6 }),
  { maxLength: 8 },
);

function filled(source: Item[][]): { buffer: PeerBuffer; items: Item[] } {
  const buffer = new PeerBuffer();
  for (const items of source) {
    const batch = buildBatch(
      items.map(({ text }) => Wire.of(Buffer.from(text), true)),
      () => true,
      items.map(({ key }) => key),
    );
    buffer.add({ batch, from: 0, to: items.length });
  }
  return { buffer, items: source.flat() };
}

function contents(buffer: PeerBuffer): string[] {
  const found: string[] = [];
  for (let run = buffer.take(); run !== undefined; run = buffer.take()) {
    found.push(...payloadsOf(runBytes(run)).map(({ payload }) => payload.toString()));
  }
  expect(buffer.bytes).toBe(0);
  return found;
}

const sizeOf = ({ text }: Item): number => Buffer.byteLength(text) + 2;

/** The most items from the given end that fit. */
function fitting(items: readonly Item[], bytes: number): number {
  let size = 0;
  let count = 0;
  for (const item of items) {
    size += sizeOf(item);
    if (size > bytes) break;
    count += 1;
  }
  return count;
}

test('peer buffer › drop-oldest keeps the newest messages that fit, one at least, whole and in order', () => {
  fc.assert(
    fc.property(batches, fc.nat(200), (source, bytes) => {
      const { buffer, items } = filled(source);
      const kept = Math.max(Math.min(1, items.length), fitting(items.toReversed(), bytes));
      expect(buffer.dropOldest(bytes)).toBe(items.length - kept);
      if (kept > 1) expect(buffer.bytes).toBeLessThanOrEqual(bytes);
      expect(contents(buffer)).toEqual(items.slice(items.length - kept).map(({ text }) => text));
    }),
    runs({ quick: 0.5 }),
  );
});

test('peer buffer › drop-newest keeps the oldest messages that fit, whole and in order', () => {
  fc.assert(
    fc.property(batches, fc.nat(200), (source, bytes) => {
      const { buffer, items } = filled(source);
      const kept = fitting(items, bytes);
      expect(buffer.dropNewest(bytes)).toBe(items.length - kept);
      expect(buffer.bytes).toBeLessThanOrEqual(bytes);
      expect(contents(buffer)).toEqual(items.slice(0, kept).map(({ text }) => text));
    }),
    runs({ quick: 0.5 }),
  );
});

test('peer buffer › latest keeps the newest message of each key where its oldest stood', () => {
  fc.assert(
    fc.property(batches, (source) => {
      const { buffer, items } = filled(source);
      const model = new Map<number, string>();
      for (const { key, text } of items) model.set(key, text);
      expect(buffer.keepLatest()).toBe(items.length - model.size);
      expect(contents(buffer)).toEqual([...model.values()]);
    }),
    runs({ quick: 0.5 }),
  );
});
