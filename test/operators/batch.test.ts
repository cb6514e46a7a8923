import { Subject, take } from 'rxjs';
import { describe, expect, it, test } from 'vitest';
import { type BatchOptions, batch, batchStep } from '../../operators/batch.ts';
import type { Message } from '../../src/core/message.ts';
import { operatorLaws } from '../../src/testing/operator-laws.ts';
import { runs } from '../runs.ts';
import { walkCases } from './cases.ts';
import { createLedger } from './ledger.ts';
import { poisonedKey } from './poisoned.ts';
import { parsed, startStep, timed } from './timed.ts';

walkCases('batch', {
  passing: () => batch({ count: 1 }),
  message: (ledger, payload) => ledger.claimed(payload),
  seen: ({ payload }) => (payload as readonly unknown[])[0],
});

const byKey = ({ meta }: Message): unknown => meta.key;
for (const law of [
  ...operatorLaws('batch', {
    create: (scheduler) => batch({ count: 4, ms: 20, bytes: 200, scheduler }),
    holds: 3,
  }),
  ...operatorLaws('batch by key', {
    create: (scheduler) => batch({ count: 3, ms: 20, key: byKey, maxKeys: 2, scheduler }),
    order: 'key',
    holds: 4,
    poison: {
      payload: 'poison',
      create: (scheduler) => batch({ count: 3, ms: 20, key: poisonedKey, scheduler }),
    },
  }),
]) {
  test(law.name, () => law.check(runs({ share: 0.05, quick: 0.6 })));
}

function start(options: BatchOptions = {}) {
  return timed((scheduler) => batch({ ...options, scheduler }));
}

describe('batch', () => {
  it('leaves when it has as many messages as it may', () => {
    const { send, left } = start({ count: 3 });
    send(1, 2, 3, 4);
    expect(left).toEqual(['[1,2,3]@0']);
  });

  it('leaves before it would have more bytes than it may', () => {
    const { send, left } = start({ bytes: 8 });
    send('ab', 'c', 'de');
    expect(left).toEqual(['["ab","c"]@0']);
  });

  it('leaves at once when it has as many bytes as it may', () => {
    const { send, left } = start({ bytes: 8 });
    send('ab', 'cd');
    expect(left).toEqual(['["ab","cd"]@0']);
  });

  it('is one message where that alone is larger than a batch may be', () => {
    const { send, left } = start({ bytes: 8 });
    send('a', 'bcdefghijk', 'l');
    expect(left).toEqual(['["a"]@0', '["bcdefghijk"]@0']);
  });

  it('leaves when its first message has waited as long as it may', () => {
    const { send, wait, left } = start({ ms: 100 });
    send(1);
    wait(60);
    send(2);
    wait(60);
    send(3);
    wait(100);
    expect(left).toEqual(['[1,2]@100', '[3]@220']);
  });

  it('leaves after a second, with 1,000 messages or 1 MiB, unless told otherwise', () => {
    const { send, wait, left } = start();
    for (let place = 0; place < 1_001; place += 1) send(place);
    expect(left).toHaveLength(1);
    wait(999);
    expect(left).toHaveLength(1);
    wait(1);
    expect(left).toHaveLength(2);
    send('x'.repeat(256 * 1024), 'x'.repeat(256 * 1024 - 1));
    expect(left).toHaveLength(2);
    send('xx');
    expect(left).toHaveLength(3);
  });

  it('takes what comes in one turn, with no time to wait', () => {
    const { send, wait, left } = start({ ms: 0 });
    send(1, 2);
    expect(left).toEqual([]);
    wait(0);
    expect(left).toEqual(['[1,2]@0']);
  });

  it('has a batch for each key, with that key in its meta', () => {
    const { send, wait, left, passed } = start({ ms: 100, key: ({ payload }) => (payload as string)[0] });
    send('a1', 'b1', 'a2');
    wait(100);
    expect(left).toEqual(['["a1","a2"]@100', '["b1"]@100']);
    expect(passed.map(({ meta }) => meta.key)).toEqual(['a', 'b']);
  });

  it('lets the oldest leave when more keys are open than may be', () => {
    const { send, left } = start({ maxKeys: 2, key: ({ payload }) => payload });
    send('a', 'b', 'a', 'c');
    expect(left).toEqual(['["a","a"]@0']);
  });

  it('groups keys that are lists by what they hold', () => {
    const { send, left } = start({ count: 2, key: ({ payload }) => [payload] });
    send('a', 'b', 'a');
    expect(left).toEqual(['["a","a"]@0']);
  });

  it('fails a message of which the key cannot be remembered', () => {
    const { send, ledger } = start({ key: ({ payload }) => payload });
    send('k'.repeat(1_024), 'k'.repeat(1_025));
    expect(ledger.failed.map(({ message }) => message)).toEqual([
      'step batch: expected a key of at most 1024 characters, found 1025',
    ]);
    expect(ledger.failed[0]?.code).toBe('step-failed');
    expect(ledger.statuses).toEqual(['open', 'reject']);
  });

  it.each(['ack', 'nack', 'reject'] as const)('settles every part as it is settled itself: %s', (status) => {
    const { send, passed, ledger } = start({ count: 3 });
    send(1, 2, 3);
    expect(ledger.statuses).toEqual(['open', 'open', 'open']);
    passed[0]?.settle(status);
    expect(ledger.statuses).toEqual([status, status, status]);
  });

  it('has the meta that all its parts have in common, and the most hops and deliveries', () => {
    const { sendWith, passed } = start({ count: 2 });
    sendWith({ id: 'x/1', peer: 'p1', lane: 'l', hops: 1 }, 1);
    sendWith({ id: 'x/2', peer: 'p2', lane: 'l', hops: 3, deliveries: 2 }, 2);
    expect(passed[0]?.meta).toEqual({ id: 'x/1..x/2', lane: 'l', hops: 3, deliveries: 2 });
  });

  it('keeps the id and meta of a message that is alone in it', () => {
    const { sendWith, passed } = start({ count: 1 });
    sendWith({ id: 'x/1', peer: 'p1' }, 1);
    expect(passed[0]?.meta).toEqual({ id: 'x/1', peer: 'p1' });
  });

  it('holds the sources of all its parts for what follows', () => {
    const { send, passed, ledger } = start({ count: 2 });
    send(1, 2);
    const holder = { name: 'archive' };
    passed[0]?.origin.valve.hold(holder);
    expect([...ledger.holders]).toEqual([holder]);
    passed[0]?.origin.valve.release(holder);
    expect(ledger.holders.size).toBe(0);
  });

  it('leaves as it is when its source completes', () => {
    const started = start({ key: ({ payload }) => payload });
    started.send(1, 2);
    started.complete();
    expect(started.left).toEqual(['[1]@0', '[2]@0']);
    expect(started.hasCompleted).toBe(true);
  });

  it('leaves whenever it is told to', () => {
    const flushOn = new Subject<void>();
    const { send, left } = start({ flushOn });
    flushOn.next();
    send(1, 2);
    flushOn.next();
    expect(left).toEqual(['[1,2]@0']);
  });

  it('that is opened while others leave on demand waits for its own time', () => {
    const source = new Subject<Message>();
    const flushOn = new Subject<void>();
    const ledger = createLedger();
    const left: unknown[] = [];
    source.pipe(batch({ flushOn, key: ({ payload }) => payload })).subscribe(({ payload }) => {
      left.push(payload);
      if (left.length < 3) source.next(ledger.claimed(`after ${left.length}`));
    });
    source.next(ledger.claimed('a'));
    source.next(ledger.claimed('b'));
    flushOn.next();
    expect(left).toEqual([['a'], ['b']]);
  });

  it('goes back to its source when what follows leaves while batches make room', () => {
    const ledger = createLedger();
    const source = new Subject<Message>();
    const left: unknown[] = [];
    source
      .pipe(batch({ key: ({ payload }) => payload, maxKeys: 2 }), take(1))
      .subscribe(({ payload }) => left.push(payload));
    for (const payload of ['a', 'b', 'c']) source.next(ledger.claimed(payload));
    expect(left).toEqual([['a']]);
    expect(ledger.statuses).toEqual(['open', 'nack', 'nack']);
    expect(ledger.discarded).toEqual(['step-ended', 'step-ended']);
  });

  it('goes back to its source when what follows leaves while all batches leave', () => {
    const ledger = createLedger();
    const source = new Subject<Message>();
    source.pipe(batch({ key: ({ payload }) => payload }), take(1)).subscribe();
    for (const payload of ['a', 'b', 'c']) source.next(ledger.claimed(payload));
    source.complete();
    expect(ledger.statuses).toEqual(['open', 'nack', 'nack']);
  });

  it('leaves no timer behind', () => {
    const { send, leave, scheduler } = start({ ms: 100 });
    send(1);
    leave();
    expect(scheduler.actions).toEqual([]);
  });
});

