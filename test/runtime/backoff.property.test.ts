import { describe, it } from 'vitest';
import { backoff } from '../../src/runtime/backoff.ts';
import { backoffLaw } from '../../src/testing/laws/backoff-law.ts';
import { runs } from '../runs.ts';

describe('backoff', () => {
  it('law 21: pauses lie within [min, max], are jittered, and begin anew only after a stable success', () =>
    backoffLaw(backoff, runs()));
});
