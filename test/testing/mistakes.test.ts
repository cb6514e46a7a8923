// Three mistakes that users make with own steps: each is caught, shrunk, and named.

import { debounceTime, filter } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Message } from '../../src/core/message.ts';
import { defineOperator, type OperatorDefinition } from '../../src/core/operator.ts';
import { checkLaws, LawBroken, laws, loadRelay, virtualRelay } from '../../src/testing/index.ts';
import { runs } from '../runs.ts';
import { broker } from './broker.ts';

const options = z.unknown();

/** A raw operator of RxJS: what it drops it does not settle. */
const calm: OperatorDefinition = defineOperator({
  kind: 'rx',
  name: 'calm',
  summary: 'Waits for a pause.',
  obligations: 'preserved',
  options,
  create: () => debounceTime<Message>(50),
});

/** Remembers too early: what a sink gave back is a duplicate when it comes again. */
const once: OperatorDefinition = defineOperator({
  kind: 'fn',
  name: 'once',
  summary: 'Lets each id pass once.',
  options,
  create() {
    const seen = new Set<unknown>();
    return ({ payload }) => {
      const { id } = payload as { readonly id: unknown };
      if (seen.has(id)) return null;
      seen.add(id);
      return payload;
    };
  },
});

/** Keeps one message back, and gives it after the next. */
const swap: OperatorDefinition = defineOperator({
  kind: 'fn',
  name: 'swap',
  summary: 'Gives the better one of two first.',
  options,
  create() {
    let kept: unknown;
    return ({ payload }) => {
      if (kept === undefined) {
        kept = payload;
        return null;
      }
      const pair = [payload, kept];
      kept = undefined;
      return pair;
    };
  },
});

/** A route with one step, between systems that keep what is not acked. */
const configured = (step: OperatorDefinition) => ({
  value: {
    plugins: [
      { name: 'json', id: 'marshal-json' },
      { name: 'orders', id: 'endpoint-broker' },
      { name: 'archive', id: 'endpoint-broker' },
    ],
    routes: { orders: { via: [step.name], to: ['archive'], 'on-error': 'nack' } },
  },
  operators: { [step.name]: step },
  plugins: { 'endpoint-broker': broker },
});

async function breakingOf(
  law: keyof typeof laws,
  step: OperatorDefinition,
  seed?: number,
): Promise<LawBroken> {
  const configuration = await loadRelay(configured(step));
  const broken: unknown = await laws[law](() => virtualRelay({ configuration }), {
    ...runs({ share: 0.3 }),
    ...(seed !== undefined && { seed }),
  }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (broken instanceof LawBroken) return broken;
  throw new Error(`law ${law} holds, or something else is wrong: ${String(broken)}`);
}

const countSent = ({ scenario }: LawBroken): number =>
  scenario.filter((action) => action.do === 'send').length;

describe('a raw debounceTime in an rx step', () => {
  // A seed whose first case is a burst of five.
  it.each([18, undefined])(
    'breaks liveness with two messages, and the step that has the lost one is named',
    async (seed) => {
      const broken = await breakingOf('liveness', calm, seed);
      expect(countSent(broken)).toBe(2);
      expect(broken.breach).toBe('orders#1 never settled: orders.via[0] calm has it');
      expect(broken.message).toMatch(/ms {2}orders\.via\[0\] calm {2}takes orders#1 /);
    },
  );
});

describe('a dedupe that remembers what its sink gave back', () => {
  it('breaks no early ack with one message, and the step that drops it is named', async () => {
    const broken = await breakingOf('noEarlyAck', once);
    expect(countSent(broken)).toBe(1);
    expect(broken.breach).toBe(
      'orders#1 is acked, and orders → archive never got orders#1 confirmed: ' +
        'orders.via[0] once drops it (filtered) on delivery 2',
    );
    expect(broken.message).toMatch(/ms {2}orders\.via\[0\] once {2}drops orders#1: filtered/);
  });
});

describe('a map with a state that changes the order', () => {
  it('breaks order with two messages, and the step that swaps them is named', async () => {
    const broken = await breakingOf('order', swap);
    expect(countSent(broken)).toBe(2);
    expect(broken.breach).toBe('orders.via[0] swap gives orders#1 after orders#2');
    expect(broken.message).toMatch(/ms {2}orders\.via\[0\] swap {2}gives orders#2\/1 /);
  });
});

describe('a broken law', () => {
  it('is told though it is not broken when the same is played again', async () => {
    let calls = 0;
    const careless: OperatorDefinition = defineOperator({
      kind: 'rx',
      name: 'careless',
      summary: 'Loses one message, once.',
      obligations: 'preserved',
      options,
      create: () =>
        filter<Message>(() => {
          calls += 1;
          return calls !== 5;
        }),
    });
    const configuration = await loadRelay(configured(careless));
    const [result] = await checkLaws(() => virtualRelay({ configuration }), {
      ...runs({ share: 0.03 }),
      only: ['liveness'],
    });
    expect(result?.broken?.breach).toContain('(not so when the same was played again');
  });

  it('is repeated by its seed and path', async () => {
    const first = await breakingOf('order', swap);
    const configuration = await loadRelay(configured(swap));
    const { seed, path } = first;
    await expect(
      laws.order(() => virtualRelay({ configuration }), { seed, path, numRuns: 300 }),
    ).rejects.toMatchObject({ message: first.message });
  });
});
