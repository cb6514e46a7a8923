/** One publisher, and everybody gets everything: 1 → 1, 16, 100, 1,000. */
import type { Figure } from '../report/figure.ts';
import { compare, type Measured } from './compare.ts';
import { absence, contendersFor } from './contenders.ts';
import { deliveriesPerCpuSecond, find, ratioOf, throughputRemarks, throughputTable } from './throughput.ts';
import { type Bench, PAYLOAD, type Workload } from './workload.ts';

/** What araldo is to be, as a multiple of them in deliveries per CPU-second. */
interface Targets {
  readonly 'nats-server'?: number;
  readonly 'Node-RED'?: number;
}

function broadcast(peers: number, targets: Targets): Workload {
  const title = `WebSocket 1 → ${peers.toLocaleString('en')}`;
  return {
    name: `1-${peers}`,
    title,
    async run(bench) {
      const all = await compare(
        bench,
        contendersFor(
          bench,
          'broadcast',
          ['plain ws', 'nats-server', 'nginx + nchan', 'Node-RED'],
          ({ publish, subscribe }) => ({
            publishers: { wire: publish, count: 1 },
            subscribers: { wire: subscribe, count: peers },
            payload: PAYLOAD,
            load: { kind: 'saturate' },
          }),
        ),
      );
      return {
        workload: `1-${peers}`,
        title,
        about: `One publisher sends texts of 125 bytes as fast as ${peers} subscribers read them.`,
        tables: [throughputTable(all)],
        remarks: throughputRemarks(all),
        figures: figuresOf(title, all, targets, bench),
        data: all,
      };
    },
  };
}

function figuresOf(work: string, all: readonly Measured[], targets: Targets, bench: Bench): Figure[] {
  return Object.entries(targets).map(([name, atLeast]: [string, number]) => ({
    work,
    what: `deliveries per CPU-second, araldo ÷ ${name}`,
    target: { atLeast, unit: '×' },
    value: ratioOf(deliveriesPerCpuSecond, find(all, 'araldo'), find(all, name)),
    reason: absence(bench, name as keyof Targets),
  }));
}

export const broadcasts: readonly Workload[] = [
  broadcast(1, { 'nats-server': 1, 'Node-RED': 10 }),
  broadcast(16, {}),
  broadcast(100, { 'nats-server': 3, 'Node-RED': 60 }),
  broadcast(1_000, { 'nats-server': 4.5, 'Node-RED': 60 }),
];
