import { describe, expect, it } from 'vitest';
import { Message } from '../../src/core/message.ts';
import { metaOf, rowOf } from '../../src/core/spill-row.ts';
import type { StoredMessage } from '../../src/core/spill-store.ts';

describe('a row on disk', () => {
  it('has the bytes of a message and its meta with its id, and counts both', () => {
    const row = rowOf(Message.of('é', { id: 'order-7', key: 'k' }));
    expect(JSON.parse(row.meta)).toEqual({ id: 'order-7', key: 'k' });
    expect(row).toMatchObject({ bytes: Uint8Array.of(0xc3, 0xa9), isText: true });
    expect(row.size).toBeGreaterThanOrEqual(2 + row.meta.length);
    expect(rowOf(Message.of('éé', { id: 'order-7', key: 'k' })).size).toBe(row.size + 2);
    expect(rowOf(Message.of('é', { id: 'order-71', key: 'k' })).size).toBe(row.size + 1);
  });

  it.each(['', '{', 'null', '1', '"text"'])('names a message by its place whose meta is %j', (meta) => {
    const row: StoredMessage = {
      id: 7,
      size: 40,
      bytes: new Uint8Array(),
      isText: true,
      marshaller: undefined,
      meta,
    };
    expect(metaOf(row)).toEqual({ id: 'spill-7' });
  });
});
