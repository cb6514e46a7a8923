// Legs that spill in a whole server: over a stop and a start, and with a file that they cannot have.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from './support/peer.ts';
import { serve, until } from './support/server.ts';
import { legsAddUp } from './support/sums.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'araldo-spill-'));
});
afterAll(() => rm(folder, { recursive: true }));

const config = (path: string, sink = 'browsers') => ({
  plugins: [
    { name: 'json', id: 'marshal-json' },
    { name: 'ticks', id: 'endpoint-mock' },
    { name: sink, id: 'endpoint-websocket', path: '/ws', 'when-empty': 'hold' },
  ],
  routes: { ticks: [{ to: sink, overflow: { policy: 'spill', buffer: 10, path: join(folder, path) } }] },
});

test('what is on disk at a stop is sent first by the next start, and the counts add up', async () => {
  const labels = { route: 'ticks', sink: 'browsers' };
  const emit = (to: Awaited<ReturnType<typeof serve>>, numbers: readonly number[]): void => {
    const ticks = to.server.endpoint('ticks') as unknown as { emit(payload: unknown): void };
    for (const n of numbers) ticks.emit({ n });
  };
  const numbers = (from: number, to: number): number[] =>
    Array.from({ length: to - from }, (_, place) => from + place);
  {
    await using araldo = await serve(config('data/ticks.db'));
    emit(araldo, numbers(0, 500));
    await until('the disk has them', async () => {
      return (await araldo.metric('araldo_leg_spilled_total', labels)) === 490;
    });
    await legsAddUp(araldo);
    expect(await araldo.metric('araldo_leg_held', labels)).toBe(500);
    expect(await araldo.metric('araldo_leg_disk_messages', labels)).toBe(490);
    const left = await araldo.server.stop({ deadlineMs: 50 });
    expect(left).toEqual({ unsettled: 10, undelivered: 10, onDisk: 490 });
  }
  await using araldo = await serve(config('data/ticks.db'));
  emit(araldo, numbers(500, 510));
  using browser = await connect(araldo.port, '/ws');
  const received = await browser.has(500);
  expect(received.map((text) => (JSON.parse(text as string) as { n: number }).n)).toEqual(numbers(10, 510));
  await until('the disk is empty', async () => {
    return (await araldo.metric('araldo_leg_disk_messages', labels)) === 0;
  });
  expect(await araldo.metric('araldo_leg_restored_total', labels)).toBe(490);
  expect(await araldo.metric('araldo_leg_delivered_total', labels)).toBe(500);
  await legsAddUp(araldo);
});

test('a file that is in use, or that of another leg, stops the start before anything opens', async () => {
  {
    await using _first = await serve(config('a.db'));
    await expect(serve(config('a.db'))).rejects.toMatchObject({ code: 'spill-locked' });
  }
  await expect(serve(config('a.db', 'others'))).rejects.toMatchObject({
    code: 'spill-mismatch',
    message: expect.stringContaining(
      'expected the messages of ticks → others, found those of ticks → browsers',
    ),
  });
  await using again = await serve(config('a.db'));
  expect(again.server.status().state).toBe('running');
});
