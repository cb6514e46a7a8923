/** Redis Pub/Sub → 100 peers, against what a subscription of ioredis alone can read. */
import { join } from 'node:path';
import { freePort } from '../../test/servers/free-port.ts';
import type { Wire } from '../generator/wire.ts';
import { startRedis } from '../peers/redis.ts';
import { launch } from '../process/launch.ts';
import { median } from '../report/median.ts';
import { digits, short, times } from '../report/number.ts';
import type { Table } from '../report/table.ts';
import { compare, type Measured } from './compare.ts';
import { absence } from './contenders.ts';
import {
  cpuPerDelivery,
  deliveriesPerCpuSecond,
  deliveriesPerSecond,
  find,
  ratioOf,
  throughputRemarks,
  throughputTable,
} from './throughput.ts';
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
      'Redis stands on the core of the generator, and what limits each is the core it reads on.';
    if (!bench.redis) {
      const missing = { ...figure, value: undefined, reason: absence(bench, 'redis-server') };
      return { ...work, about, tables: [], remarks: [], figures: [missing], data: [] };
    }
    await using stack = new AsyncDisposableStack();
    const redis = await startRedis();
    stack.defer(() => redis.stop());
    // A channel for each contender: a subscriber of both would read along while the other one is measured.
    const channelWire = (channel: string): Wire => ({ kind: 'redis', port: redis.port, channel });
    const all = await compare(bench, [
      {
        label: 'araldo',
        start: () =>
          bench.araldo.startWith({
            yaml: `
plugins:
  - { name: redis, id: endpoint-redis, url: "redis://127.0.0.1:${redis.port}", channel: ${CHANNEL}-araldo }
  - { name: out, id: endpoint-websocket, path: /out }
routes:
  redis: [out]
`,
            publish: channelWire(`${CHANNEL}-araldo`),
            subscribe: '/out',
          }),
        scenario: ({ publish, subscribe }) => ({
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
          const command = [process.execPath, reader, String(port), String(redis.port), `${CHANNEL}-alone`];
          const launched = await launch(command, { core: 'server', port });
          return {
            ...launched,
            publish: channelWire(`${CHANNEL}-alone`),
            subscribe: { kind: 'tally', port },
          };
        },
        scenario: ({ publish, subscribe }) => ({
          publishers: { wire: publish, count: 1 },
          subscribers: { wire: subscribe, count: 1 },
          payload: PAYLOAD,
          // A byte each: as many messages under way as the peers have.
          load: { kind: 'saturate', windowBytes: 4096 },
        }),
      },
    ]);
    const alone = find(all, ALONE);
    const araldo = perMessage(find(all, 'araldo'));
    return {
      ...work,
      about,
      tables: [throughputTable(all), messagesTable(araldo, alone)],
      remarks: throughputRemarks(all),
      figures: [
        {
          ...figure,
          value: ratioOf(deliveriesPerSecond, araldo, alone),
          reason: 'it failed',
        },
      ],
      data: all,
    };
  },
};

/** A message is read once, and counts once it has reached every peer. */
function perMessage(measured: Measured | undefined): Measured | undefined {
  return (
    measured && {
      ...measured,
      runs: measured.runs.map((run) => ({ ...run, delivered: run.delivered / PEERS })),
    }
  );
}

/** The same by what Redis sends: both read as many bytes for a message. */
function messagesTable(araldo: Measured | undefined, alone: Measured | undefined): Table {
  const rows = [araldo, alone]
    .filter((measured) => measured !== undefined)
    .map((measured) => [
      measured.label,
      short(median(measured.runs.map(deliveriesPerSecond))),
      digits(median(measured.runs.map(cpuPerDelivery))),
      times(ratioOf(deliveriesPerSecond, measured, alone)),
      times(ratioOf(deliveriesPerCpuSecond, measured, alone)),
    ]);
  const columns = ['system', 'messages/s', 'CPU µs a message', 'messages/s ÷ alone', 'per CPU-s ÷ alone'];
  return { columns, rows };
}
