import { describe, it } from 'vitest';
import { runs } from '../runs.ts';
import { holds } from './run.ts';

describe('law 1 (conservation)', () => {
  it('what came in is filtered, delivered, discarded, dead or held, for every leg and route at every step', async () => {
    await holds(1, {}, runs());
  });
});
