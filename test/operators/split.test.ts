import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { split, splitStep } from '../../operators/split.ts';
import { operatorLaws } from '../../src/testing/operator-laws.ts';
import { runs } from '../runs.ts';
import { walkCases } from './cases.ts';
import { parsed, startStep, timed } from './timed.ts';

walkCases('split', {
  passing: () => split(),
  message: (ledger, payload) => ledger.claimed([payload]),
});

for (const law of operatorLaws('split', {
  create: () => split({ max: 4 }),
  payloads: fc.oneof(fc.array(fc.nat(9), { maxLength: 5 }), fc.nat(9)),
  poison: { payload: 'no list' },
})) {
  test(law.name, () => law.check(runs({ share: 0.1, quick: 0.5 })));
}

describe('split', () => {
  it('makes a message of each entry, with an id that a second delivery has too', () => {
    const { send, left, passed, ledger } = timed(() => split());
    send(['a', 'b']);
    expect(left).toEqual(['a@0', 'b@0']);
    expect(passed.map(({ id }) => id)).toEqual(['ledger-0/0', 'ledger-0/1']);
    passed[0]?.ack();
    expect(ledger.statuses).toEqual(['open']);
    passed[1]?.nack();
    expect(ledger.statuses).toEqual(['nack']);
  });

  it('keeps the meta of the message', () => {
    const { sendWith, passed } = timed(() => split());
    sendWith({ id: 'order', key: 'k', peer: 'x.1' }, [1]);
    expect(passed[0]?.meta).toEqual({ id: 'order/0', key: 'k', peer: 'x.1' });
  });

  it('discards an empty list', () => {
    const { send, passed, ledger } = timed(() => split());
    send([]);
    expect([passed.length, ledger.discarded, ledger.statuses]).toEqual([0, ['empty'], ['ack']]);
  });

  it('fails what has more parts than it may, before any has left', () => {
    const { send, passed, ledger } = timed(() => split({ max: 2, name: 'orders.via[0] split' }));
    send([1, 2], [1, 2, 3]);
    expect(passed).toHaveLength(2);
    expect(ledger.failed.map(({ code, message }) => [code, message])).toEqual([
      ['step-failed', 'step orders.via[0] split: expected a list of at most 2 entries, found 3'],
    ]);
  });

  it('takes 10,000 parts and no more unless told otherwise', () => {
    const { send, passed, ledger } = timed(() => split());
    send(new Array(10_000).fill(0), new Array(10_001).fill(0));
    expect([passed.length, ledger.failed.length]).toEqual([10_000, 1]);
  });

  it.each([[1], ['text'], [null], [{ length: 1 }], [new Uint8Array(2)]])(
    'fails %j, which is no list',
    (payload) => {
      const { send, ledger } = timed(() => split());
      send(payload);
      expect(ledger.failed[0]).toMatchObject({
        code: 'step-failed',
        message: expect.stringMatching(/^step split: expected a list, found /),
      });
    },
  );

  it('does not see what is done to the list while its parts leave', () => {
    const list = ['a', 'b'];
    const run = timed(() => split({ into: () => list }));
    run.send('x');
    list.push('c');
    expect(run.left).toEqual(['a@0', 'b@0']);
  });
});

describe('the step split', () => {
  it('does what each of its options says', () => {
    const { send, left, ledger } = startStep(splitStep, { into: 'payload.items', max: 2 });
    send({ items: [1, 2] }, { items: [1, 2, 3] });
    expect(left).toEqual(['1@0', '2@0']);
    expect(ledger.failed[0]?.message).toMatch(/^step orders\.via\[0\] split: .*at most 2 entries/);
  });

  it('takes nothing, an expression or a map', () => {
    expect(parsed(splitStep, 'payload.items')).toHaveProperty('into');
    expect(parsed(splitStep, {})).toEqual({ max: 10_000 });
    expect(parsed(splitStep, { into: 'payload', max: 5 })).toMatchObject({ max: 5 });
  });

  it.each([
    [{ max: 0 }, /too small/i],
    [7, 'expected an expression in CEL, found 7'],
    ['payload.', /expected IDENTIFIER, got EOF at column 9/],
  ])('refuses %j', (options, reason) => {
    expect(parsed(splitStep, options)).toMatch(reason);
  });
});
