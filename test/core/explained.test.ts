import { filter, Subject, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { batch } from '../../operators/batch.ts';
import { buffer } from '../../operators/buffer.ts';
import { FirstAck } from '../../src/core/first-ack.ts';
import { follow } from '../../src/core/follow.ts';
import { Message, type Origin, type RoutePort } from '../../src/core/message.ts';
import type { MessageOperator } from '../../src/core/operator.ts';
import { rxStep } from '../../src/core/step-rx.ts';
import { pass } from '../virtual-time.ts';

const route: RoutePort = {
  name: 'route',
  claimed: () => undefined,
  discarded: () => undefined,
  made: () => undefined,
  failed: (message) => message.nack(),
};

/** Messages of an origin that notes what it is told, in order. */
function noting() {
  const told: string[] = [];
  const origin: Origin = {
    address: 'noting',
    valve: { hold: () => undefined, release: () => undefined },
    explained: (root, end, reason) => told.push(`${String(root.payload)} ${end}: ${reason}`),
    settled: (root, status) => told.push(`${String(root.payload)} ${status}`),
  };
  const claimed = (payload: string): Message => {
    const root = Message.root(payload, {}, origin, 0);
    const message = root.claim(route);
    root.emitted();
    return message;
  };
  return { told, claimed };
}

describe('the origin of a message is told why it reached no sink', () => {
  it('before it is settled', () => {
    const { told, claimed } = noting();
    claimed('a').discard('filtered');
    const failing = claimed('b');
    failing.explain('failed', 'step-failed');
    failing.nack();
    claimed('c').ack();
    expect(told).toEqual(['a discarded: filtered', 'a ack', 'b failed: step-failed', 'b nack', 'c ack']);
  });

  const scheduler = new VirtualTimeScheduler();
  const ways: readonly (readonly [string, MessageOperator])[] = [
    ['a batch', batch({ count: 2, scheduler })],
    ['a buffer', buffer({ scheduler })],
    ['an rx step', rxStep('step', (source) => source.pipe(filter(() => true)), { isOpaque: false })],
    [
      'a batch in an rx step',
      rxStep(
        'step',
        (source) =>
          source.pipe(
            batch({ count: 2, scheduler }),
            filter(() => true),
          ),
        {
          isOpaque: false,
        },
      ),
    ],
  ];
  it.each(ways)('behind %s', (_what, operator) => {
    const { told, claimed } = noting();
    const source = new Subject<Message>();
    source.pipe(operator).subscribe((message) => message.discard('unwanted'));
    for (const payload of ['a', 'b']) source.next(claimed(payload));
    pass(scheduler, 10);
    for (const payload of ['a', 'b']) {
      const own = told.filter((line) => line.startsWith(payload));
      expect(own).toEqual([`${payload} discarded: unwanted`, `${payload} ack`]);
    }
  });

  it('behind what follows it', () => {
    const { told, claimed } = noting();
    follow(
      claimed('a'),
      (message, status) => message.settle(status),
      (fork) => fork.discard('late'),
    );
    expect(told).toEqual(['a discarded: late', 'a ack']);
  });

  it('by legs of which the first acks, until one does', () => {
    const { told, claimed } = noting();
    const message = claimed('a');
    const first = new FirstAck(message, 3);
    const [one, two, three] = [message.fork(first), message.fork(first), message.fork(first)];
    one.discard('filtered');
    first.confirmed();
    two.ack();
    three.discard('filtered');
    expect(told).toEqual(['a discarded: filtered', 'a ack']);
  });
});
