import { describe, it } from 'vitest';
import { lawGroup } from './group.ts';

const { holds } = lawGroup({ steps: ['fn', 'async', 'breaks', 'ends', 'batch'] });

describe('law 14 (containment)', () => {
  it('a throw, rejection, hang or undefined from a step changes the outcome of its own message alone', () =>
    holds(14));
});
