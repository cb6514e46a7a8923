import { describe, it } from 'vitest';
import { lawGroup } from './group.ts';
import { wanted } from './wanted.ts';

const { holds, allHold } = lawGroup(wanted[14]);

describe('law 14 (containment)', () => {
  it('a throw, rejection, hang or undefined from a step changes the outcome of its own message alone', () =>
    holds(14));
});

describe('all laws', () => {
  it('hold behind steps with all their mistakes', allHold);
});
