import { describe, expect, it } from 'vitest';
import { type Readiness, readinessOf } from '../../src/http/health.ts';
import type { ServerStatus, SourceStatus } from '../../src/http/status.ts';
import { serve } from './serve.ts';
import { endpointStatus, routeStatus, serverStatus } from './status.ts';

const source: SourceStatus = {
  received: 0,
  acked: 0,
  nacked: 0,
  rejected: 0,
  overrun: 0,
  stashed: 0,
  inFlight: 0,
  window: 1_024,
  isFull: false,
  holders: [],
};

async function ask(status: ServerStatus): Promise<{ code: number; body: Readiness }> {
  await using served = await serve({ status: { status: () => status } });
  const answer = await fetch(`${served.url}/readyz`);
  return { code: answer.status, body: (await answer.json()) as Readiness };
}

describe('/livez', () => {
  it('answers 200 even when nothing is ready', async () => {
    await using served = await serve({ status: { status: () => serverStatus({ state: 'draining' }) } });
    expect((await fetch(`${served.url}/livez`)).status).toBe(200);
  });
});

describe('/readyz', () => {
  it('answers 200 when every endpoint is open', async () => {
    const { code, body } = await ask(serverStatus({ endpoints: [endpointStatus()] }));
    expect(code).toBe(200);
    expect(body).toEqual({
      isReady: true,
      state: 'running',
      reasons: [],
      endpoints: [
        {
          name: 'chat',
          id: 'endpoint-websocket',
          state: 'open',
          since: '2026-11-22T00:00:00.000Z',
          reconnects: 0,
        },
      ],
      gates: [],
      steps: [],
    });
  });

  it('answers 503 and names the endpoint that is not open, with the code of its error', async () => {
    const broken = endpointStatus({
      name: 'orders',
      state: 'broken',
      lastError: 'connect-failed',
      reconnects: 3,
    });
    const { code, body } = await ask(serverStatus({ endpoints: [endpointStatus(), broken] }));
    expect(code).toBe(503);
    expect(body.reasons).toEqual(['endpoint orders is broken (connect-failed)']);
    expect(body.endpoints[1]).toMatchObject({ lastError: 'connect-failed', reconnects: 3 });
  });

  it.each(['closed', 'opening', 'broken'] as const)('answers 503 while an endpoint is %s', async (state) => {
    const { code, body } = await ask(serverStatus({ endpoints: [endpointStatus({ state })] }));
    expect(code).toBe(503);
    expect(body.reasons).toEqual([`endpoint chat is ${state}`]);
  });

  it.each(['starting', 'draining'] as const)('answers 503 while the server is %s', async (state) => {
    const { code, body } = await ask(serverStatus({ state }));
    expect(code).toBe(503);
    expect(body.reasons).toEqual([`the server is ${state}`]);
  });

  it('answers 503 when a route stands still at a message that failed', async () => {
    const { code, body } = await ask(
      serverStatus({ routes: [routeStatus({ name: 'orders', heldByError: 1 })] }),
    );
    expect(code).toBe(503);
    expect(body.reasons).toEqual(['route orders stands still at a message that failed']);
  });

  it('names a step that keeps messages longer than the watchdog waits, and is ready', () => {
    const keeping = [
      { step: 'orders.via[0] ./debounce.ts', held: 12, oldestMs: 61_400, isOverdue: true },
      { step: 'orders.via[1] ./batch.ts', held: 3, oldestMs: 2_000, isOverdue: false },
    ];
    expect(readinessOf(serverStatus({ routes: [routeStatus({ keeping })] }))).toMatchObject({
      isReady: true,
      steps: [{ step: 'orders.via[0] ./debounce.ts', held: 12, seconds: 61 }],
    });
  });

  it('names who holds a gate, and is ready: waiting for a slow sink is what was asked for', () => {
    const endpoints = [
      endpointStatus({ name: 'orders', source: { ...source, holders: ['orders → archive'] } }),
      endpointStatus({ name: 'full', source: { ...source, isFull: true } }),
      endpointStatus({ name: 'open', source }),
    ];
    expect(readinessOf(serverStatus({ endpoints }))).toMatchObject({
      isReady: true,
      gates: [
        { endpoint: 'orders', holders: ['orders → archive'], isFull: false },
        { endpoint: 'full', holders: [], isFull: true },
      ],
    });
  });
});
