import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { distinct, distinctStep } from '../../operators/distinct.ts';
import type { Message } from '../../src/core/message.ts';
import { operatorLaws } from '../../src/testing/operator-laws.ts';
import { runs } from '../runs.ts';
import { walkCases } from './cases.ts';
import { parsed, startStep, timed } from './timed.ts';

let count = 0;
walkCases('distinct', {
  passing: () => distinct({ maxKeys: 8 }),
  message: (ledger, payload) => ledger.claimed({ payload, count: count++ }),
  seen: ({ payload }) => (payload as { payload: unknown }).payload,
});

const byKey = ({ meta }: Message): unknown => meta.key;

for (const law of operatorLaws('distinct', {
  create: () => distinct({ key: byKey, maxKeys: 2 }),
  poison: { payload: 10n },
})) {
  test(law.name, () => law.check(runs({ share: 0.1, quick: 0.5 })));
}

describe('distinct', () => {
  it('leaves out what equals the message before', () => {
    const { send, left, ledger } = timed(() => distinct());
    send(1, 1, 2, 1, '1', { a: 1, b: [2] }, { b: [2], a: 1 }, null, null);
    expect(left).toEqual(['1@0', '2@0', '1@0', '1@0', '{"a":1,"b":[2]}@0', 'null@0']);
    expect(ledger.discarded).toEqual(['unchanged', 'unchanged', 'unchanged']);
  });

  it('compares with the message before of the same key', () => {
    const { send, left } = timed(() =>
      distinct({
        key: ({ payload }) => (payload as string)[0],
        value: ({ payload }) => (payload as string)[1],
      }),
    );
    send('a1', 'b1', 'a1', 'b2', 'a1', 'a2');
    expect(left).toEqual(['a1@0', 'b1@0', 'b2@0', 'a2@0']);
  });

  it('lets what is delivered again pass, for its first delivery came to nothing', () => {
    const { send, sendWith, left, passed, ledger } = timed(() => distinct());
    send('on');
    passed[0]?.nack();
    sendWith({ deliveries: 2 }, 'on');
    send('on');
    expect(left).toEqual(['on@0', 'on@0']);
    expect(ledger.statuses).toEqual(['nack', 'open', 'ack']);
  });

  it('forgets the key that was unused longest when there are more than it may remember', () => {
    const { sendWith, left } = timed(() => distinct({ key: byKey, maxKeys: 2 }));
    for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) sendWith({ key }, key);
    expect(left).toEqual(['a@0', 'b@0', 'c@0', 'b@0']);
  });

  it('remembers no more bytes than it may, and nothing that is larger by itself', () => {
    const { send, left } = timed(() => distinct({ maxBytes: 200 }));
    const large = 'x'.repeat(200);
    send(large, large, 'y', 'y');
    expect(left).toEqual([`${large}@0`, `${large}@0`, 'y@0']);
  });

  it('compares bytes', () => {
    const { send, passed } = timed(() => distinct());
    send(Uint8Array.of(1, 2), Uint8Array.of(1, 2), Uint8Array.of(1, 3));
    expect(passed).toHaveLength(2);
  });

  it('never forwards the same twice in a row, and nothing else is left out', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.nat(2))), (messages) => {
        const { sendWith, passed } = timed(() => distinct({ key: byKey, maxKeys: 8 }));
        const expected: unknown[] = [];
        const last: Record<string, number> = {};
        for (const [key, payload] of messages) {
          sendWith({ key }, payload);
          if (last[key] !== payload) expected.push([key, payload]);
          last[key] = payload;
        }
        expect(passed.map(({ meta, payload }) => [meta.key, payload])).toEqual(expected);
      }),
      runs({ share: 0.1 }),
    );
  });
});

describe('the step distinct', () => {
  it('does what each of its options says', () => {
    const options = { value: 'payload.v', key: 'payload.k', 'max-keys': 2, 'max-bytes': '1KiB' };
    const { send, passed } = startStep(distinctStep, options);
    const [a, b, c] = ['a', 'b', 'c'].map((k) => ({ k, v: 1 }));
    const large = { k: 'b', v: 'x'.repeat(600) };
    send(a, { ...a, other: 1 }, b, c, a, large, large);
    expect(passed.map(({ payload }) => payload)).toEqual([a, b, c, a, large, large]);
  });

  it('takes nothing, an expression or a map', () => {
    const { value } = parsed(distinctStep, 'payload.state') as { value: unknown };
    expect(value).toBeTypeOf('function');
    expect(parsed(distinctStep, {})).toEqual({ 'max-keys': 10_000, 'max-bytes': 16_777_216 });
    expect(parsed(distinctStep, { key: 'meta.key', 'max-bytes': '1MiB' })).toMatchObject({
      'max-bytes': 1_048_576,
    });
  });
});
