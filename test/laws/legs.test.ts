import { describe, it } from 'vitest';
import { lawGroup } from './group.ts';
import { wanted } from './wanted.ts';

const { holds, allHold } = lawGroup(wanted[7]);
const pausing = lawGroup(wanted[16]);

describe('law 7 (bound)', () => {
  it('no leg keeps more than its capacity; a full pause leg holds the source of all that comes to it', () =>
    holds(7));
});

describe('law 8 (policy exactness)', () => {
  it('what waits in a leg is what a plain array keeps under its policy', () => holds(8));
});

describe('law 16 (hysteresis)', () => {
  it('between two holds by a leg at least half its capacity has left it', () => pausing.holds(16));
});

describe('all laws', () => {
  it('hold where little stands before the legs', allHold);
  it('hold where all legs pause', pausing.allHold);
});
