/**
 * Offered rates, plain and over TLS: what a delivery costs, and how long it takes, when nobody pushes as hard as
 * possible.
 */
import { type Certificate, hasOpenssl, makeCertificate } from '../../test/certificate.ts';
import type { Latency, Measurement } from '../generator/scenario.ts';
import type { Figure } from '../report/figure.ts';
import { median } from '../report/median.ts';
import { digits, percent, short } from '../report/number.ts';
import type { Table } from '../report/table.ts';
import { compare, type Measured } from './compare.ts';
import { absence, contendersFor } from './contenders.ts';
import { cheapest, cpuPerDelivery, deliveriesPerSecond, find, ratioOf } from './throughput.ts';
import { type Bench, PAYLOAD, type Workload } from './workload.ts';

const RATES = [10, 100, 1_000, 10_000];
const PEERS = 100;
const TITLE = `Offered rates × ${PEERS} peers`;
/** Eight questions are asked here: more of each would take a third of the whole bench. */
const MOST_RUNS = 3;
/** From so many messages a second on, half the time shows as much. */
const BRISK = 1_000;

/** A rate that is delivered to less than this share is more than the system can do. */
const KEPT_UP = 0.95;
/** A generator that sends so late, as a share of what was measured, measures itself. */
const SEND_LATENESS = 0.5;

/** What was asked, and what came of it. */
interface Point {
  readonly rate: number;
  readonly isSecure: boolean;
  readonly all: readonly Measured[];
}

export const rates: Workload = {
  name: 'rates',
  title: TITLE,
  async run(bench) {
    const points: Point[] = await measureRates(bench, undefined);
    if (hasOpenssl) {
      using certificate = makeCertificate();
      points.push(...(await measureRates(bench, certificate)));
    }
    return {
      workload: 'rates',
      title: TITLE,
      about:
        `An open loop offers so many messages a second to ${PEERS} peers, whatever becomes of them. Latency counts ` +
        'from when a message was meant to leave, so a server that stalls cannot hide it. Over TLS the generator ' +
        'decrypts what the server encrypts, so where servers coalesce little it is late before they are.',
      tables: points.map(tableOf),
      remarks: [
        ...points.flatMap(remarksOf),
        ...(hasOpenssl ? [] : ['nothing over TLS: openssl, which makes the certificate, is not installed']),
      ],
      figures: points.flatMap((point) => figuresOf(point, bench)),
      data: points,
    };
  },
};

async function measureRates(bench: Bench, certificate: Certificate | undefined): Promise<Point[]> {
  const isSecure = certificate !== undefined;
  const points: Point[] = [];
  for (const rate of RATES) {
    bench.say(nameOf({ rate, isSecure }));
    points.push({ rate, isSecure, all: await atRate(bench, rate, certificate) });
  }
  return points;
}

function atRate(
  bench: Bench,
  rate: number,
  certificate: Certificate | undefined,
): Promise<readonly Measured[]> {
  const names = ['plain ws', 'nats-server', 'nginx + nchan'] as const;
  const scenario: Parameters<typeof contendersFor>[3] = ({ publish, subscribe }) => ({
    publishers: { wire: publish, count: 1 },
    subscribers: { wire: subscribe, count: PEERS },
    payload: PAYLOAD,
    load: { kind: 'offer', rate },
  });
  const contenders = contendersFor(bench, 'broadcast', names, scenario, certificate);
  // What a system could not deliver in time must not reach into the next run.
  return compare(bench, contenders, {
    isFresh: true,
    runs: Math.min(MOST_RUNS, bench.runs),
    seconds: rate < BRISK ? bench.seconds : bench.seconds / 2,
  });
}

function nameOf({ rate, isSecure }: Pick<Point, 'rate' | 'isSecure'>): string {
  return `${short(rate)} messages/s${isSecure ? ' over TLS' : ''}`;
}

function latencyOf({ latency }: Measurement): Latency {
  return (
    latency ?? { p50: Number.NaN, p99: Number.NaN, p999: Number.NaN, max: Number.NaN, sendP99: Number.NaN }
  );
}

const p99 = (run: Measurement): number => latencyOf(run).p99;

function keptUp(rate: number, { runs }: Measured): boolean {
  return median(runs.map(deliveriesPerSecond)) >= KEPT_UP * rate * PEERS;
}

function tableOf(point: Point): Table {
  const { rate, all } = point;
  const columns = [
    nameOf(point),
    'deliveries/s',
    'CPU µs each',
    'p50 µs',
    'p99 µs',
    'p99.9 µs',
    'server core',
    'sent late, p99 µs',
  ];
  const rows = all.map((measured) => {
    const { label, runs, problem } = measured;
    if (runs.length === 0) return [label, problem ?? 'no run'];
    const of = (figure: (run: Measurement) => number): number => median(runs.map(figure));
    const name = keptUp(rate, measured) ? label : `${label} (too much for it)`;
    return [
      name,
      short(of(deliveriesPerSecond)),
      digits(of(cpuPerDelivery)),
      short(of((run) => latencyOf(run).p50)),
      short(of(p99)),
      short(of((run) => latencyOf(run).p999)),
      percent(of(({ serverCpuUs, seconds }) => serverCpuUs / 1e6 / seconds)),
      short(of((run) => latencyOf(run).sendP99)),
    ];
  });
  return { columns, rows };
}

function remarksOf(point: Point): readonly string[] {
  return point.all.flatMap(({ label, runs }) => {
    const sent = median(runs.map((run) => latencyOf(run).sendP99));
    return sent > SEND_LATENESS * median(runs.map(p99))
      ? [
          `${label} at ${nameOf(point)}: the generator itself sent late; p99 says more about it than about the system`,
        ]
      : [];
  });
}

function figuresOf(point: Point, bench: Bench): Figure[] {
  const { rate, all } = point;
  const work = `${nameOf(point)} × ${PEERS} peers`;
  const araldo = find(all, 'araldo');
  // A system that cannot deliver the rate does not do the same work.
  const peers = all.filter(
    (measured) => measured !== araldo && measured.runs.length > 0 && keptUp(rate, measured),
  );
  const best = cheapest(peers);
  const plain = peers.find(({ label }) => label === 'plain ws');
  return [
    {
      work,
      what: `CPU per delivery, araldo ÷ the best peer${best === undefined ? '' : ` (${best.label})`}`,
      target: { atMost: 1.05, unit: '×' },
      value: ratioOf(cpuPerDelivery, araldo, best),
      reason: 'no peer can deliver this rate',
    },
    {
      work,
      what: 'p99 of the latency, araldo ÷ plain ws',
      target: { atMost: 1.2, unit: '×' },
      value: ratioOf(p99, araldo, plain),
      reason:
        find(all, 'plain ws') === undefined
          ? absence(bench, 'plain ws')
          : 'plain ws cannot deliver this rate',
    },
  ];
}
