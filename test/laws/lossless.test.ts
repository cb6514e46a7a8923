import { describe, it } from 'vitest';
import { lawGroup } from './group.ts';
import { wanted } from './wanted.ts';

const { holds, allHold } = lawGroup(wanted[2]);

describe('law 2 (lossless)', () => {
  it('each sink receives exactly what the steps made of what was emitted, when all legs pause', () =>
    holds(2));
});

describe('law 12 (liveness)', () => {
  it('behind pause legs every gate opens again, and every obligation ends, once all sinks take messages', () =>
    holds(12));
});

describe('all laws', () => {
  it('hold where nothing may be lost', allHold);
});
