import { describe, it } from 'vitest';
import { lawGroup } from './group.ts';
import { wanted } from './wanted.ts';

const { holds, allHold } = lawGroup(wanted[21], { share: 0.5 });

describe('law 21 (backoff)', () => {
  it('what a sink refuses is sent again after a jittered pause within its bounds, so often and no more', () =>
    holds(21));
});

describe('laws 1, 2, 3, 7, 9 and 10 under retry', () => {
  it.each([1, 2, 3, 7, 9, 10])('law %i holds where each leg tries again', (law) => holds(law));
});

describe('all laws', () => {
  it('hold where each leg tries again', allHold);
});
