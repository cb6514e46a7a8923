import { describe, expect, it } from 'vitest';
import { whyIgnored } from './ignore-words.ts';
import { type Mutant, percentOf, scoresOf, tableOf } from './score.ts';

const mutant = (file: string, status: string): Mutant => ({
  file,
  line: 1,
  column: 1,
  endLine: 1,
  endColumn: 2,
  mutator: 'BooleanLiteral',
  replacement: 'false',
  status,
});

describe('mutation score', () => {
  const scores = scoresOf([
    mutant('operators/map.ts', 'Killed'),
    mutant('src/core/ring.ts', 'Killed'),
    mutant('src/core/ring.ts', 'Endless'),
    mutant('src/core/ring.ts', 'Survived'),
    mutant('src/core/gate.ts', 'NoCoverage'),
    mutant('src/core/gate.ts', 'Ignored'),
  ]);

  it('is what was noticed of what was tried, by file, folder and in all', () => {
    expect(scores.map((score) => [score.name, Math.round(percentOf(score))])).toEqual([
      ['operators/map.ts', 100],
      ['src/core/gate.ts', 0],
      ['src/core/ring.ts', 67],
      ['operators/', 100],
      ['src/core/', 50],
      ['all', 60],
    ]);
  });

  it('is 100 where nothing was tried', () => {
    const [score] = scoresOf([mutant('src/core/hops.ts', 'Ignored')]);
    expect(score && percentOf(score)).toBe(100);
  });

  it('is a row of a table', () => {
    expect(tableOf(scores.slice(2, 3)).split('\n').at(-1)).toBe(
      '| src/core/ring.ts | 66.7 | 1 | 1 | 1 | 0 | 0 |',
    );
  });
});

describe('what is not broken', () => {
  const text = { type: 'StringLiteral' };
  const error = { type: 'NewExpression', callee: { type: 'Identifier', name: 'AraldoError' } };
  const property = { type: 'Identifier', name: 'warn' };
  const warning = { type: 'CallExpression', callee: { type: 'MemberExpression', property } };

  it('is the sentence of an error, not its code', () => {
    expect(whyIgnored({ node: text, parent: error, listKey: 'arguments', key: 1 })).toBeDefined();
    expect(whyIgnored({ node: text, parent: error, listKey: 'arguments', key: 0 })).toBeUndefined();
  });

  it('is the sentence of a line of the log, not its fields', () => {
    expect(whyIgnored({ node: text, parent: warning, listKey: 'arguments', key: 1 })).toBeDefined();
    const fields = { type: 'ObjectExpression' };
    expect(whyIgnored({ node: fields, parent: warning, listKey: 'arguments', key: 0 })).toBeUndefined();
  });
});
