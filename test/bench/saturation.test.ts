import { describe, expect, it } from 'vitest';
import type { Link } from '../../bench/generator/link.ts';
import { protocolOf } from '../../bench/generator/protocol.ts';
import { createSaturation } from '../../bench/generator/saturation.ts';
import { createTally, underWay } from '../../bench/generator/tally.ts';

const protocol = protocolOf({ kind: 'websocket', port: 1, path: '/' });
const payload = Buffer.from('x'.repeat(98));
const size = 100;

/** A link that takes what it is given until it is full. */
function link(room: number, takes = Number.POSITIVE_INFINITY): Link & { written: number } {
  const fake = {
    room,
    written: 0,
    isBlocked: false,
    isOpen: true,
    onDrain: () => undefined,
    socket: {
      write(chunk: Buffer) {
        fake.written += chunk.byteLength;
        return fake.written < takes;
      },
    },
  };
  return fake as unknown as Link & { written: number };
}

function saturate(publishers: readonly Link[], windowBytes = 1_000) {
  const subscribers = 10;
  const tally = createTally(size, subscribers);
  const saturation = createSaturation({
    publishers,
    protocol,
    payload,
    tally,
    windowBytes,
    subscribers,
    publishersPerRoom: publishers.length,
  });
  return { tally, saturation };
}

describe('saturation', () => {
  it('fills the window of every subscriber, and sends again as room is made', () => {
    const { tally, saturation } = saturate([link(0)]);
    saturation.pump();
    const full = tally.sent;
    expect(underWay(tally)).toBeGreaterThanOrEqual(1_000 * 10);
    expect(underWay(tally)).toBeLessThan(1_000 * 10 + 3 * size * 10);
    saturation.pump();
    expect(tally.sent).toBe(full);
    tally.received += 5_000;
    saturation.pump();
    expect(tally.sent).toBeGreaterThan(full);
  });

  it('has no more under way than a quarter of a second brings, between a least and the most', () => {
    const { tally, saturation } = saturate([link(0)], 64_000);
    const filled = (): number => {
      saturation.pump();
      return underWay(tally);
    };
    const chunk = 161 * size * 10;
    const least = 8 * 1024 * 10;
    expect(filled()).toBeGreaterThanOrEqual(least);
    expect(filled()).toBeLessThan(least + chunk);
    saturation.fit(4 * 300_000);
    expect(filled()).toBeGreaterThanOrEqual(300_000);
    expect(filled()).toBeLessThan(300_000 + chunk);
    saturation.fit(1e12);
    expect(filled()).toBeGreaterThanOrEqual(640_000);
    expect(filled()).toBeLessThan(640_000 + chunk);
  });

  it('lets publishers send in turn', () => {
    const publishers = [link(0), link(0), link(0)];
    saturate(publishers).saturation.pump();
    const written = publishers.map((publisher) => publisher.written);
    expect(Math.max(...written) - Math.min(...written)).toBeLessThanOrEqual(104);
  });

  it('passes over a publisher that cannot write until it drains', () => {
    const blocked = link(0, 1);
    const { tally, saturation } = saturate([blocked, link(0)]);
    saturation.pump();
    expect(blocked.written).toBe(104);
    expect(underWay(tally)).toBeGreaterThanOrEqual(1_000 * 10);
  });

  it('ends when nobody can write', () => {
    const { tally, saturation } = saturate([link(0, 1), link(0, 1)]);
    saturation.pump();
    expect(tally.sent).toBe(2);
  });

  it('sends nothing once it is stopped', () => {
    const { tally, saturation } = saturate([link(0)]);
    saturation.stop();
    saturation.pump();
    expect(tally.sent).toBe(0);
  });
});
