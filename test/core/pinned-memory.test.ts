// A byte bound holds for memory, not only for what was counted: transports hand over slices of large pieces.

import { expect, test } from 'vitest';
import { Backlog } from '../../src/core/backlog.ts';
import { Message, nowhere } from '../../src/core/message.ts';
import { Wire } from '../../src/core/wire.ts';

function sliceOf(piece: Buffer, from: number, to: number): Message {
  return Message.rootOfBytes(Wire.of(piece.subarray(from, to)), {}, nowhere, 0);
}

function kept(message: Message): Uint8Array {
  const backlog = new Backlog({
    overflow: 'drop-oldest',
    capacity: { messages: 10, bytes: 1_000_000 },
    onDrop: () => undefined,
  });
  backlog.add(message);
  return backlog.take()?.payload as Uint8Array;
}

test('backlog › keeps a small slice of a large piece of memory as a copy of its own', () => {
  const piece = Buffer.alloc(65_536, 7);
  const payload = kept(sliceOf(piece, 100, 200));
  expect(payload).toEqual(piece.subarray(100, 200));
  expect(payload.buffer.byteLength).toBe(100);
});

test('backlog › keeps what is most of its memory as it is', () => {
  const piece = Buffer.alloc(65_536, 7);
  expect(kept(sliceOf(piece, 0, 60_000)).buffer).toBe(piece.buffer);
});

test('backlog › a payload that was looked at already pins nothing either', () => {
  const message = sliceOf(Buffer.alloc(65_536, 7), 100, 200);
  expect(message.payload).toHaveLength(100);
  expect(kept(message).buffer.byteLength).toBe(100);
});
