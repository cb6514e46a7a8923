// The battery against endpoints that are broken on purpose: each mistake fails the case that is there for it.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { plugin } from '../../plugins/endpoint-redis-stream/index.ts';
import type { Lane } from '../../src/core/lane.ts';
import type { EndpointPlugin } from '../../src/core/plugin.ts';
import type { Port, Transport } from '../../src/core/transport.ts';
import { type BatteryCaseName, endpointBattery } from '../../src/testing/index.ts';
import { type RedisServer, startRedis } from '../servers/redis.ts';
import { describeWith } from '../servers/requires.ts';
import { streamWorld } from './support/stream-world.ts';

/** What is done to a transport that is right. */
type Mistake = (right: Transport, port: Port) => Partial<Transport>;

/** Makes an endpoint of which `mistake` replaces some parts; `lanes` comes between it and its lanes. */
function broken(
  mistake: Mistake,
  lanes: (lane: Lane) => Lane = (lane) => lane,
  changed: Readonly<Record<string, unknown>> = {},
): EndpointPlugin {
  return {
    ...plugin,
    create: (options, context) =>
      plugin.create(options, {
        ...context,
        connect: (make) =>
          context.connect((port) => {
            const source = new Proxy(port.source, {
              get(target, name) {
                if (name === 'lane') return (given: { name: string }) => lanes(target.lane(given));
                if (Object.hasOwn(changed, name)) return changed[String(name)];
                const value: unknown = Reflect.get(target, name, target);
                return typeof value === 'function' ? value.bind(target) : value;
              },
            });
            const right = make({ ...port, source });
            return Object.assign(Object.create(right) as Transport, mistake(right, port));
          }),
      }),
  };
}

/** Hands over a lane whose every second message overtakes the one before it. */
function reordering(lane: Lane): Lane {
  let kept: (() => void) | undefined;
  return new Proxy(lane, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (name !== 'receiveBytes') return typeof value === 'function' ? value.bind(target) : value;
      return (...given: Parameters<Lane['receiveBytes']>) => {
        const last = kept;
        kept = undefined;
        if (last === undefined) {
          kept = () => target.receiveBytes(...given);
          setTimeout(() => kept?.(), 50);
          return;
        }
        target.receiveBytes(...given);
        last();
      };
    },
  });
}

const mistakes: readonly (readonly [string, EndpointPlugin, BatteryCaseName])[] = [
  ['forgets to ack', broken(() => ({ settled: () => undefined })), 'does not bring again what was acked'],
  [
    'reads beyond its window',
    broken(() => ({}), undefined, { inFlight: -500, stashed: 0 }),
    'never has more unsettled than its window, and reads on when that is settled',
  ],
  [
    'forgets what is nacked',
    broken((right) => ({
      settled: (lane, root, status) => right.settled?.(lane, root, status === 'nack' ? 'ack' : status),
    })),
    'loses nothing to random nacks',
  ],
  ['reorders', broken(() => ({}), reordering), 'emits what is put in, once and in order'],
  [
    'confirms before it has sent',
    broken((right) => {
      const waiting = new Set<NodeJS.Timeout>();
      return {
        write(message, ticket, sender) {
          const late = setTimeout(() => {
            waiting.delete(late);
            right.write?.(message, ticket, { ...sender, confirm() {}, fail() {} });
          }, 100);
          waiting.add(late);
          return true;
        },
        close() {
          for (const late of waiting) clearTimeout(late);
          waiting.clear();
          return right.close?.();
        },
      };
    }),
    'flows again after its server was killed under load',
  ],
  [
    'opens in a hot loop',
    broken((right, port) => ({
      async open(signal) {
        for (let again = 0; ; again += 1) {
          try {
            await right.open?.(signal);
            return;
          } catch (thrown) {
            await right.close?.();
            if (again > 100 || port.source.inFlight > 0) throw thrown;
          }
        }
      },
    })),
    'says once what is wrong with a refusal, and tries again with pauses',
  ],
  [
    'goes on when it is closed',
    broken(() => ({ close: () => undefined })),
    'drains, and leaves nothing behind',
  ],
];

describeWith(['redis-server'], 'the battery', () => {
  let redis: RedisServer;
  let places = 0;
  beforeAll(async () => {
    redis = await startRedis({ appendfsync: 'no' });
  });
  afterAll(() => redis?.stop());

  test.each(mistakes)('finds an endpoint that %s', async (_mistake, wrong, name) => {
    const start = async () => {
      const world = await streamWorld(redis, `b${(places += 1)}`);
      return { ...world, plugin: wrong };
    };
    const one = endpointBattery('broken', { start, messages: 100, patienceMs: 1_500 }).find((each) =>
      each.name.endsWith(name),
    );
    await expect(one?.check()).rejects.toThrow();
  });
});
