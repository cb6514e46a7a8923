import { describe, it } from 'vitest';
import { lawGroup } from './group.ts';
import { wanted } from './wanted.ts';

const { holds, allHold } = lawGroup(wanted[3]);

describe('law 3 (order)', () => {
  it('first deliveries of a lane reach each sink in the order of acceptance, under latest those of a key', () =>
    holds(3));
});

describe('law 4 (same order for all)', () => {
  it('all legs of a route are offered the same messages in the same order, when emission re-enters too', () =>
    holds(4));
});

describe('all laws', () => {
  it('hold behind steps that keep order', allHold);
});
