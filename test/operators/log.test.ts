import { describe, expect, it, test } from 'vitest';
import { log, logStep } from '../../operators/log.ts';
import { silentLog } from '../../src/core/log.ts';
import { operatorLaws } from '../../src/testing/operator-laws.ts';
import { runs } from '../runs.ts';
import { walkCases } from './cases.ts';
import { recordedLog } from './recorded-log.ts';
import { parsed, timed } from './timed.ts';

walkCases('log', { passing: () => log(silentLog), message: (ledger, payload) => ledger.claimed(payload) });

for (const law of operatorLaws('log', {
  create: (scheduler) =>
    log(recordedLog(), {
      level: 'debug',
      everyMs: 0,
      fields: { payload: ({ payload }) => (payload as { x: unknown }).x },
      scheduler,
    }),
})) {
  test(law.name, () => law.check(runs({ share: 0.1, quick: 0.5 })));
}

describe('log', () => {
  const start = (options = {}) => {
    const to = recordedLog();
    return { to, ...timed((scheduler) => log(to, { scheduler, ...options })) };
  };

  it('writes who the message is, without its payload', () => {
    const { to, sendWith, left } = start({ text: 'an order' });
    sendWith({ id: '1', key: 'k', endpoint: 'orders', peer: 'x.1' }, 'secret');
    expect(to.lines).toEqual([
      { level: 'info', fields: { id: '1', key: 'k', endpoint: 'orders' }, text: 'an order' },
    ]);
    expect(left).toEqual(['secret@0']);
  });

  it('writes the payload under debug, as text', () => {
    const { to, sendWith } = start({ level: 'debug', name: 'orders.via[0] log' });
    sendWith({ id: '1' }, { a: [1] });
    expect(to.lines).toEqual([
      { level: 'debug', fields: { id: '1', payload: '{"a":[1]}' }, text: 'orders.via[0] log' },
    ]);
  });

  it('writes the fields that it is told to, and says where one could not be made', () => {
    const fields = {
      total: ({ payload }: { payload: unknown }) => (payload as { total: number }).total,
      broken: () => expect.fail('no such thing'),
      large: () => 10n,
      nothing: () => null,
      circle: () => {
        const circle: Record<string, unknown> = {};
        circle['self'] = circle;
        return circle;
      },
    };
    const { to, sendWith, ledger } = start({ fields });
    sendWith({ id: '1' }, { total: 7 });
    expect(to.lines[0]?.fields).toEqual({
      id: '1',
      total: 7,
      broken: '(no such thing)',
      large: '10',
      nothing: null,
      circle: expect.stringMatching(/circular/),
    });
    expect(ledger.failed).toEqual([]);
  });

  it('writes a line a second at most, with how many passed without one', () => {
    const { to, sendWith, wait } = start();
    const send = (): void => sendWith({ id: '1' }, 0);
    send();
    send();
    send();
    wait(999);
    send();
    wait(1);
    send();
    expect(to.lines.map(({ fields }) => fields)).toStrictEqual([{ id: '1' }, { id: '1', suppressed: 3 }]);
    expect(to.lines.map(({ text }) => text)).toEqual(['log', 'log']);
  });

  it('writes all lines when it is told so', () => {
    const { to, send } = start({ everyMs: 0 });
    send(1, 2, 3);
    expect(to.lines).toHaveLength(3);
  });
});

describe('the step log', () => {
  it('takes nothing, what it says, or a map', () => {
    expect(parsed(logStep, {})).toEqual({ level: 'info', every: 1_000 });
    expect(parsed(logStep, 'an order')).toEqual({ level: 'info', message: 'an order', every: 1_000 });
    expect(parsed(logStep, { level: 'warning', every: '0s' })).toEqual({ level: 'warning', every: 0 });
  });

  it('writes to the log of the server, at the level of the configuration', () => {
    const to = recordedLog();
    const options = parsed(logStep, {
      level: 'warning',
      message: 'late',
      fields: { total: 'payload.total' },
    });
    const { sendWith } = timed((scheduler) =>
      logStep.create(options as never, { name: 'x', log: to, scheduler }),
    );
    sendWith({ id: '1' }, { total: 7 });
    sendWith({ id: '2' }, {});
    expect(to.lines).toEqual([{ level: 'warn', fields: { id: '1', total: 7 }, text: 'late' }]);
  });

  it.each([
    [{ level: 'fatal' }, /Invalid option/],
    [{ fields: { total: 'payload.' } }, /expected IDENTIFIER/],
    [7, /expected what the line says|expected string/],
  ])('refuses %j', (options, reason) => {
    expect(parsed(logStep, options)).toMatch(reason);
  });
});
