// The laws of operators hold for the three kinds of step as well.

import { concatMap, map as mapTo, of } from 'rxjs';
import { test } from 'vitest';
import type { Message } from '../../src/core/message.ts';
import { asyncStep } from '../../src/core/step-async.ts';
import { fnStep } from '../../src/core/step-fn.ts';
import { rxStep } from '../../src/core/step-rx.ts';
import { type OperatorUnderLaws, operatorLaws } from '../../src/testing/operator-laws.ts';
import { runs } from '../runs.ts';

/** By key: the payload, two of it, nothing. */
function made({ payload, meta }: Message): unknown {
  if (payload === 'poison') throw new Error('poison');
  if (meta.key === 'a') return [payload, payload];
  return meta.key === 'b' ? null : { payload };
}

const steps: Readonly<Record<string, OperatorUnderLaws>> = {
  'a fn step': { create: () => fnStep('own', made), poison: { payload: 'poison' } },
  'an async step': {
    create: (scheduler) =>
      asyncStep(
        'own',
        (message) =>
          new Promise((resolve) =>
            scheduler.schedule(() => resolve(made(message)), (message.sequence % 3) * 5),
          ),
        { concurrency: 2, deadlineMs: 30, scheduler },
      ),
    isAsync: true,
    holds: 4,
  },
  'an rx step': {
    create: () =>
      rxStep(
        'own',
        mapTo((message) => {
          if (message.payload === 'poison') throw new Error('poison');
          return message.with([message.payload]);
        }),
        { isOpaque: false },
      ),
    poison: { payload: 'poison' },
  },
  'an opaque rx step': {
    create: () =>
      rxStep(
        'own',
        concatMap((message) => (message.meta.key === 'a' ? [] : of(message))),
        { isOpaque: true },
      ),
    hasOwnBooks: true,
  },
};

for (const [name, step] of Object.entries(steps)) {
  for (const law of operatorLaws(name, step)) test(law.name, () => law.check(runs({ share: 0.05 })));
}
