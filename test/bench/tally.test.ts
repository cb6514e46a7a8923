import { describe, expect, it } from 'vitest';
import { createTally, giveUp, noteSent, underWay } from '../../bench/generator/tally.ts';

describe('tally', () => {
  it('expects each message at each subscriber', () => {
    const tally = createTally(127, 100);
    noteSent(tally, 3);
    expect(tally.sent).toBe(3);
    expect(underWay(tally)).toBe(3 * 100 * 127);
  });

  it('expects nothing more of a subscriber that is gone', () => {
    const tally = createTally(10, 2);
    noteSent(tally, 1);
    tally.fanOut -= 1;
    noteSent(tally, 1);
    expect(underWay(tally)).toBe(30);
  });

  it('counts what it gives up as lost, and goes on from there', () => {
    const tally = createTally(10, 2);
    noteSent(tally, 5);
    tally.received = 70;
    expect(giveUp(tally)).toBe(3);
    expect(tally.lost).toBe(3);
    expect(underWay(tally)).toBe(0);
  });
});
