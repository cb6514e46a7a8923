import { describe, expect, it } from 'vitest';
import { Message } from '../../src/core/message.ts';
import { BATCH, PendingMessages } from '../../src/core/spill-pending.ts';

/** What is on its way to disk, by the sizes of its rows. */
function pendingOf(sizes: readonly number[]): PendingMessages {
  const pending = new PendingMessages();
  for (const size of sizes) {
    const row = { bytes: new Uint8Array(), isText: true, marshaller: undefined, meta: '{}', size };
    pending.add(Message.of('x'), row);
  }
  return pending;
}

describe('what is on its way to disk', () => {
  it.each([
    ['all that there is', [3, 3], 2],
    ['nothing of nothing', [], 0],
    ['as many messages as one transaction may have', new Array(BATCH.messages + 1).fill(1), BATCH.messages],
    ['as many bytes as one transaction may have', [BATCH.bytes - 1, 1, 1], 2],
    ['no more bytes than that', [BATCH.bytes, 1], 1],
    ['one message, however large', [BATCH.bytes + 1, 1], 1],
  ])('goes there by transactions: %s', (_what, sizes, count) => {
    const pending = pendingOf(sizes);
    const batch = pending.batch();
    expect(batch).toHaveLength(count);
    expect(batch).toEqual([...pending].slice(0, count));
    expect(pending.length).toBe(sizes.length);
  });

  it('counts its bytes until it is taken, the oldest first', () => {
    const pending = pendingOf([5, 7]);
    expect(pending.bytes).toBe(12);
    expect(pending.take()?.row.size).toBe(5);
    expect([pending.length, pending.bytes]).toEqual([1, 7]);
    pending.take();
    expect(pending.take()).toBeUndefined();
    expect([pending.length, pending.bytes]).toEqual([0, 0]);
  });
});
