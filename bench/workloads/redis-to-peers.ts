/** Redis Pub/Sub → 100 peers, against what a subscription of ioredis alone can read. */
import { join } from 'node:path';
import { freePort } from '../../test/servers/free-port.ts';
import type { Wire } from '../generator/wire.ts';
import { startRedis } from '../peers/redis.ts';
import { launch } from '../process/launch.ts';
import { compare } from './compare.ts';
import { absence } from './contenders.ts';
import { deliveriesPerSecond, find, ratioOf, throughputRemarks, throughputTable } from './throughput.ts';
import { PAYLOAD, type Workload } from './workload.ts';

const PEERS = 100;
const CHANNEL = 'bench';
const TITLE = `Redis Pub/Sub → ${PEERS} peers`;
const ALONE = 'the subscription alone';
const reader = join(import.meta.dirname, '..', 'peers', 'redis-reader.ts');

export const redisToPeers: Workload = {
  name: 'redis-to-peers',
  title: TITLE,
  async run(bench) {
    const work = { workload: 'redis-to-peers', title: TITLE };
    const figure = {
      work: TITLE,
      what: 'messages/s that reach every peer ÷ those that a subscription of ioredis reads',
      target: { atLeast: 0.8, unit: '×' },
    };
    const about =
      'PUBLISH, pipelined, as fast as they are read. Alone, a process reads the channel with ioredis and counts. ' +
      'Redis stands on the core of the generator.';
    if (!bench.redis) {
      const missing = { ...figure, value: undefined, reason: absence(bench, 'redis-server') };
      return { ...work, about, tables: [], remarks: [], figures: [missing], data: [] };
    }
    await using stack = new AsyncDisposableStack();
    const redis = await startRedis();
    stack.defer(() => redis.stop());
    const publish: Wire = { kind: 'redis', port: redis.port, channel: CHANNEL };
    const all = await compare(bench, [
      {
        label: 'araldo',
        start: () =>
          bench.araldo.startWith({
            yaml: `
plugins:
  - { name: redis, id: endpoint-redis, url: "redis://127.0.0.1:${redis.port}", channel: ${CHANNEL} }
  - { name: out, id: endpoint-websocket, path: /out }
routes:
  redis: [out]
`,
            publish,
            subscribe: '/out',
          }),
        scenario: ({ subscribe }) => ({
          publishers: { wire: publish, count: 1 },
          subscribers: { wire: subscribe, count: PEERS },
          payload: PAYLOAD,
          load: { kind: 'saturate' },
        }),
      },
      {
        label: ALONE,
        async start() {
          const port = await freePort();
          const command = [process.execPath, reader, String(port), String(redis.port), CHANNEL];
          const launched = await launch(command, { core: 'server', port });
          return { ...launched, publish, subscribe: { kind: 'tally', port } };
        },
        scenario: ({ subscribe }) => ({
          publishers: { wire: publish, count: 1 },
          subscribers: { wire: subscribe, count: 1 },
          payload: PAYLOAD,
          // A byte each: as many messages under way as the peers have.
          load: { kind: 'saturate', windowBytes: 4096 },
        }),
      },
    ]);
    const perPeer = (measured: ReturnType<typeof find>, peers: number) =>
      measured && {
        ...measured,
        runs: measured.runs.map((run) => ({ ...run, delivered: run.delivered / peers })),
      };
    return {
      ...work,
      about,
      tables: [throughputTable(all)],
      remarks: throughputRemarks(all),
      figures: [
        {
          ...figure,
          value: ratioOf(deliveriesPerSecond, perPeer(find(all, 'araldo'), PEERS), find(all, ALONE)),
          reason: 'it failed',
        },
      ],
      data: all,
    };
  },
};
