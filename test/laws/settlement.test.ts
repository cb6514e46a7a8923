import { describe, it } from 'vitest';
import { lawGroup } from './group.ts';
import { wanted } from './wanted.ts';

const { holds } = lawGroup(wanted[9]);
const cumulative = lawGroup(wanted[11]);

describe('law 9 (single settlement)', () => {
  it('every root settles once, after all that came of it, with the worst status among them', () => holds(9));
});

describe('law 10 (no early ack)', () => {
  it('a message is acked at its source only when every pause leg has it confirmed', () => holds(10));
});

describe('law 11 (floor)', () => {
  it('a cumulative commit covers no unsettled message, and never goes back', () => cumulative.holds(11));
});
