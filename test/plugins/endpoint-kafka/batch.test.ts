import * as library from '@platformatic/kafka';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { markAborted } from '../../../plugins/endpoint-kafka/aborted.ts';
import {
  type Batch,
  MOST_BESIDE,
  type ReadRecord,
  readBatches,
} from '../../../plugins/endpoint-kafka/batch.ts';
import { runs } from '../../runs.ts';

const MOST = 16 * 1024 * 1024;

const record = fc.record({
  key: fc.option(fc.uint8Array({ maxLength: 20 })),
  value: fc.option(fc.uint8Array({ maxLength: 300 })),
  headers: fc.array(fc.tuple(fc.string({ maxLength: 8 }), fc.uint8Array({ maxLength: 8 })), { maxLength: 3 }),
  // The client library writes others wrong that are further from the first one of a batch.
  timestamp: fc.bigInt({ min: 0n, max: (1n << 31n) - 1n }),
});

type Given = Omit<typeof record extends fc.Arbitrary<infer T> ? T : never, 'timestamp'> & {
  timestamp: bigint;
};

/** As the client library writes it. */
function batchOf(records: readonly Given[], options: object = {}, firstOffset = 0): Buffer {
  const messages = records.map(({ key, value, headers, timestamp }) => ({
    key: key === null ? undefined : Buffer.from(key),
    value: value === null ? undefined : Buffer.from(value),
    headers: new Map(headers.map(([name, bytes]) => [Buffer.from(name), Buffer.from(bytes)])),
    timestamp,
    topic: 't',
    partition: 0,
  }));
  const bytes = Buffer.from(library.createRecordsBatch(messages as never, options).buffer);
  bytes.writeBigInt64BE(BigInt(firstOffset), 0);
  return bytes;
}

function all(batch: Batch): ReadRecord[] {
  const records = batch.open(library, MOST);
  const found: ReadRecord[] = [];
  for (let one = records?.next(); one !== undefined; one = records?.next()) found.push(one);
  return found;
}

it('batch › has the records that the client library wrote, compressed or not, and leaves out one that is cut off', () => {
  const compressions = fc.constantFrom('none', 'gzip', 'snappy', 'lz4', 'zstd');
  fc.assert(
    fc.property(
      fc.array(record, { minLength: 1, maxLength: 8 }),
      compressions,
      fc.nat(60),
      (given, compression, cut) => {
        const [first, second] = [batchOf(given, { compression }, 70), batchOf(given, { compression }, 90)];
        const bytes = Buffer.concat([first, second.subarray(0, second.length - 1 - (cut % second.length))]);
        const batches = readBatches(bytes);
        expect(batches.map(({ firstOffset, lastOffset, count }) => [firstOffset, lastOffset, count])).toEqual(
          [[70, 69 + given.length, given.length]],
        );
        expect(
          all(batches[0] as Batch).map(({ key, value, headers, ...rest }) => ({
            key: key === null ? null : [...key],
            value: value === null ? null : [...value],
            headers: headers.map(([name, bytes]) => [String(name), [...(bytes ?? [])]]),
            ...rest,
          })),
        ).toEqual(
          given.map(({ key, value, headers, timestamp }, place) => ({
            key: key === null ? null : [...key],
            value: value === null ? null : [...value],
            headers: headers.map(([name, bytes]) => [Buffer.from(name).toString(), [...bytes]]),
            offset: 70 + place,
            timestampMs: Number(timestamp),
            isTooLarge: false,
          })),
        );
      },
    ),
    runs({ share: 0.3 }),
  );
});

it('batch › is no more than an error where bytes are damaged', () => {
  const bytes = batchOf([{ key: null, value: Buffer.from('hello'), headers: [], timestamp: 1n }]);
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), (place, byte) => {
      const damaged = Buffer.from(bytes);
      damaged[place] = byte;
      try {
        for (const batch of readBatches(damaged)) all(batch);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(Error);
      }
    }),
    runs({ share: 0.5 }),
  );
  bytes[16] = 1;
  expect(() => readBatches(bytes)).toThrow('expected records of version 2');
});

it('batch › does not read a key or headers that are larger than any should be', () => {
  const value = Buffer.from('v');
  const at = (size: number): Given[] => [{ key: Buffer.alloc(size), value, headers: [], timestamp: 1n }];
  const headed = (size: number): Given[] => [
    { key: null, value, headers: [['h', Buffer.alloc(size)]], timestamp: 1n },
  ];
  const isTooLarge = (given: Given[]): boolean | undefined =>
    all(readBatches(batchOf(given))[0] as Batch)[0]?.isTooLarge;
  expect(isTooLarge(at(MOST_BESIDE))).toBe(false);
  expect(isTooLarge(at(MOST_BESIDE + 1))).toBe(true);
  expect(isTooLarge(headed(MOST_BESIDE - 100))).toBe(false);
  expect(isTooLarge(headed(MOST_BESIDE))).toBe(true);
});

it('markAborted › marks what a transaction wrote that was aborted, and nothing before, after or beside it', () => {
  const one = [{ key: null, value: Buffer.from('v'), headers: [], timestamp: 1n }];
  const data = (producerId: bigint, offset: number): Buffer =>
    batchOf(one, { producerId, producerEpoch: 0, transactionalId: 't' }, offset);
  const end = (producerId: bigint, offset: number, isCommit: boolean): Buffer => {
    const key = Buffer.from([0, 0, 0, isCommit ? 1 : 0]);
    const bytes = batchOf(
      [{ ...one[0]!, key }],
      { producerId, producerEpoch: 0, transactionalId: 't' },
      offset,
    );
    bytes.writeInt16BE(bytes.readInt16BE(21) | (1 << 5), 21);
    return bytes;
  };
  const batches = readBatches(
    Buffer.concat([
      data(1n, 0),
      data(2n, 1),
      end(1n, 2, false),
      data(1n, 3),
      end(1n, 4, true),
      data(1n, 5),
      end(1n, 6, false),
      end(2n, 7, true),
      // Its end is in a later answer.
      data(1n, 8),
      batchOf(one, { producerId: 1n, producerEpoch: 0 }, 9),
    ]),
  );
  const marked = markAborted(library, batches, [
    { producerId: 1n, firstOffset: 8 },
    { producerId: 1n, firstOffset: 0 },
    { producerId: 1n, firstOffset: 5 },
  ]);
  expect(marked.filter(({ isAborted }) => isAborted).map(({ firstOffset }) => firstOffset)).toEqual([
    0, 5, 8,
  ]);
});
