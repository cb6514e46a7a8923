import { describe, it } from 'vitest';
import { lawGroup } from './group.ts';
import { wanted } from './wanted.ts';

const { holds, allHold } = lawGroup(wanted[5]);

describe('law 5 (gate)', () => {
  it('nothing is emitted while the gate is shut, and a lane that hands over into it is paused at once', () =>
    holds(5));
});

describe('law 6 (window)', () => {
  it('what is unsettled, or its span where acks are cumulative, never exceeds max-in-flight', () => holds(6));
});

describe('law 12 (liveness)', () => {
  it('every gate opens again, and every obligation ends, once all sinks take messages', () => holds(12));
});

describe('all laws', () => {
  it('hold behind the gates of few routes', allHold);
});
