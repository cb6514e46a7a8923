import { filter, Subject, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { batch } from '../../operators/batch.ts';
import { buffer } from '../../operators/buffer.ts';
import { FanOut } from '../../src/core/fan-out.ts';
import { FirstAck } from '../../src/core/first-ack.ts';
import { follow } from '../../src/core/follow.ts';
import { Leg } from '../../src/core/leg.ts';
import { Message, type Origin, type RoutePort } from '../../src/core/message.ts';
import type { MessageOperator } from '../../src/core/operator.ts';
import { Sink } from '../../src/core/sink.ts';
import { Source } from '../../src/core/source.ts';
import { rxStep } from '../../src/core/step-rx.ts';
import { pass } from '../virtual-time.ts';
import { sourceOptions } from './source-options.ts';

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

  it.each([
    ['no', 'told', ['discarded: filtered', 'ack']],
    ['no no', 'told', ['discarded: filtered', 'ack']],
    ['yes no', 'not told', ['ack']],
    ['no yes', 'not told', ['ack']],
    ['no yes no', 'not told', ['ack']],
    ['no no no', 'told', ['discarded: filtered', 'ack']],
  ])('where its sinks want it: %s, it is %s', (wanted, _told, expected) => {
    const { told, claimed } = noting();
    const sink = new Sink('sink', new VirtualTimeScheduler(), { isWritable: () => true, write: () => true });
    sink.opened();
    const capacity = { messages: 8, bytes: 1 << 20 };
    const branches = wanted.split(' ').map((one, place) => ({
      leg: new Leg(sink, { name: `leg ${place}`, overflow: 'pause', capacity }),
      when: () => one === 'yes',
    }));
    new FanOut(branches).offer(claimed('a'));
    expect(told).toEqual(expected.map((text) => `a ${text}`));
  });

  it('by its source, unless its lane was taken away', () => {
    const told: string[] = [];
    const emitted: Message[] = [];
    const source = new Source(
      sourceOptions(),
      { explained: ({ payload }, end, reason) => told.push(`${String(payload)} ${end}: ${reason}`) },
      (root) => emitted.push(root.claim(route)),
    );
    const [stays, goes] = [source.lane({ name: 'stays' }), source.lane({ name: 'goes' })];
    stays.receive('a');
    goes.receive('b');
    goes.revoke();
    for (const message of emitted) message.discard('filtered');
    expect(told).toEqual(['a discarded: filtered']);
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
