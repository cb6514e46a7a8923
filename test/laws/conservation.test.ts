import { describe, it } from 'vitest';
import { lawGroup } from './group.ts';
import { wanted } from './wanted.ts';

const { holds } = lawGroup(wanted[1]);

describe('law 1 (conservation)', () => {
  it('what came in is filtered, delivered, discarded, dead or held, for every leg and route, after each action', () =>
    holds(1));
});
