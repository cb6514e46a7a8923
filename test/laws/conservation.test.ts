import { describe, it } from 'vitest';
import { lawGroup } from './group.ts';
import { wanted } from './wanted.ts';

/** On everything there is: laws 1, 9 and 10 share the cases. */
const { holds, allHold } = lawGroup(wanted[1]);

describe('law 1 (conservation)', () => {
  it('what came in is filtered, delivered, discarded, dead or held, for every leg and route, after each action', () =>
    holds(1));
});

describe('law 9 (single settlement)', () => {
  it('every root settles once, after all that came of it, with the worst status among them', () => holds(9));
});

describe('law 10 (no early ack)', () => {
  it('a message is acked at its source only when every pause leg has it confirmed', () => holds(10));
});

describe('all laws', () => {
  it('hold on topologies of everything there is', allHold);
});
