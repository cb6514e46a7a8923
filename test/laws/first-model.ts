// A message that the first leg which has it settles for all, in its simplest words.

import type { Status } from '../../src/core/message.ts';
import type { Settlement } from './settlement.ts';

export interface FirstModel {
  /** A sink has confirmed what a leg kept until then. */
  confirmed(payload: string): void;
  /** A leg has done with a message, which it confirmed, filtered, took and may lose, or failed. */
  ended(payload: string, status: Status): void;
}

interface Copies {
  left: number;
  worst: Status;
  isConfirmed: boolean;
}

const severity: readonly Status[] = ['ack', 'nack', 'reject'];

/** @param legs how many get a message */
export function createFirstModel(legs: number, sources: Settlement): FirstModel {
  const messages = new Map<string, Copies>();
  const copiesOf = (payload: string): Copies => {
    const copies = messages.get(payload) ?? { left: legs, worst: 'ack', isConfirmed: false };
    messages.set(payload, copies);
    return copies;
  };

  return {
    confirmed(payload) {
      const copies = copiesOf(payload);
      if (!copies.isConfirmed) sources.ended(payload, 'ack');
      copies.isConfirmed = true;
    },

    ended(payload, status) {
      const copies = copiesOf(payload);
      copies.left -= 1;
      if (severity.indexOf(status) > severity.indexOf(copies.worst)) copies.worst = status;
      if (copies.left === 0 && !copies.isConfirmed) sources.ended(payload, copies.worst);
    },
  };
}
