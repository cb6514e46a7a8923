import { describe, expect, it } from 'vitest';
import { createOutgoing } from '../../../plugins/endpoint-kafka/outgoing.ts';

const sender = {} as never;
const waiting = (ticket: number, size: number, timestamp = 0n) => ({
  ticket,
  sender,
  record: { key: undefined, value: null, headers: new Map(), timestamp, size },
});
const tickets = (batch: readonly { ticket: number }[]): number[] => batch.map(({ ticket }) => ticket);

describe('outgoing', () => {
  it('keeps what it gave out until it is dropped', () => {
    const queue = createOutgoing(0);
    for (let n = 0; n < 5; n += 1) queue.push(waiting(n, 10));
    expect(tickets(queue.next(35))).toEqual([0, 1, 2]);
    expect(tickets(queue.next(35))).toEqual([0, 1, 2]);
    queue.drop(3);
    expect(tickets(queue.next(1_000))).toEqual([3, 4]);
  });

  it('gives one message however large it is, and batches of what a broker takes', () => {
    const queue = createOutgoing(0);
    queue.push(waiting(0, 2_000_000));
    queue.push(waiting(1, 600_000));
    queue.push(waiting(2, 600_000));
    expect(tickets(queue.next(10_000_000))).toEqual([0]);
    queue.drop(1);
    expect(tickets(queue.next(10_000_000))).toEqual([1]);
  });

  it('gives what was refused together one by one, in order, and then batches again', () => {
    const queue = createOutgoing(0);
    for (let n = 0; n < 5; n += 1) queue.push(waiting(n, 10));
    queue.single(3);
    const given: number[][] = [];
    while (queue.length > 0) {
      const batch = queue.next(1_000);
      given.push(tickets(batch));
      queue.drop(batch.length);
    }
    expect(given).toEqual([[0], [1], [2], [3, 4]]);
  });

  it('ends a batch before a message whose time is further away than a batch can say', () => {
    const queue = createOutgoing(0);
    const far = 2n ** 31n;
    for (const [n, at] of [0n, far - 1n, far, 0n, 1n - far, 1n].entries()) queue.push(waiting(n, 10, at));
    const given: number[][] = [];
    while (queue.length > 0) {
      const batch = queue.next(1_000);
      given.push(tickets(batch));
      queue.drop(batch.length);
    }
    expect(given).toEqual([[0, 1], [2], [3, 4, 5]]);
  });
});
