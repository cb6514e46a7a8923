import { describe, it } from 'vitest';
import { lawGroup } from './group.ts';

// Nobody takes lanes away, and no operator that may lose messages is there.
const { holds } = lawGroup({
  policies: ['pause'],
  steps: ['fn', 'async', 'batch', 'breaks', 'ends'],
  actions: ['hand', 'turn', 'wait', 'stall', 'flow', 'lose', 'reopen', 'late', 'confirm', 'hold', 'release'],
});

describe('law 2 (lossless)', () => {
  it('each sink receives exactly what the steps made of what was emitted, when all legs pause', () =>
    holds(2));
});

describe('law 12 (liveness)', () => {
  it('behind pause legs every gate opens again, and every obligation ends, once all sinks take messages', () =>
    holds(12));
});