describe('the step batch', () => {
  it('does what each of its options says', () => {
    const options = { count: 2, bytes: '1KiB', every: '100ms', key: 'payload.k', 'max-keys': 2 };
    const { send, wait, left } = startStep(batchStep, options);
    const [a, b, c] = ['a', 'b', 'c'].map((k) => ({ k }));
    const shown = (...payloads: unknown[]): string => JSON.stringify(payloads);
    send(a, b, a);
    expect(left).toEqual([`${shown(a, a)}@0`]);
    send(c, a);
    expect(left.slice(1)).toEqual([`${shown(b)}@0`]);
    wait(100);
    expect(left.slice(2)).toEqual([`${shown(c)}@100`, `${shown(a)}@100`]);
    send({ k: 'a', text: 'x'.repeat(1_024) });
    expect(left).toHaveLength(5);
  });

  it('lets what it has leave when its route is drained', () => {
    const flushOn = new Subject<void>();
    const { send, left } = startStep(batchStep, 10, flushOn);
    send(1);
    flushOn.next();
    expect(left).toEqual(['[1]@0']);
  });

  it('keeps the order of all, or of each key where it has one', () => {
    expect(batchStep.order?.({ count: 2 })).toBe('all');
    expect(batchStep.order?.({ key: byKey })).toBe('key');
  });

  it.each([
    [100, { count: 100 }],
    [
      { bytes: '64KiB', every: '200ms' },
      { bytes: 65_536, every: 200 },
    ],
    [0, 'expected a number of messages such as 100, or a map of options, found 0'],
    [{ every: 'soon' }, 'expected a duration such as 250ms, found "soon"'],
    ['ten', 'expected a number of messages such as 100, or a map of options, found "ten"'],
  ])('reads %j', (options, wanted) => {
    expect(parsed(batchStep, options)).toEqual(wanted);
  });

  it('says how many messages it waits for', () => {
    expect(batchStep.gathers?.({ count: 100 })).toBe(100);
    expect(batchStep.gathers?.({ every: 100 })).toBe(1);
  });
});
