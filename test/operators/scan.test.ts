import { of, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it, test } from 'vitest';
import { scan, scanStep } from '../../operators/scan.ts';
import { silentLog } from '../../src/core/log.ts';
import type { Message } from '../../src/core/message.ts';
import { stepOf } from '../../src/core/operator.ts';
import { operatorLaws } from '../../src/testing/operator-laws.ts';
import { runs } from '../runs.ts';
import { walkCases } from './cases.ts';
import { createLedger } from './ledger.ts';
import { parsed, timed } from './timed.ts';

walkCases('scan', {
  passing: () => scan<unknown>((_state, { payload }) => payload, { initial: '' }),
  message: (ledger, payload) => ledger.claimed(payload),
});

const byKey = ({ meta }: Message): unknown => meta.key;
const counting = (state: number, { payload }: Message): number => {
  if (payload === 'poison') throw new Error('poison');
  return state + 1;
};

for (const law of operatorLaws('scan', {
  create: () => scan(counting, { initial: 0, key: byKey, maxKeys: 3 }),
  poison: { payload: 'poison' },
})) {
  test(law.name, () => law.check(runs({ share: 0.1, quick: 0.5 })));
}

const sum = (state: number, { payload }: Message): number => state + (payload as number);

describe('scan', () => {
  it('forwards each state, as the payload of the message that made it', () => {
    const { sendWith, left, passed } = timed(() => scan(sum, { initial: 10 }));
    sendWith({ key: 'k' }, 1, 2, 3);
    expect(left).toEqual(['11@0', '13@0', '16@0']);
    expect(passed[0]?.meta).toEqual({ key: 'k' });
  });

  it('has a state for each key', () => {
    const { sendWith, left } = timed(() => scan(sum, { initial: 0, key: byKey }));
    for (const key of ['a', 'b', 'a', undefined]) sendWith(key === undefined ? {} : { key }, 1);
    expect(left).toEqual(['1@0', '1@0', '2@0', '1@0']);
  });

  it.each([
    ['throws', () => expect.fail('thrown'), 'thrown'],
    ['gives undefined', () => undefined, 'expected a state, found undefined (a forgotten return?)'],
    ['gives a promise', () => Promise.resolve(1), 'expected a state, found a map'],
  ])('keeps its state when the fold %s, and fails that message alone', (_what, harm, reason) => {
    const fold = (state: number, message: Message): number =>
      message.payload === 'x' ? (harm() as unknown as number) : sum(state, message);
    const { send, left, ledger } = timed(() => scan(fold, { initial: 0 }));
    send(1, 'x', 2);
    expect(left).toEqual(['1@0', '3@0']);
    expect(ledger.failed[0]).toMatchObject({ code: 'step-failed', message: `step scan: ${reason}` });
  });

  it('begins anew with the key that was unused longest when there are more than it may remember', () => {
    const { sendWith, left } = timed(() => scan(sum, { initial: 0, key: byKey, maxKeys: 2 }));
    for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) sendWith({ key }, 1);
    expect(left).toEqual(['1@0', '1@0', '2@0', '1@0', '3@0', '1@0']);
  });

  it('does not count a failure as a use of its key', () => {
    const run = timed(() => scan(counting, { initial: 0, key: byKey, maxKeys: 2 }));
    run.sendWith({ key: 'a' }, 0);
    run.sendWith({ key: 'b' }, 0);
    run.sendWith({ key: 'a' }, 'poison');
    run.sendWith({ key: 'c' }, 0);
    run.sendWith({ key: 'b' }, 0);
    expect(run.left.at(-1)).toBe('2@0');
  });

  it('takes null for a state like any other', () => {
    const { send, left } = timed(() =>
      scan<unknown>((state) => (state === null ? 1 : null), { initial: null }),
    );
    send('a', 'b', 'c');
    expect(left).toEqual(['1@0', 'null@0', '1@0']);
  });
});

describe('the step scan', () => {
  const context = { name: 'orders.via[0] scan', scheduler: new VirtualTimeScheduler(), log: silentLog };

  it('folds with CEL over state, payload, meta and id', () => {
    const ledger = createLedger();
    const options = parsed(scanStep, {
      key: 'payload.room',
      initial: { n: 0 },
      with: '{"n": state.n + 1, "last": payload.text, "key": meta.key, "id": id}',
    });
    const seen: unknown[] = [];
    of(
      ledger.claimed({ room: 'a', text: 'x' }, { id: '1', key: 'k' }),
      ledger.claimed({ room: 'b', text: 'y' }, { id: '2', key: 'k' }),
      ledger.claimed({ room: 'a' }, { id: '3', key: 'k' }),
      ledger.claimed({ room: 'a', text: 'z' }, { id: '4', key: 'k' }),
    )
      .pipe(stepOf(scanStep, options, context))
      .subscribe(({ payload }) => seen.push(payload));
    expect(seen).toEqual([
      { n: 1, last: 'x', key: 'k', id: '1' },
      { n: 1, last: 'y', key: 'k', id: '2' },
      { n: 2, last: 'z', key: 'k', id: '4' },
    ]);
    expect(ledger.failed.map(({ code }) => code)).toEqual(['expression-failed']);
  });

  it.each([
    [{ initial: 0 }, /with|expected/i],
    [{ initial: 0, with: 'state +' }, /unexpected token/],
    [{ initial: 0, with: 'other + 1' }, /other/],
  ])('refuses %j', (options, reason) => {
    expect(parsed(scanStep, options)).toMatch(reason);
  });
});
