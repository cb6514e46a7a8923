// The topologies on which each law is examined. Small where the law is about one part, all there is where it is not.

import type { SpillWanted } from './spill-script.ts';
import type { Wanted } from './topology.ts';

/** Everything. */
const all: Wanted = {};

/** Legs that pause alone; no lane is taken away, and no operator may lose messages. */
const lossless: Wanted = {
  policies: ['pause'],
  steps: ['fn', 'async', 'batch', 'breaks', 'ends'],
  actions: ['hand', 'turn', 'wait', 'stall', 'flow', 'lose', 'reopen', 'late', 'confirm', 'hold', 'release'],
};

const order: Wanted = { steps: ['fn', 'async', 'batch'] };
const gates: Wanted = { steps: ['fn', 'batch', 'opaque'], maxRoutes: 2 };
const legs: Wanted = { steps: ['fn', 'opaque'] };
const holds: Wanted = { policies: ['pause'], steps: ['fn'], maxRoutes: 2, choices: false };
const cumulative: Wanted = { isCumulative: true, maxRoutes: 2 };
const steps: Wanted = { steps: ['fn', 'async', 'breaks', 'ends', 'batch'], maxRoutes: 2 };
const retries: Wanted = { retries: true, steps: ['fn'], maxRoutes: 2 };
const cycles: Wanted = { steps: ['fn'] };

/** A message is settled by the first leg that has it. */
export const firsts: Wanted = {
  acksFirst: true,
  choices: false,
  policies: ['pause', 'drop-oldest'],
  steps: ['fn'],
  maxRoutes: 2,
};

/** Sinks confirm in no order, and most of what happens is that. */
export const answers: Wanted = {
  confirms: ['by-hand'],
  choices: false,
  policies: ['pause'],
  steps: ['fn'],
  actions: ['hand', 'turn', 'wait', 'flow', 'confirm'],
  maxRoutes: 1,
};

/** By the number of the law; 13 compares runs, and has its own. */
export const wanted: Readonly<Record<number, Wanted>> = {
  1: all,
  2: lossless,
  3: order,
  4: order,
  5: gates,
  6: gates,
  7: legs,
  8: legs,
  9: all,
  10: all,
  11: cumulative,
  12: all,
  14: steps,
  15: cycles,
  16: holds,
  21: retries,
};

const spillHolds: SpillWanted = {
  thens: ['pause'],
  actions: ['hand', 'turn', 'stall', 'flow', 'confirm'],
  isSmall: true,
};

/** For legs that spill: everything there is, for the laws that are not here. */
export const wantedOfSpills: Readonly<Record<number, SpillWanted>> = { 16: spillHolds };
