import { describe, it } from 'vitest';
import { lawGroup } from './group.ts';

const { holds } = lawGroup({ steps: ['fn', 'async'] });

describe('law 15 (bounded stack)', () => {
  it('emissions and writes stand within each other no deeper than there are endpoints', () => holds(15));
});
