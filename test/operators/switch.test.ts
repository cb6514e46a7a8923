import { type Observable, Subject, take, throwError } from 'rxjs';
import { describe, expect, it, test } from 'vitest';
import { batchStep } from '../../operators/batch.ts';
import { filter } from '../../operators/filter.ts';
import { map, mapStep } from '../../operators/map.ts';
import { orderBy } from '../../operators/order-by.ts';
import { split, splitStep } from '../../operators/split.ts';
import { type SwitchCase, switchStep, switchTo } from '../../operators/switch.ts';
import { silentLog } from '../../src/core/log.ts';
import type { Message } from '../../src/core/message.ts';
import type { Step } from '../../src/core/operator.ts';
import { operatorLaws } from '../../src/testing/operator-laws.ts';
import { runs } from '../runs.ts';
import { walkCases } from './cases.ts';
import { createLedger } from './ledger.ts';
import { parsed, timed } from './timed.ts';

walkCases('switch', {
  passing: () => switchTo([{ when: () => true, via: [filter(() => true)] }], { unmatched: 'fail' }),
  message: (ledger, payload) => ledger.claimed(payload),
});

const hasKey =
  (key: string) =>
  ({ meta, payload }: Message): boolean => {
    if (payload === 'poison') throw new Error('poison');
    return meta.key === key;
  };

for (const law of operatorLaws('switch', {
  create: () =>
    switchTo(
      [
        { when: hasKey('a'), via: [map(({ payload }) => [payload, payload]), split()] },
        { when: hasKey('b'), via: [orderBy({ max: 2 })] },
      ],
      { unmatched: 'discard' },
    ),
  order: 'key',
  holds: 2,
  poison: { payload: 'poison' },
})) {
  test(law.name, () => law.check(runs({ share: 0.1, quick: 0.5 })));
}

const isNumber = ({ payload }: Message): boolean => typeof payload === 'number';
const isEven = ({ payload }: Message): boolean => (payload as number) % 2 === 0;
const tenfold: SwitchCase = { when: isEven, via: [map(({ payload }) => (payload as number) * 10)] };

describe('switch', () => {
  it('sends a message through the operators of the first case that is for it', () => {
    const cases = [tenfold, { when: isNumber, via: [] }];
    const { send, left } = timed(() => switchTo(cases, { unmatched: 'fail' }));
    send(1, 2, 3, 4);
    expect(left).toEqual(['1@0', '20@0', '3@0', '40@0']);
  });

  it.each([
    ['pass', ['1@0'], [], ['open']],
    ['discard', [], ['unmatched'], ['ack']],
    ['fail', [], [], ['reject']],
  ] as const)('lets what no case is for %s', (unmatched, expected, discarded, statuses) => {
    const { send, left, ledger } = timed(() => switchTo([tenfold], { unmatched }));
    send(1);
    expect([left, ledger.discarded, ledger.statuses]).toEqual([expected, discarded, statuses]);
  });

  it('fails the message at which a condition throws', () => {
    const cases = [{ when: () => expect.fail('thrown'), via: [] }, tenfold];
    const { send, ledger } = timed(() =>
      switchTo(cases, { unmatched: 'pass', name: 'orders.via[0] switch' }),
    );
    send(2);
    expect(ledger.failed[0]?.message).toBe('step orders.via[0] switch: thrown');
  });

  it('fails what comes for a case whose operators have ended, and passes on how they failed', () => {
    const ended = timed(() => switchTo([{ when: () => true, via: [take(1)] }], { unmatched: 'fail' }));
    ended.send(1, 2);
    expect(ended.left).toEqual(['1@0']);
    expect(ended.ledger.failed[0]?.code).toBe('step-ended');

    const errors: unknown[] = [];
    const broken = () => (): Observable<Message> => throwError(() => 'broken');
    new Subject<Message>()
      .pipe(switchTo([{ when: () => true, via: [broken()] }], { unmatched: 'fail' }))
      .subscribe({ error: (error: unknown) => errors.push(error) });
    expect(errors).toEqual(['broken']);
  });

  it('completes with its source when it has no cases', () => {
    const run = timed(() => switchTo([], { unmatched: 'pass' }));
    run.send(1);
    run.complete();
    expect([run.left, run.hasCompleted]).toEqual([['1@0'], true]);
  });

  it('completes when the operators of all cases have', () => {
    const ledger = createLedger();
    const source = new Subject<Message>();
    const passed: Message[] = [];
    let hasCompleted = false;
    source
      .pipe(
        switchTo([tenfold, { when: isNumber, via: [orderBy({ key: () => 'k' })] }], { unmatched: 'fail' }),
      )
      .subscribe({ next: (message) => passed.push(message), complete: () => (hasCompleted = true) });
    for (const payload of [1, 3]) source.next(ledger.claimed(payload));
    source.complete();
    expect(hasCompleted).toBe(false);
    passed[0]?.ack();
    expect([passed.length, hasCompleted]).toEqual([2, true]);
  });
});

