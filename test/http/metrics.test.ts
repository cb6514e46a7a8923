import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../src/http/metrics.ts';
import type { ServerStatus, SourceStatus } from '../../src/http/status.ts';
import { runs } from '../runs.ts';
import { serve } from './serve.ts';
import { endpointStatus, legStatus, routeStatus, serverStatus } from './status.ts';

const connections = { count: 1, waiting: 2, accepted: 3, refused: 4 };

const source: SourceStatus = {
  received: 10,
  acked: 5,
  nacked: 1,
  rejected: 2,
  overrun: 3,
  stashed: 4,
  inFlight: 6,
  window: 1_024,
  isFull: true,
  holders: ['orders → archive'],
};

/** The samples of a scrape, by name and labels as they are written. */
async function scrape(status: ServerStatus): Promise<Map<string, number>> {
  const { text } = await createMetrics({ status: () => status }, connections)();
  return parse(text);
}

function parse(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const split = line.lastIndexOf(' ');
    expect(samples.has(line.slice(0, split))).toBe(false);
    samples.set(line.slice(0, split), Number(line.slice(split + 1)));
  }
  return samples;
}

function sum(samples: Map<string, number>, name: string, ...labels: string[]): number {
  let sum = 0;
  for (const [key, value] of samples) {
    if (key.startsWith(`araldo_${name}{`) && labels.every((label) => key.includes(label))) sum += value;
  }
  return sum;
}

