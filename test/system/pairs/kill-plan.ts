// Whom to kill when: drawn from a seed, so that a run can be repeated.

import { seededRandom } from '../../../src/testing/seeded.ts';

/**
 * Of araldo: at any moment, or at the moments in which it knows more than one of its servers does. `rebalance`: while
 * the group of the source gets a second member. `reload`: while it changes to another leg. `spilled`: while messages are
 * on its disk, and their acks have not arrived.
 */
export const allPoints = ['any', 'unconfirmed', 'unacked', 'rebalance', 'reload', 'spilled'] as const;
export type Point = (typeof allPoints)[number];

export type Victim = 'araldo' | 'source' | 'sink';

export interface Kill {
  readonly victim: Victim;
  readonly point: Point;
  /** After how many messages have come. */
  readonly after: number;
  /** So long after that, in milliseconds. */
  readonly delayMs: number;
  /** How long a server stays down, in milliseconds. */
  readonly downMs: number;
}

export interface PlanOptions {
  readonly seed: number;
  readonly messages: number;
  readonly kills: number;
  readonly victims: readonly Victim[];
  /** The points of araldo. */
  readonly points: readonly Point[];
}

export const allVictims: readonly Victim[] = ['araldo', 'source', 'sink'];

/** The victims in turn, and the points in turn. */
export function killPlan({ seed, messages, kills, victims, points }: PlanOptions): readonly Kill[] {
  const random = seededRandom(seed);
  return Array.from({ length: kills }, (_, index) => {
    const victim = victims[index % victims.length] ?? 'araldo';
    const point = points[Math.floor(index / victims.length) % points.length] ?? 'any';
    return {
      victim,
      point: victim === 'araldo' ? point : 'any',
      after: Math.floor((messages * (index + 0.25 + random() * 0.5)) / (kills + 1)),
      delayMs: random() * 30,
      downMs: random() * 200,
    };
  });
}
