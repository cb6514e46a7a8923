// How legs of a route share messages out, in its simplest words: in turn, to the first that can, by key.

import type { LegModel } from './leg-model.ts';
import { numberOf, type Reader } from './payload.ts';
import type { Report } from './settlement.ts';
import type { ChoiceSpec } from './topology.ts';

export interface ChoiceModel {
  /** A leg is about to be given the message of that place in the route's order. */
  given(leg: number, place: number, payload: string): void;
  /** So many messages have come to the route. */
  inspect(count: number): void;
}

/** As many different keys as there are. */
const KEYS = 4;

export function keyOf(payload: string, read: Reader): number {
  return numberOf(read(payload)) % KEYS;
}

/** @param isUp whether the sink of a leg is connected */
export function createChoiceModel(
  name: string,
  { kind }: ChoiceSpec,
  legs: readonly LegModel[],
  isUp: (leg: number) => boolean,
  read: Reader,
  report: Report,
): ChoiceModel {
  const givenTo = new Map<number, number>();
  const owners = new Map<number, number>();
  let turn = 0;

  const rankOf = (leg: number): number => {
    if (legs[leg]?.hasRoom() !== true) return 2;
    return isUp(leg) ? 0 : 1;
  };

  const expected = (payload: string, leg: number): number => {
    if (kind === 'hash') return owners.get(keyOf(payload, read)) ?? leg;
    const start = kind === 'fallback' ? 0 : turn;
    const order = legs.map((_, step) => (start + step) % legs.length);
    return order.reduce((best, other) => (rankOf(other) < rankOf(best) ? other : best));
  };

  return {
    given(leg, place, payload) {
      const other = givenTo.get(place);
      if (other !== undefined) report(1, `${name}: ${payload} goes to leg ${leg}, and went to leg ${other}`);
      givenTo.set(place, leg);
      const right = expected(payload, leg);
      if (leg !== right) {
        const ranks = legs.map((_, at) => rankOf(at)).join(' ');
        report(8, `${name}: ${payload} goes to leg ${leg}, not ${right}; ${kind}, ranks ${ranks}`);
      }
      turn = (leg + 1) % legs.length;
      owners.set(keyOf(payload, read), leg);
    },

    inspect(count) {
      if (givenTo.size !== count) report(1, `${name}: ${givenTo.size} of ${count} messages went to a leg`);
    },
  };
}
