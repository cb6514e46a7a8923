import { describe, expect, it } from 'vitest';
import { allVictims, killPlan } from './kill-plan.ts';
import { holds, type Row, tableOf } from './results.ts';
import { sizesFrom } from './sizes.ts';
import { allPairs, readPairs, ring } from './systems.ts';
import { createTally } from './tally.ts';

describe('the tally', () => {
  it('counts what is lost, what came twice, and what nobody sent', () => {
    const tally = createTally(100);
    const [first, second, third, fourth] = tally.next(4) as [Buffer, Buffer, Buffer, Buffer];
    tally.confirmed([true, true, true, false]);
    for (const payload of [first, first, second, fourth]) tally.came(payload);
    tally.came(Buffer.from('7 xxx'));
    tally.came(Buffer.from(`${third.toString()}x`));
    tally.came(Buffer.from('nobody'));
    expect(tally.counts()).toEqual({
      ...{ attempted: 4, acknowledged: 3, delivered: 3, lost: 1, duplicated: 1, unexpected: 3 },
    });
  });

  it('counts what a server marks as redelivered only once', () => {
    const tally = createTally(10);
    const [first, second] = tally.next(2) as [Buffer, Buffer];
    tally.confirmed([true, true]);
    for (const payload of [first, second]) tally.came(payload);
    for (const payload of [first, second]) tally.again(payload);
    expect(tally.counts()).toMatchObject({ delivered: 2, lost: 0, duplicated: 0 });
  });

  it('attempts no more than it can count', () => {
    const tally = createTally(3);
    expect(tally.next(5)).toHaveLength(3);
    expect(() => tally.next(1)).toThrow(/more than 3/);
  });
});

describe('the plan of kills', () => {
  const options = {
    messages: 1_000,
    kills: 10,
    victims: allVictims,
    points: ['unconfirmed', 'unacked'] as const,
  };

  it('is the same for the same seed, and another for another', () => {
    expect(killPlan({ ...options, seed: 7 })).toEqual(killPlan({ ...options, seed: 7 }));
    expect(killPlan({ ...options, seed: 7 })).not.toEqual(killPlan({ ...options, seed: 8 }));
  });

  it('kills all three in turn and at each point, one after the other, while there is something to carry', () => {
    const plan = killPlan({ ...options, seed: 7 });
    expect(plan.map(({ victim }) => victim).slice(0, 4)).toEqual(['araldo', 'source', 'sink', 'araldo']);
    const ofAraldo = plan.filter(({ victim }) => victim === 'araldo').map(({ point }) => point);
    expect(ofAraldo).toEqual(['unconfirmed', 'unacked', 'unconfirmed', 'unacked']);
    const after = plan.map((kill) => kill.after);
    expect(after).toEqual(after.toSorted((one, other) => one - other));
    expect(after.at(-1)).toBeLessThan(1_000);
  });
});

describe('pairs', () => {
  it('are each system to each other one, or a ring of them, or those that are named', () => {
    expect(allPairs).toHaveLength(20);
    expect(ring.map(([source]) => source).toSorted()).toEqual(ring.map(([, sink]) => sink).toSorted());
    expect(readPairs('kafka:amqp, mqtt:redis-stream')).toEqual([
      ['kafka', 'amqp'],
      ['mqtt', 'redis-stream'],
    ]);
    expect(() => readPairs('kafka:rabbit')).toThrow(/found "kafka:rabbit"/);
  });

  it('are few and short unless more is asked for', () => {
    expect(sizesFrom({})).toMatchObject({ messages: 2_000, kills: 2, pairs: ring });
    expect(sizesFrom({ ARALDO_PAIRS: 'all' })).toMatchObject({
      messages: 100_000,
      kills: 18,
      pairs: allPairs,
    });
    expect(sizesFrom({ ARALDO_SEED: '5', ARALDO_KILLS: '3' })).toMatchObject({ seed: 5, kills: 3 });
    expect(() => sizesFrom({ ARALDO_KILLS: 'many' })).toThrow(/ARALDO_KILLS.*"many"/);
  });
});

describe('the table', () => {
  const row: Row = {
    ...{ source: 'kafka', sink: 'mqtt', seed: 5, versions: ['3.9.1', '2.0.11'] },
    ...{ attempted: 110, acknowledged: 100, delivered: 105, lost: 0, duplicated: 9, unexpected: 0 },
    killed: {
      ...{ araldo: 4, source: 3, sink: 3 },
      ...{ any: 1, unconfirmed: 1, unacked: 1, rebalance: 1, reload: 0, spilled: 0 },
    },
    ...{ bound: 10, seconds: 2 },
  };

  it('has a line for each pair that was measured, and says which ones were not', () => {
    const text = tableOf({ commit: 'abc', date: '2026-11-23', rows: [row] });
    expect(text).toContain('1 of 20 pairs are measured.\nNot measured: redis-stream to jetstream, ');
    expect(text).toContain(
      '| kafka 3.9.1 | mqtt 2.0.11 | 4 | 3 | 3 | 3 | 110 | 100 | 105 | 0 | 9 | 10 | 0 | 53 | 2.0 | 5 | abc | 2026-11-23 |',
    );
  });

  it('keeps the lines of other pairs, in one order, and replaces its own', () => {
    const other: Row = { ...row, source: 'amqp' };
    const before = tableOf({ commit: 'abc', date: '2026-11-22', rows: [row, other] });
    const text = tableOf({ commit: 'def', date: '2026-11-23', rows: [row], before });
    const lines = text.split('\n').filter((line) => line.includes('| mqtt'));
    expect(lines).toEqual([
      expect.stringMatching(/^\| amqp .* \| abc \| 2026-11-22 \|$/),
      expect.stringMatching(/^\| kafka .* \| def \| 2026-11-23 \|$/),
    ]);
    expect(text).toContain('2 of 20 pairs are measured.');
  });

  it('says whether it is as it must be', () => {
    expect(holds(row)).toBe(true);
    expect(holds({ ...row, lost: 1 })).toBe(false);
    expect(holds({ ...row, unexpected: 1 })).toBe(false);
    expect(holds({ ...row, duplicated: 11 })).toBe(false);
  });
});
