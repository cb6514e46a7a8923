/** Peers that do not keep up, among a hundred: what the others lose by them. */
import type { Scenario } from '../generator/scenario.ts';
import type { Running } from '../peers/system.ts';
import { type Contender, compare, type Measured } from './compare.ts';
import { deliveriesPerSecond, find, ratioOf, throughputRemarks, throughputTable } from './throughput.ts';
import { type Bench, PAYLOAD, type Workload } from './workload.ts';

const PEERS = 100;
/** Full peers may hold a route for 200 ms in ten seconds: a shorter look would blame them for more. */
const SECONDS = 5;
const RUNS = 3;
const TITLE = `Slow peers among ${PEERS}`;

interface Slow {
  readonly label: string;
  readonly stalled: number;
  readonly flapping: number;
}

const fast: Slow = { label: 'all read', stalled: 0, flapping: 0 };
const slow: readonly Slow[] = [
  { label: 'one stalled', stalled: 1, flapping: 0 },
  { label: '10 stalled, 10 flapping', stalled: 10, flapping: 10 },
];

export const slowPeers: Workload = {
  name: 'slow-peers',
  title: TITLE,
  async run(bench) {
    const cases = [fast, ...slow];
    const all = await compare(
      bench,
      cases.map((each) => contender(bench, each)),
      // Without a warm-up: what the slow ones cost, they cost at the beginning.
      {
        isFresh: true,
        warmupMs: 0,
        seconds: Math.max(SECONDS, bench.seconds),
        runs: Math.min(RUNS, bench.runs),
      },
    );
    return {
      workload: 'slow-peers',
      title: TITLE,
      about:
        'A stalled peer reads nothing; a flapping one reads and does not read for 50 ms by turns, and comes back when ' +
        'it is thrown out. Only the deliveries to the others count.',
      tables: [throughputTable(all)],
      remarks: throughputRemarks(all),
      figures: slow.map((each) => ({
        work: TITLE,
        what: `deliveries/s to each of the others, ${each.label} ÷ ${fast.label}`,
        target: { atLeast: 0.95, unit: '×' },
        value: ratioOf(
          deliveriesPerSecond,
          perReader(find(all, each.label), each),
          perReader(find(all, fast.label), fast),
        ),
        reason: 'it failed',
      })),
      data: all,
    };
  },
};

function contender(bench: Bench, { label, stalled, flapping }: Slow): Contender {
  return {
    label,
    start: () => bench.araldo.start('broadcast'),
    scenario: ({ publish, subscribe }: Running): Scenario => ({
      publishers: { wire: publish, count: 1 },
      subscribers: { wire: subscribe, count: PEERS, stalled, flapping },
      payload: PAYLOAD,
      load: { kind: 'saturate' },
    }),
  };
}

function perReader(measured: Measured | undefined, { stalled, flapping }: Slow): Measured | undefined {
  const readers = PEERS - stalled - flapping;
  return (
    measured && {
      ...measured,
      runs: measured.runs.map((run) => ({ ...run, delivered: run.delivered / readers })),
    }
  );
}
