import { describe, it } from 'vitest';
import { lawGroup } from './group.ts';
import { wanted } from './wanted.ts';

const { holds, allHold } = lawGroup(wanted[15]);

describe('law 15 (bounded stack)', () => {
  it('emissions and writes stand within each other no deeper than there are endpoints', () => holds(15));
});

describe('all laws', () => {
  it('hold in cycles of routes', allHold);
});
