// Whole routes under load: what a `pause` route promises, what a lossy one keeps, and that the counts add up.

import { describe, expect, test } from 'vitest';
import type { MockEndpoint } from '../../plugins/endpoint-mock/index.ts';
import { serve, type TestServer, until } from './support/server.ts';
import { legsAddUp } from './support/sums.ts';

const MESSAGES = 100_000;

/** A mock, and another one on its channel that hears all that the first is sent. */
function observed(name: string) {
  return [
    { name, id: 'endpoint-mock', channel: name },
    { name: `${name}-probe`, id: 'endpoint-mock', channel: name },
  ];
}

function mock(araldo: TestServer, name: string): MockEndpoint {
  return araldo.server.endpoint<MockEndpoint>(name);
}

/** All payloads that a sink is sent from now on. */
function sentTo(araldo: TestServer, name: string): unknown[] {
  const payloads: unknown[] = [];
  araldo.server.endpoint(`${name}-probe`).subscribe(({ payload }) => payloads.push(payload));
  return payloads;
}

function route(overflow: string, buffer: number) {
  return {
    plugins: [{ name: 'source', id: 'endpoint-mock', 'max-in-flight': 1024 }, ...observed('sink')],
    routes: { source: { to: [{ to: 'sink', overflow, buffer }] } },
  };
}

/** Stalls and proceeds at random moments until it is stopped. */
function stallAtRandom(sink: MockEndpoint): () => void {
  let timer: NodeJS.Timeout;
  const next = (isStalled: boolean): void => {
    if (isStalled) sink.stall();
    else sink.proceed();
    timer = setTimeout(() => next(!isStalled), Math.random() * 4);
  };
  next(true);
  return () => {
    clearTimeout(timer);
    sink.proceed();
  };
}

describe('a route under load', () => {
  test('with pause and a sink that stalls at random, loses none, repeats none, keeps order, and stays flat', async () => {
    await using araldo = await serve(route('pause', 256));
    const source = mock(araldo, 'source');
    const sink = mock(araldo, 'sink');
    const received = sentTo(araldo, 'sink');
    const stop = stallAtRandom(sink);
    const memory: number[] = [];
    let emitted = 0;
    while (emitted < MESSAGES) {
      // As a transport that can pause: what is read already may still come, then it waits.
      for (let chunk = 0; chunk < 500 && source.inbound.gate.isOpen; chunk += 1) {
        source.emit(emitted);
        emitted += 1;
        if (emitted === MESSAGES) break;
      }
      if (emitted % 10_000 < 500) memory.push(process.memoryUsage.rss());
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until('all have arrived', () => araldo.server.status().routes[0]?.legs[0]?.delivered === MESSAGES);
    stop();
    expect(received).toEqual(Array.from({ length: MESSAGES }, (_, number) => number));
    expect(source.inbound.gate.inFlight).toBe(0);
    expect(araldo.server.status().routes[0]?.legs[0]?.holds).toBeGreaterThan(0);
    const half = memory.length >> 1;
    const growth = Math.max(...memory.slice(half)) - Math.max(...memory.slice(0, half));
    // What the sink keeps for this test is a part of it: 100,000 messages of some 300 bytes.
    expect(growth).toBeLessThan(100 * 1024 * 1024);
    await legsAddUp(araldo);
  });

  test('with drop-oldest, the last n of what a stalled sink missed arrive', async () => {
    await using araldo = await serve(route('drop-oldest', 500));
    const source = mock(araldo, 'source');
    const sink = mock(araldo, 'sink');
    const received = sentTo(araldo, 'sink');
    sink.stall();
    for (let number = 0; number < MESSAGES; number += 1) source.emit(number);
    sink.proceed();
    await until('the leg is empty', () => araldo.server.status().routes[0]?.legs[0]?.held === 0);
    expect(received).toEqual(Array.from({ length: 500 }, (_, number) => MESSAGES - 500 + number));
    expect(await araldo.metric('araldo_leg_discarded_total', { sink: 'sink', reason: 'drop-oldest' })).toBe(
      MESSAGES - 500,
    );
    await legsAddUp(araldo);
  });

  test('with latest, the newest value of each key arrives', async () => {
    await using araldo = await serve({
      plugins: [{ name: 'source', id: 'endpoint-mock' }, ...observed('sink')],
      routes: { source: { to: [{ to: 'sink', overflow: 'latest', key: 'payload.symbol' }] } },
    });
    const source = mock(araldo, 'source');
    const sink = mock(araldo, 'sink');
    const received = sentTo(araldo, 'sink');
    sink.stall();
    for (let price = 0; price < 300; price += 1) source.emit({ symbol: 'ABC'[price % 3], price });
    sink.proceed();
    await until('the leg is empty', () => araldo.server.status().routes[0]?.legs[0]?.held === 0);
    expect(received).toEqual([
      { symbol: 'A', price: 297 },
      { symbol: 'B', price: 298 },
      { symbol: 'C', price: 299 },
    ]);
    await legsAddUp(araldo);
  });

  test('one stalled sink with a lossy leg holds neither its source nor the other sink', async () => {
    await using araldo = await serve({
      plugins: [{ name: 'source', id: 'endpoint-mock' }, ...observed('slow'), ...observed('fast')],
      routes: { source: { to: [{ to: 'slow', overflow: 'drop-newest', buffer: 10 }, 'fast'] } },
    });
    const source = mock(araldo, 'source');
    const slow = mock(araldo, 'slow');
    const toSlow = sentTo(araldo, 'slow');
    const toFast = sentTo(araldo, 'fast');
    slow.stall();
    for (let number = 0; number < 10_000; number += 1) source.emit(number);
    await until('the fast one has all', () => toFast.length === 10_000);
    slow.proceed();
    await until('the slow one has what was kept', () => toSlow.length === 10);
    expect(toSlow).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await legsAddUp(araldo);
  });
});
