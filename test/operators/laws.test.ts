// The laws hold for the operators that need no time, and break for operators that break them.

import { debounceTime, delay, map as mapTo, Observable, Subject } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { buffer } from '../../operators/buffer.ts';
import { filter } from '../../operators/filter.ts';
import { map } from '../../operators/map.ts';
import { marshal } from '../../operators/marshal.ts';
import { unmarshal } from '../../operators/unmarshal.ts';
import { createJson } from '../../plugins/marshal-json/index.ts';
import type { Message } from '../../src/core/message.ts';
import type { MessageOperator } from '../../src/core/operator.ts';
import { type OperatorUnderLaws, operatorLaws } from '../../src/testing/operator-laws.ts';
import { runs } from '../runs.ts';

const json = createJson('json', { bigNumbers: 'refuse', envelope: false });

function throwsAt<T>(answer: T): (message: Message) => T {
  return ({ payload }) => {
    if (payload === 'poison') throw new Error('poison');
    return answer;
  };
}

const operators: Readonly<Record<string, OperatorUnderLaws>> = {
  filter: {
    create: () => filter(({ meta }) => meta.key !== 'b'),
    poison: { payload: 'poison', create: () => filter(throwsAt(true)) },
  },
  map: {
    create: () => map(({ payload, meta }) => [payload, meta.key]),
    poison: { payload: 'poison', create: () => map(throwsAt('made')) },
  },
  buffer: {
    create: (scheduler) => buffer({ inFlight: 2, capacity: { messages: 3 }, scheduler }),
    holds: 3,
    hasOwnBooks: true,
  },
  marshal: { create: () => marshal(json), poison: { payload: 10n } },
  unmarshal: { create: () => unmarshal(json), carries: 'text', poison: { payload: '{' } },
};

for (const [name, operator] of Object.entries(operators)) {
  for (const law of operatorLaws(name, operator)) test(law.name, () => law.check(runs({ share: 0.1 })));
}
