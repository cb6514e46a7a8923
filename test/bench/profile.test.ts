import { describe, expect, it } from 'vitest';
import { byFile, cpuCosts, heapCosts } from '../../bench/report/profile.ts';

const frame = (functionName: string, url = '', lineNumber = 0) => ({ functionName, url, lineNumber });

describe('profiles', () => {
  it('add up the time of each place, without that of doing nothing', () => {
    const costs = cpuCosts(
      {
        nodes: [
          { id: 1, callFrame: frame('(idle)') },
          { id: 2, callFrame: frame('offer', 'file:///project/src/core/leg.ts', 99) },
          { id: 3, callFrame: frame('', 'node:net', 9) },
          { id: 4, callFrame: frame('offer', 'file:///project/src/core/leg.ts', 99) },
        ],
        samples: [1, 2, 3, 4, 2],
        timeDeltas: [1_000, 10, 5, 20, 30],
      },
      '/project',
    );
    expect([...costs]).toEqual([
      ['offer src/core/leg.ts:100', 60],
      ['(anonymous) node:net:10', 5],
    ]);
  });

  it('are also added up by file', () => {
    const costs = new Map([
      ['offer src/core/leg.ts:100', 60],
      ['ConsumerObserver.next src/core/leg.ts:7', 4],
      ['(garbage collector)', 5],
    ]);
    expect([...byFile(costs)]).toEqual([
      ['src/core/leg.ts', 64],
      ['(garbage collector)', 5],
    ]);
  });

  it('add up the bytes of each place, however deep', () => {
    const leaf = {
      callFrame: frame('with', 'file:///project/src/core/message.ts', 0),
      selfSize: 8,
      children: [],
    };
    const head = { callFrame: frame('(root)'), selfSize: 0, children: [leaf, { ...leaf, children: [leaf] }] };
    expect([...heapCosts({ head }, '/project')]).toEqual([['with src/core/message.ts:1', 24]]);
  });
});