describe('/metrics', () => {
  it('is text that Prometheus reads', async () => {
    await using served = await serve();
    const answer = await fetch(`${served.url}/metrics`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const text = await answer.text();
    expect(text).toContain(`araldo_build_info{version="1.2.3",node="${process.version}"} 1`);
    for (const name of [
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'nodejs_eventloop_lag_seconds',
    ])
      expect(text).toMatch(new RegExp(`^${name}(\\{.*\\})? \\d`, 'm'));
    expect(text).not.toMatch(/nan/i);
  });

  it('shows what an endpoint has received and what became of it', async () => {
    const samples = await scrape(
      serverStatus({ endpoints: [endpointStatus({ name: 'orders', reconnects: 7, source })] }),
    );
    const of = (name: string): number | undefined => samples.get(`araldo_${name}{endpoint="orders"}`);
    expect({
      open: of('endpoint_open'),
      reconnects: of('endpoint_reconnects_total'),
      received: of('messages_received_total'),
      acked: of('messages_acked_total'),
      nacked: of('messages_nacked_total'),
      rejected: of('messages_rejected_total'),
      overrun: of('messages_overrun_total'),
      stashed: of('messages_stashed'),
      inFlight: of('messages_in_flight'),
      window: of('window'),
      full: of('window_full'),
    }).toEqual({
      open: 1,
      reconnects: 7,
      received: 10,
      acked: 5,
      nacked: 1,
      rejected: 2,
      overrun: 3,
      stashed: 4,
      inFlight: 6,
      window: 1_024,
      full: 1,
    });
  });

  it('names who holds a gate, and says when it let go', async () => {
    let holders = ['orders → archive'];
    const status = (): ServerStatus =>
      serverStatus({ endpoints: [endpointStatus({ name: 'orders', source: { ...source, holders } })] });
    const take = createMetrics({ status }, connections);
    const key = 'araldo_gate_shut{endpoint="orders",holder="orders → archive"}';
    expect(parse((await take()).text).get(key)).toBe(1);
    holders = [];
    expect(parse((await take()).text).get(key)).toBe(0);
  });

  it('shows what steps keep, and for how long', async () => {
    const keeping = [{ step: 'orders.via[0] ./debounce.ts', held: 12, oldestMs: 61_500, isOverdue: true }];
    const samples = await scrape(serverStatus({ routes: [routeStatus({ name: 'orders', keeping })] }));
    const labels = '{route="orders",step="orders.via[0] ./debounce.ts"}';
    expect(samples.get(`araldo_step_kept${labels}`)).toBe(12);
    expect(samples.get(`araldo_step_oldest_seconds${labels}`)).toBe(61.5);
  });

  it('shows peers, what they lost and who was refused, by reason', async () => {
    const peers = { connected: 3, lagging: 1, lost: { 'drop-oldest': 9 }, refused: { origin: 2 } };
    const samples = await scrape(serverStatus({ endpoints: [endpointStatus({ peers })] }));
    expect(samples.get('araldo_peers{endpoint="chat"}')).toBe(3);
    expect(samples.get('araldo_peers_lagging{endpoint="chat"}')).toBe(1);
    expect(samples.get('araldo_peer_messages_lost_total{endpoint="chat",reason="drop-oldest"}')).toBe(9);
    expect(samples.get('araldo_peers_refused_total{endpoint="chat",reason="origin"}')).toBe(2);
  });

  it('shows requests, and what became of them', async () => {
    const requests = { waiting: 3, asked: 17, answered: 6, timedOut: 5, forgotten: 3, refused: 2 };
    const samples = await scrape(serverStatus({ endpoints: [endpointStatus({ requests })] }));
    expect(samples.get('araldo_requests_waiting{endpoint="chat"}')).toBe(3);
    expect(samples.get('araldo_requests_answered_total{endpoint="chat"}')).toBe(6);
    expect(samples.get('araldo_requests_timed_out_total{endpoint="chat"}')).toBe(5);
    expect(samples.get('araldo_requests_forgotten_total{endpoint="chat"}')).toBe(3);
    expect(samples.get('araldo_requests_refused_total{endpoint="chat"}')).toBe(2);
  });

  it('adds two branches of a route to one sink up', async () => {
    const legs = [
      legStatus({ received: 1, held: 1, depth: 1 }),
      legStatus({ received: 2, held: 2, depth: 2 }),
    ];
    const samples = await scrape(serverStatus({ routes: [routeStatus({ legs })] }));
    expect(samples.get('araldo_leg_received_total{route="chat",sink="chat"}')).toBe(3);
    expect(samples.get('araldo_leg_held{route="chat",sink="chat"}')).toBe(3);
  });

  it('reads the counters anew for each scrape, and does not add them up', async () => {
    let received = 1;
    const take = createMetrics(
      { status: () => serverStatus({ routes: [routeStatus({ received })] }) },
      connections,
    );
    const read = async (): Promise<number | undefined> =>
      parse((await take()).text).get('araldo_route_received_total{route="chat"}');
    expect(await read()).toBe(1);
    received = 5;
    expect(await Promise.all([read(), read()])).toEqual([5, 5]);
  });

  it('forgets an endpoint that is gone', async () => {
    let endpoints = [endpointStatus({ name: 'gone' })];
    const take = createMetrics({ status: () => serverStatus({ endpoints }) }, connections);
    expect((await take()).text).toContain('"gone"');
    endpoints = [];
    expect((await take()).text).not.toContain('"gone"');
  });

  it('conserves messages in every scrape of a status that does', async () => {
    const few = fc.nat(1_000_000);
    const reasons = fc.dictionary(fc.constantFrom('filtered', 'drop-oldest', 'closed'), few);
    const total = (counts: Record<string, number>): number =>
      Object.values(counts).reduce((a, b) => a + b, 0);
    const leg = fc
      .record({ delivered: few, failed: few, discarded: reasons, held: few })
      .map((of) => legStatus({ ...of, received: of.delivered + of.failed + total(of.discarded) + of.held }));
    const route = fc
      .record({ made: few, joined: few, forwarded: few, discarded: reasons, failed: few, held: few, leg })
      .map(({ leg, ...of }) =>
        routeStatus({
          ...of,
          received: of.joined + of.forwarded + total(of.discarded) + of.failed + of.held,
          forwarded: of.forwarded + of.made,
          dead: of.failed + leg.failed,
          legs: [leg],
        }),
      );
    await fc.assert(
      fc.asyncProperty(route, async (route) => {
        const samples = await scrape(serverStatus({ routes: [route] }));
        const at = (name: string): number => sum(samples, name, 'route="chat"');
        expect(at('leg_received_total')).toBe(
          at('leg_delivered_total') + at('leg_failed_total') + at('leg_discarded_total') + at('leg_held'),
        );
        expect(at('route_received_total') + at('route_made_total')).toBe(
          at('route_joined_total') +
            at('route_forwarded_total') +
            at('route_discarded_total') +
            at('route_failed_total') +
            at('route_held'),
        );
        expect(at('route_failed_total') + at('leg_failed_total')).toBe(
          at('route_dead_total') +
            at('route_returned_total') +
            at('route_dropped_total') +
            at('route_held_by_error'),
        );
      }),
      runs({ share: 0.05 }),
    );
  });

  it('carries no label but names and reasons', async () => {
    const status = serverStatus({
      endpoints: [
        endpointStatus({ source, peers: { connected: 1, lagging: 0, lost: { a: 1 }, refused: { b: 1 } } }),
      ],
      routes: [routeStatus({ discarded: { filtered: 1 }, legs: [legStatus({ discarded: { closed: 1 } })] })],
    });
    const names = new Set<string>();
    for (const key of (await scrape(status)).keys()) {
      for (const [, name] of key.matchAll(/[{,](\w+)="/g)) names.add(String(name));
    }
    expect([...names].sort()).toEqual([
      'endpoint',
      'fingerprint',
      'holder',
      'node',
      'quantile',
      'reason',
      'result',
      'route',
      'sink',
      'version',
    ]);
  });
});

describe('what the server knows of itself', () => {
  it.each(['/', '/metrics', '/status.json', '/assets/page.js'])(
    'is not shown at %s by one that others can reach',
    async (path) => {
      await using served = await serve({ host: '0.0.0.0' });
      const answer = await fetch(served.url + path);
      expect(answer.status).toBe(403);
      expect(await answer.text()).toContain('server-host: 127.0.0.1');
    },
  );

  it.each(['/livez', '/readyz'])('is told by %s to everybody', async (path) => {
    await using served = await serve({ host: '0.0.0.0' });
    expect((await fetch(served.url + path)).status).toBe(200);
  });
});
