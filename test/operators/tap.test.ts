import { describe, expect, it, test } from 'vitest';
import { tap, tapStep } from '../../operators/tap.ts';
import type { StepContext } from '../../src/core/operator.ts';
import { operatorLaws } from '../../src/testing/operator-laws.ts';
import { runs } from '../runs.ts';
import { turn } from '../virtual-time.ts';
import { walkCases } from './cases.ts';
import { recordedLog } from './recorded-log.ts';
import { parsed, timed } from './timed.ts';

walkCases('tap', {
  passing: () => tap(() => undefined),
  message: (ledger, payload) => ledger.claimed(payload),
});

for (const law of operatorLaws('tap', {
  create: (scheduler) =>
    tap(
      ({ meta }) => {
        if (meta.key === 'b') throw new Error('b');
      },
      { scheduler },
    ),
})) {
  test(law.name, () => law.check(runs({ share: 0.1, quick: 0.5 })));
}

describe('tap', () => {
  it('shows the very message that passes', () => {
    const seen: unknown[] = [];
    const { send, passed } = timed(() => tap((message) => seen.push(message)));
    send(1, 2);
    expect(passed).toEqual(seen);
    expect(passed).toHaveLength(2);
  });

  it.each([
    ['throws', () => expect.fail('seen')],
    ['rejects', () => Promise.reject(new Error('seen'))],
  ])('lets the message pass when what looks at it %s, and logs that', async (_what, look) => {
    const log = recordedLog();
    const { send, left, ledger } = timed((scheduler) =>
      tap(look, { log, name: 'orders.via[0] tap', scheduler }),
    );
    send(1);
    await turn();
    expect(left).toEqual(['1@0']);
    expect(ledger.failed).toEqual([]);
    expect(log.lines).toEqual([
      {
        level: 'warn',
        fields: { step: 'orders.via[0] tap' },
        text: 'step orders.via[0] tap threw while it looked at a message: seen',
      },
    ]);
  });

  it('logs a line a second at most, with how many it left out', () => {
    const log = recordedLog();
    const { send, wait } = timed((scheduler) => tap(() => expect.fail('seen'), { log, scheduler }));
    send(1, 2, 3);
    wait(1_000);
    send(4);
    expect(log.lines.map(({ fields }) => fields)).toEqual([{ step: 'tap' }, { step: 'tap', suppressed: 2 }]);
  });

  it('does not wait for what looks at messages', () => {
    const { send, left } = timed(() => tap(() => new Promise(() => undefined)));
    send(1, 2);
    expect(left).toEqual(['1@0', '2@0']);
  });
});

describe('the step tap', () => {
  const files = (exported: unknown) => ({ load: async () => exported, read: async () => '' });

  it('calls what its file exports with its options and context, once', async () => {
    const seen: unknown[] = [];
    const factory = (options: unknown, { name }: StepContext) => {
      seen.push([name, options]);
      return ({ payload }: { payload: unknown }) => seen.push(payload);
    };
    const options = parsed(tapStep, { use: './look.ts', with: { n: 1 } });
    const prepared = await tapStep.prepare?.(options as never, files(factory));
    const { value } = prepared as { value: never };
    const { send } = timed((scheduler) =>
      tapStep.create(value, { name: 'x', scheduler, log: recordedLog() }),
    );
    send('a', 'b');
    expect(seen).toEqual([['x', { n: 1 }], 'a', 'b']);
  });

  it('refuses a file that exports no function', async () => {
    const prepared = await tapStep.prepare?.({ use: './look.ts' }, files({}));
    expect(prepared?.issues?.[0]?.message).toBe('expected ./look.ts to export a function as its default');
  });

  it('refuses a function that makes none', () => {
    const context = { name: 'x', scheduler: undefined as never, log: recordedLog() };
    const options = { use: './look.ts', factory: (() => 1) as never };
    expect(() => tapStep.create(options, context)).toThrow(
      expect.objectContaining({
        code: 'plugin-invalid',
        message: 'expected what ./look.ts exports to return a function of a message',
      }),
    );
  });

  it('takes a path, or a map', () => {
    expect(parsed(tapStep, './look.ts')).toEqual({ use: './look.ts' });
    expect(parsed(tapStep, 'look.ts')).toBe('expected the path of a file such as ./count-orders.ts');
  });
});
