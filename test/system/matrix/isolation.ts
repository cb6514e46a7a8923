// `isolate: true` with every system whose endpoint says that it can: each sink has a consumer of its own. It uses the
// servers of the matrix, which take seconds to start.

import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { MockEndpoint } from '../../../plugins/endpoint-mock/index.ts';
import type { AnyPlugin } from '../../../src/core/plugin.ts';
import { serve, type TestServer, until } from '../support/server.ts';
import type { Declaration } from './end.ts';
import type { Addresses } from './world.ts';

const MESSAGES = 200;
const WINDOW = 16;

/** How araldo writes to a system, and reads there what it has written. */
interface Place {
  readonly into: Declaration;
  readonly from: Declaration;
  /** The system keeps what a consumer has not acked, so that a sink that stands still holds its own. */
  readonly keeps: boolean;
}

type PlaceOf = (addresses: Addresses) => Place;

const places: Readonly<Record<string, PlaceOf>> = {
  'endpoint-redis': ({ REDIS }) => {
    const at = { id: 'endpoint-redis', url: REDIS };
    return {
      into: { ...at, publish: 'isolated' },
      from: { ...at, subscribe: 'isolated' },
      keeps: false,
    };
  },
  'endpoint-redis-stream': ({ REDIS }) => {
    const at = { id: 'endpoint-redis-stream', url: REDIS, stream: 'isolated' };
    return { into: at, from: { ...at, group: 'araldo' }, keeps: true };
  },
  'endpoint-nats': ({ NATS }) => {
    const at = { id: 'endpoint-nats', url: NATS };
    return {
      into: { ...at, publish: 'isolated.core' },
      from: { ...at, subscribe: 'isolated.core', queue: 'araldo' },
      keeps: false,
    };
  },
  'endpoint-jetstream': ({ NATS }) => {
    const create = { subjects: ['isolated.stream'], storage: 'memory' };
    const at = { id: 'endpoint-jetstream', url: NATS, stream: 'ISOLATED', create };
    return { into: { ...at, publish: 'isolated.stream' }, from: { ...at, durable: 'araldo' }, keeps: true };
  },
  'endpoint-mqtt': ({ MQTT }) => {
    const at = { id: 'endpoint-mqtt', url: MQTT, 'client-id': 'isolated' };
    return {
      into: { ...at, 'client-id': 'isolated-into', publish: 'isolated', qos: 1 },
      from: { ...at, subscribe: 'isolated', qos: 1, share: 'araldo', 'session-expiry': '1h' },
      keeps: true,
    };
  },
  'endpoint-amqp': ({ AMQP }) => {
    const at = { id: 'endpoint-amqp', url: AMQP, 'queue-type': 'classic' };
    return {
      into: { ...at, exchange: 'isolated', 'exchange-type': 'fanout' },
      from: { ...at, queue: 'isolated', bindings: [{ exchange: 'isolated', 'exchange-type': 'fanout' }] },
      keeps: true,
    };
  },
  'endpoint-kafka': ({ KAFKA = '' }) => {
    const at = { id: 'endpoint-kafka', brokers: [KAFKA], topic: 'isolated' };
    const create = { partitions: 1, replicas: 1 };
    return {
      into: { ...at, create },
      from: { ...at, create, group: 'araldo', commit: '100ms' },
      keeps: true,
    };
  },
};

/** The endpoints that say they can give each sink a consumer. */
async function isolating(): Promise<string[]> {
  const plugins = new URL('../../../plugins/', import.meta.url);
  const ids = readdirSync(plugins).filter((id) => id.startsWith('endpoint-'));
  const modules = await Promise.all(
    ids.map((id) => import(new URL(`${id}/index.ts`, plugins).href) as Promise<{ plugin: AnyPlugin }>),
  );
  return modules.flatMap(({ plugin }) =>
    plugin.kind === 'endpoint' && plugin.isolated !== undefined ? [plugin.id] : [],
  );
}

const numbers = (count: number, from = 0): string[] => Array.from({ length: count }, (_, n) => `${from + n}`);
const textsOf = (mock: MockEndpoint): string[] => mock.sent.map(({ payload }) => String(payload));

/** @param addresses asked within the tests, when the servers run */
export function testIsolation(addresses: () => Addresses): void {
  describe('a consumer for each sink', () => {
    it('is tried with every endpoint that says it can', async () => {
      expect((await isolating()).toSorted()).toEqual(Object.keys(places).toSorted());
    });

    for (const [id, placeOf] of Object.entries(places)) {
      it(`${id}: one sink has all while the other stands still, and that one later`, async (context) => {
        if (id === 'endpoint-kafka' && addresses().KAFKA === undefined)
          return context.skip('no broker of Kafka');
        const place = placeOf(addresses());
        {
          await using araldo = await ready(place);
          const [feed, fast, slow] = mocksOf(araldo);
          slow.stall();
          for (const one of numbers(MESSAGES)) feed.emit(one);
          await until('the fast one has all', () => fast.sent.length >= MESSAGES);
          expect(textsOf(fast)).toEqual(numbers(MESSAGES));
          expect(slow.sent).toEqual([]);
          if (!place.keeps) return;
          const held = araldo.server.endpoint('orders/slow').inbound;
          expect(held.inFlight).toBeLessThanOrEqual(WINDOW);
          expect(held.acked).toBe(0);
          slow.proceed();
          await until('the slow one has all', () => slow.sent.length >= MESSAGES);
          expect(textsOf(slow)).toEqual(numbers(MESSAGES));
          await until(
            'nothing is unsettled',
            () => held.isIdle && araldo.server.endpoint('orders/fast').inbound.isIdle,
          );
        }
        // Each goes on as the consumer that it was; acks of the newest may not have left before a slow machine stopped.
        await using araldo = await ready(place);
        const [feed, fast, slow] = mocksOf(araldo);
        feed.emit('last');
        for (const mock of [fast, slow]) {
          await until('both have it', () => textsOf(mock).at(-1) === 'last');
          expect(textsOf(mock)).not.toContain('0');
        }
      });
    }
  });
}

async function ready({ into, from, keeps }: Place): Promise<TestServer> {
  const araldo = await serve({
    plugins: [
      { name: 'feed', id: 'endpoint-mock' },
      { name: 'into', ...into },
      { name: 'orders', ...from, ...(keeps && { 'max-in-flight': WINDOW }) },
      { name: 'fast', id: 'endpoint-mock' },
      { name: 'slow', id: 'endpoint-mock' },
    ],
    routes: {
      feed: ['into'],
      orders: {
        to: ['fast', 'slow'],
        isolate: true,
        ...(keeps ? { overflow: 'pause', buffer: 8 } : { overflow: 'drop-oldest', buffer: MESSAGES }),
      },
    },
  });
  await until('it is ready', async () => (await araldo.get('/readyz')).ok);
  return araldo;
}

function mocksOf({
  server,
}: TestServer): readonly [feed: MockEndpoint, fast: MockEndpoint, slow: MockEndpoint] {
  const mock = (name: string): MockEndpoint => server.endpoint<MockEndpoint>(name);
  return [mock('feed'), mock('fast'), mock('slow')];
}
