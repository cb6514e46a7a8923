/** 1 → 100 with work on the way: JSON read and written, a filter in CEL, a step in TypeScript. */
import { join } from 'node:path';
import { compare } from './compare.ts';
import { absence, contendersFor } from './contenders.ts';
import { deliveriesPerCpuSecond, find, ratioOf, throughputRemarks, throughputTable } from './throughput.ts';
import type { Workload } from './workload.ts';

const PEERS = 100;
const TITLE = `JSON, a filter and a step, 1 → ${PEERS}`;

const YAML = `
plugins:
  - { name: json, id: marshal-json }
  - { name: in, id: endpoint-websocket, path: /in }
  - { name: out, id: endpoint-websocket, path: /out }
routes:
  in:
    via:
      - filter: payload.qty > 0 && payload.symbol == "ARALDO"
      - { use: ./map.ts, with: { vat: 2 } }
    to: [out]
`;

const order = { id: 'order-00000001', symbol: 'ARALDO', qty: 7, price: 104, note: 'x'.repeat(51) };
const PAYLOAD = JSON.stringify(order);
/** What the step makes of it. */
const ARRIVES = JSON.stringify({ ...order, total: order.qty * order.price * 2 }).length;

export const json: Workload = {
  name: 'json',
  title: TITLE,
  async run(bench) {
    const peers = contendersFor(
      bench,
      'broadcast',
      ['plain ws', 'nats-server'],
      ({ publish, subscribe }) => ({
        publishers: { wire: publish, count: 1 },
        subscribers: { wire: subscribe, count: PEERS },
        payload: PAYLOAD,
        load: { kind: 'saturate' },
      }),
    );
    const all = await compare(bench, [
      {
        label: 'araldo, with JSON and steps',
        start: () =>
          bench.araldo.startWith({
            yaml: YAML,
            publish: '/in',
            subscribe: '/out',
            files: { 'map.ts': join(import.meta.dirname, '..', 'peers', 'map-step.ts') },
          }),
        scenario: ({ publish, subscribe }) => ({
          publishers: { wire: publish, count: 1 },
          subscribers: { wire: subscribe, count: PEERS },
          payload: PAYLOAD,
          deliveredLength: ARRIVES,
          load: { kind: 'saturate' },
        }),
      },
      ...peers,
    ]);
    return {
      workload: 'json',
      title: TITLE,
      about:
        `A JSON object of ${PAYLOAD.length} bytes is parsed, filtered by CEL, changed by a step in TypeScript, ` +
        'and written again. The others pass the bytes on as they are.',
      tables: [throughputTable(all)],
      remarks: throughputRemarks(all),
      figures: [
        {
          work: TITLE,
          what: 'deliveries per CPU-second, araldo ÷ nats-server (which parses nothing)',
          target: { atLeast: 1.5, unit: '×' },
          value: ratioOf(
            deliveriesPerCpuSecond,
            find(all, 'araldo, with JSON and steps'),
            find(all, 'nats-server'),
          ),
          reason: absence(bench, 'nats-server'),
        },
      ],
      data: all,
    };
  },
};
