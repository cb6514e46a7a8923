import { describe, it } from 'vitest';
import { lawGroup } from './group.ts';
import { answers, firsts, wanted } from './wanted.ts';

const cumulative = lawGroup(wanted[11]);
const first = lawGroup(firsts);
const answered = lawGroup(answers);

describe('law 9 (single settlement)', () => {
  it('a message is settled by the first leg that has it, and by nothing after', () => first.holds(9));
});

describe('law 11 (floor)', () => {
  it('a cumulative commit covers no unsettled message, and never goes back', () => cumulative.holds(11));
});

describe('law 12 (liveness)', () => {
  it('whatever sinks confirm, in whatever order, makes room for what comes next', () => answered.holds(12));
});

describe('all laws', () => {
  it('hold where acks are cumulative', cumulative.allHold);
  it('hold where the first leg settles', first.allHold);
  it('hold where sinks confirm in no order', answered.allHold);
});