describe('the step switch', () => {
  it.each([
    [{ cases: [], unmatched: 'pass' }, /too small/i],
    [{ cases: [{ when: 'true', via: [] }] }, /Invalid option/],
    [{ cases: [{ when: 'true' }], unmatched: 'pass' }, /expected array/],
    [{ cases: [{ when: '1 + 1', via: [] }], unmatched: 'pass' }, /expected a condition/],
  ])('refuses %j', (options, reason) => {
    expect(parsed(switchStep, options)).toMatch(reason);
  });

  const optionsOf = (...ways: readonly (readonly Step[])[]) => ({
    cases: ways.map((via) => ({ when: () => true, via })),
    unmatched: 'fail' as const,
  });
  const mapping = { use: 'map', definition: mapStep, options: undefined } as unknown as Step;
  const batching = (count: number) =>
    ({ use: 'batch', definition: batchStep, options: { count } }) as unknown as Step;

  it('keeps the order of all where no way takes longer than another', () => {
    expect(switchStep.order?.(optionsOf([mapping], [], [mapping, mapping]))).toBe('all');
    expect(switchStep.order?.(optionsOf([mapping], [batching(2)]))).toBe('none');
  });

  it('has a way past all cases where messages that no case is for pass', () => {
    const rest = (unmatched: 'pass' | 'discard' | 'fail'): unknown =>
      switchStep.branching?.rest?.({ ...optionsOf([]), unmatched });
    expect([rest('pass'), rest('discard'), rest('fail')]).toEqual(['otherwise', undefined, undefined]);
  });

  it('keeps the order of all through steps that answer at once, and of no step that may be late', () => {
    const step = (definition: object): Step => ({ use: 'x', definition, options: {} }) as unknown as Step;
    const orderOf = (definition: object): unknown => switchStep.order?.(optionsOf([step(definition)]));
    expect(orderOf({ kind: 'fn' })).toBe('all');
    expect(orderOf({ kind: 'async' })).toBe('none');
    expect(orderOf({ kind: 'rx' })).toBe('none');
    expect(orderOf({ kind: 'rx', isInstant: true })).toBe('all');
  });

  it('cannot tell how many messages a way waits for that has a step of the user’s own', () => {
    const step = (definition: object): Step => ({ use: 'x', definition, options: {} }) as unknown as Step;
    const gatheredBy = (definition: object): unknown => switchStep.gathers?.(optionsOf([step(definition)]));
    expect(gatheredBy({ kind: 'rx', obligations: 'contained' })).toBe(1);
    expect(gatheredBy({ kind: 'rx', obligations: 'preserved' })).toBe(0);
    expect(gatheredBy({ kind: 'fn' })).toBe(0);
  });

  it('waits for as many messages as all its ways together', () => {
    expect(switchStep.gathers?.(optionsOf([mapping], []))).toBe(1);
    expect(switchStep.gathers?.(optionsOf([batching(10)], [batching(5), batching(2)]))).toBe(19);
    const split = { use: 'split', definition: splitStep, options: undefined } as unknown as Step;
    expect(switchStep.gathers?.(optionsOf([split], [batching(5)]))).toBe(0);
  });

  it('names the steps within it by their place', () => {
    const definition = {
      kind: 'fn' as const,
      name: 'fails',
      summary: 'Fails.',
      options: switchStep.options,
      create: () => () => expect.fail('thrown'),
    };
    const step = { use: './fails.ts', definition, options: undefined };
    const options = { cases: [{ when: () => true, via: [step] }], unmatched: 'fail' as const };
    const context = { name: 'orders.via[1] switch', log: silentLog, scheduler: undefined as never };
    const { send, ledger } = timed(() => switchStep.create(options, context));
    send(1);
    expect(ledger.failed[0]?.message).toBe('step orders.via[1] switch cases[0].via[0] ./fails.ts: thrown');
    const none = { ...options, cases: [{ when: () => false, via: [step] }] };
    const unmatched = timed(() => switchStep.create(none, context));
    unmatched.send(1);
    expect(unmatched.ledger.failed[0]).toMatchObject({
      code: 'step-failed',
      message: expect.stringMatching(/^step orders\.via\[1\] switch: expected a case /),
    });
  });
});
