import { describe, expect, it } from 'vitest';
import { parseArguments } from '../../bench/arguments.ts';

const known = ['1-1', 'chat'];

describe('arguments of the bench', () => {
  it('mean everything, five times, when there are none', () => {
    expect(parseArguments([], known)).toEqual({
      names: [],
      seconds: 0.9,
      runs: 5,
      cpuProf: false,
      heapProf: false,
      help: false,
    });
  });

  it('name workloads and say how long', () => {
    const parsed = parseArguments(['chat', '1-1', '--seconds', '0.5', '--runs=2', '--cpu-prof'], known);
    expect(parsed).toMatchObject({ names: ['chat', '1-1'], seconds: 0.5, runs: 2, cpuProf: true });
  });

  it('are refused with what there is', () => {
    expect(() => parseArguments(['chit'], known)).toThrow('"chit"; there are: 1-1, chat');
    expect(() => parseArguments(['--seconds', 'ten'], known)).toThrow(
      '--seconds: expected a number above 0, found "ten"',
    );
    expect(() => parseArguments(['--runs', '0'], known)).toThrow('--runs');
    expect(() => parseArguments(['--fast'], known)).toThrow('--fast');
  });
});
