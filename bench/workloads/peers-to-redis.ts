/** 100 peers → Redis Pub/Sub: the way back. */
import { join } from 'node:path';
import { freePort } from '../../test/servers/free-port.ts';
import type { Scenario } from '../generator/scenario.ts';
import type { Wire } from '../generator/wire.ts';
import { startRedis } from '../peers/redis.ts';
import type { Running } from '../peers/system.ts';
import { launch } from '../process/launch.ts';
import { compare } from './compare.ts';
import { throughputRemarks, throughputTable } from './throughput.ts';
import { PAYLOAD, type Workload } from './workload.ts';

const PEERS = 100;
const CHANNEL = 'bench';
const TITLE = `${PEERS} peers → Redis Pub/Sub`;
const writer = join(import.meta.dirname, '..', 'peers', 'redis-writer.ts');

export const peersToRedis: Workload = {
  name: 'peers-to-redis',
  title: TITLE,
  async run(bench) {
    const work = {
      workload: 'peers-to-redis',
      title: TITLE,
      about:
        `${PEERS} peers send as fast as a subscriber of Redis reads; each message is one delivery. Redis stands on the ` +
        'core of the generator.',
      figures: [],
    };
    if (!bench.redis) return { ...work, tables: [], remarks: ['redis-server is not installed'], data: [] };
    await using stack = new AsyncDisposableStack();
    const redis = await startRedis();
    stack.defer(() => redis.stop());
    // A channel for each contender: both are read while the other one rests.
    const channelWire = (channel: string): Wire => ({ kind: 'redis', port: redis.port, channel });
    const scenario = ({ publish, subscribe }: Running): Scenario => ({
      publishers: { wire: publish, count: PEERS },
      subscribers: { wire: subscribe, count: 1 },
      payload: PAYLOAD,
      load: { kind: 'saturate' },
    });
    const all = await compare(bench, [
      {
        label: 'araldo',
        start: () =>
          bench.araldo.startWith({
            yaml: `
plugins:
  - { name: in, id: endpoint-websocket, path: /in }
  - { name: redis, id: endpoint-redis, url: "redis://127.0.0.1:${redis.port}", publish: ${CHANNEL}-araldo }
routes:
  in: [redis]
`,
            publish: '/in',
            subscribe: channelWire(`${CHANNEL}-araldo`),
          }),
        scenario,
      },
      {
        label: 'plain ws + ioredis',
        async start() {
          const port = await freePort();
          const command = [process.execPath, writer, String(port), String(redis.port), `${CHANNEL}-plain`];
          const launched = await launch(command, { core: 'server', port });
          return {
            ...launched,
            publish: { kind: 'websocket', port, path: '/in' },
            subscribe: channelWire(`${CHANNEL}-plain`),
          };
        },
        scenario,
      },
    ]);
    return { ...work, tables: [throughputTable(all)], remarks: throughputRemarks(all), data: all };
  },
};
