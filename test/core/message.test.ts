import { map, type Observable, of, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { batch } from '../../operators/batch.ts';
import { buffer } from '../../operators/buffer.ts';
import { split } from '../../operators/split.ts';
import { Detached } from '../../src/core/detached.ts';
import { AraldoError } from '../../src/core/errors.ts';
import { FirstAck } from '../../src/core/first-ack.ts';
import { Message, type Origin, type RoutePort, type Status } from '../../src/core/message.ts';
import { rxStep } from '../../src/core/step-rx.ts';
import { createLedger } from '../operators/ledger.ts';

describe('message', () => {
  it('is acked by its source when nobody has claimed it', () => {
    const ledger = createLedger();
    const root = ledger.root('x');
    root.nack();
    root.retain(3);
    root.discard('by a stranger');
    root.fail(new AraldoError('step-failed', 'by a stranger'));
    expect(ledger.statuses).toEqual(['open']);
    root.emitted();
    expect(ledger.statuses).toEqual(['ack']);
    expect([ledger.discarded, ledger.failed]).toEqual([[], []]);
  });

  it('settles when the last of its obligations has ended, with the worst status', () => {
    const orders: [Status, Status, Status, Status][] = [
      ['ack', 'ack', 'ack', 'ack'],
      ['ack', 'nack', 'ack', 'nack'],
      ['nack', 'reject', 'nack', 'reject'],
      ['reject', 'ack', 'nack', 'reject'],
    ];
    for (const [first, second, third, worst] of orders) {
      const ledger = createLedger();
      const message = ledger.claimed('x');
      message.retain(2);
      message.settle(first);
      message.with('y').settle(second);
      expect(ledger.statuses).toEqual(['open']);
      message.withMeta({}).settle(third);
      expect(ledger.statuses).toEqual([worst]);
    }
  });

  it('is claimed by each route for itself', () => {
    const ledger = createLedger();
    const root = ledger.root('x');
    const [one, other] = [root.claim(ledger.route), root.claim(ledger.route)];
    root.emitted();
    one.ack();
    expect([ledger.statuses, other.obligations]).toEqual([['open'], 1]);
    other.nack();
    expect(ledger.statuses).toEqual(['nack']);
  });

  it('throws at who settles it more often than it has obligations, where no route listens', () => {
    const message = createLedger().claimed('x', { id: 'orders-7' });
    message.ack();
    for (const again of [() => message.ack(), () => message.retain(), () => message.with('y').nack()]) {
      expect(again).toThrow('message orders-7 was settled after its last obligation');
    }
  });

  it('tells its route of what settles it too often, and is settled once', () => {
    const ledger = createLedger();
    const told: AraldoError[] = [];
    const route: RoutePort = { ...ledger.route, overSettled: (_message, error) => told.push(error) };
    const root = ledger.root('x');
    const message = root.claim(route);
    message.ack();
    message.ack();
    expect(ledger.statuses).toEqual(['ack']);
    expect(root.emitted()).toBe(false);
    message.retain(2);
    message.nack();
    expect(told.map(({ code }) => code)).toEqual(['over-settled', 'over-settled']);
    expect([ledger.statuses, message.obligations]).toEqual([['ack'], 0]);
  });

  it('claimed after its source has settled it is one that nobody waits for', () => {
    const ledger = createLedger();
    const root = ledger.root('x');
    root.emitted();
    const late = root.claim(ledger.route);
    expect([late.payload, late.id]).toEqual(['x', 'ledger-0']);
    late.retain();
    late.nack();
    late.reject();
    expect(ledger.statuses).toEqual(['ack']);
  });

  it('counts what is discarded, given back or failed at its route, which settles a failure', () => {
    const ledger = createLedger();
    ledger.claimed('a').discard('filtered');
    ledger.claimed('b').giveBack('step-timeout');
    ledger.claimed('c').fail(new AraldoError('step-failed', 'no'));
    expect(ledger.discarded).toEqual(['filtered', 'step-timeout']);
    expect(ledger.statuses).toEqual(['ack', 'nack', 'reject']);
  });

  it('joins messages: what settles the batch settles each part once', () => {
    const ledger = createLedger();
    let made = 0;
    const route: RoutePort = { ...ledger.route, made: (count) => (made += count) };
    const parts = ['a', 'b', 'c'].map((payload) => {
      const root = ledger.root(payload, { key: payload });
      const claimed = root.claim(route);
      root.emitted();
      return claimed;
    });
    const batch = Message.join(parts, ['a', 'b', 'c']);
    expect([batch.meta.key, batch.route, made]).toEqual(['a', route, -2]);
    batch.retain();
    batch.ack();
    expect(ledger.statuses).toEqual(['open', 'open', 'open']);
    batch.nack();
    expect(ledger.statuses).toEqual(['nack', 'nack', 'nack']);
  });

  it('holds through a batch the sources of all its parts', () => {
    const [one, other] = [createLedger(), createLedger()];
    const holder = { name: 'test' };
    const batch = Message.join([one.claimed('a'), other.claimed('b')], 'ab');
    batch.origin.valve.hold(holder);
    expect([one.holders.size, other.holders.size]).toEqual([1, 1]);
    batch.origin.valve.release(holder);
    expect([one.holders.size, other.holders.size]).toEqual([0, 0]);
  });

  it('stands by a fork for itself', () => {
    const ledger = createLedger();
    const message = ledger.claimed('x', { id: 'x-1' });
    const seen: Status[] = [];
    const origin: Origin = {
      address: 'fork',
      valve: ledger.origin.valve,
      settled: (_root, status) => seen.push(status),
    };
    const fork = message.fork(origin);
    fork.retain();
    fork.ack();
    fork.reject();
    expect([seen, fork.id, ledger.statuses]).toEqual([['reject'], 'x-1', ['open']]);
  });

  it('has an id that outlives redelivery where its source gives one, and a unique one elsewhere', () => {
    const ledger = createLedger();
    const root = ledger.root('x');
    expect(root.id).toBe('ledger-0');
    expect(root.again({ id: root.id, deliveries: 2 }).id).toBe('ledger-0');
    expect(ledger.root('y').id).not.toBe(root.id);
  });

  it('reads its bytes when somebody looks, text as text, and forgets them when its payload changes', () => {
    const ledger = createLedger();
    const text = ledger.claimedBytes('grüezi');
    expect([text.size, text.payload]).toEqual([7, 'grüezi']);
    expect(text.withMeta({}).wire).toBe(text.wire);
    expect(text.with('x').wire).toBeUndefined();
    const bytes = new Uint8Array([1, 2]);
    expect(ledger.claimedBytes(bytes).payload).toBe(bytes);
  });

  it('made by code has nobody to tell', () => {
    const message = Message.of('x');
    message.retain();
    message.ack();
    message.nack();
    expect(message.obligations).toBe(0);
  });

  describe('knows how it came from its source', () => {
    const ledger = createLedger();
    const originalOf = (through: (source: Observable<Message>) => Observable<Message>) => {
      const root = ledger.root('x');
      const seen: Message[] = [];
      through(of(root.claim(ledger.route))).subscribe((message) => seen.push(message));
      return seen.map(({ original }) => (original === root ? 'root' : original));
    };
    const scheduler = new VirtualTimeScheduler();
    const change = map((message: Message): Message => message.with('y'));

    it.each<[string, unknown[], (source: Observable<Message>) => Observable<Message>]>([
      ['when steps change it', ['root'], change],
      ['in parts', ['root', 'root'], split({ into: () => ['a', 'b'] })],
      [
        'within a fence, and behind it',
        ['root'],
        (source) => source.pipe(rxStep('rx', change, { isOpaque: false })),
      ],
      ['in a buffer', ['root'], (source) => source.pipe(change, buffer({ scheduler }), change)],
      ['in a batch of one', ['root'], (source) => source.pipe(change, batch({ count: 1, ms: 1, scheduler }))],
      [
        'not out of an opaque step',
        [undefined],
        (source) => source.pipe(rxStep('rx', change, { isOpaque: true })),
      ],
      [
        'not out of a lossy buffer',
        [undefined],
        (source) => source.pipe(buffer({ scheduler, overflow: 'latest' })),
      ],
    ])('%s', (_, expected, through) => {
      expect(originalOf(through)).toEqual(expected);
    });

    it('not when it was joined of several', () => {
      const parts = ['a', 'b'].map((payload) => ledger.claimed(payload));
      expect(Message.join(parts, 'ab').original).toBeUndefined();
    });

    it('where only the first ack counts, and where nobody waits for it any more', () => {
      const message = ledger.claimed('x');
      const { root } = message;
      expect(message.with('y').fork(new FirstAck(message, 2)).original).toBe(root);
      expect(message.with('y').fork(new Detached(message)).original).toBe(root);
    });
  });
});
