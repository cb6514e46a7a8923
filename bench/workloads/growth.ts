/** Whether a delivery costs the same when there is more of everything: peers, routes, bytes. */
import type { Running } from '../peers/system.ts';
import type { Figure } from '../report/figure.ts';
import { median } from '../report/median.ts';
import { digits, short } from '../report/number.ts';
import type { Plot } from '../report/plot.ts';
import { compare } from './compare.ts';
import { cpuPerDelivery, throughputRemarks } from './throughput.ts';
import { type Bench, PAYLOAD, textOf, type Workload } from './workload.ts';

const TITLE = 'Growth';
const RUNS = 3;
/** How far a cost may lie from that at the first point. */
const BAND = 0.2;
/** The same at every point, so that what grows is the only difference: as much as 10,000 peers can have. */
const WINDOW_BYTES = 12 * 1024;
const PEERS_OF_A_ROUTE = 10;

interface Curve {
  readonly name: string;
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly points: readonly Point[];
}

interface Point {
  readonly x: number;
  readonly peers: number;
  readonly routes: number;
  readonly payload: string;
  /** What the cost of a delivery is divided by. */
  readonly per: number;
}

const curves: readonly Curve[] = [
  {
    name: 'peers',
    title: 'Cost per delivery, by peers',
    x: 'peers of one broadcast',
    y: 'CPU µs a delivery',
    points: [100, 300, 1_000, 3_000, 10_000].map((peers) => ({
      x: peers,
      peers,
      routes: 1,
      payload: PAYLOAD,
      per: 1,
    })),
  },
  {
    name: 'routes',
    title: 'Cost per delivery, by routes',
    x: `routes at work, each 1 → ${PEERS_OF_A_ROUTE}`,
    y: 'CPU µs a delivery',
    points: [1, 10, 100, 1_000].map((routes) => ({
      x: routes,
      peers: routes * PEERS_OF_A_ROUTE,
      routes,
      payload: PAYLOAD,
      per: 1,
    })),
  },
  {
    name: 'payload',
    title: 'Cost per byte, by payload',
    x: 'bytes of a payload, 1 → 100',
    y: 'CPU ns a byte',
    points: [64, 256, 1_024, 4_096].map((bytes) => ({
      x: bytes,
      peers: 100,
      routes: 1,
      payload: textOf(bytes),
      per: bytes / 1_000,
    })),
  },
];

export const growth: Workload = {
  name: 'growth',
  title: TITLE,
  async run(bench) {
    const measured: { curve: Curve; costs: readonly number[]; remarks: readonly string[] }[] = [];
    for (const curve of curves) {
      const costs: number[] = [];
      const remarks: string[] = [];
      for (const point of curve.points) {
        bench.say(`${curve.name}: ${point.x}`);
        const { cost, remark } = await costAt(bench, point);
        costs.push(cost);
        remarks.push(...remark.map((text) => `${curve.name} ${short(point.x)}: ${text}`));
      }
      measured.push({ curve, costs, remarks });
    }
    return {
      workload: 'growth',
      title: TITLE,
      about:
        `araldo alone, under full load, with ${WINDOW_BYTES / 1024} KiB under way to each peer at every point. The band ` +
        `in the plot is ± ${BAND * 100} % of the first point.`,
      tables: measured.map(({ curve, costs }) => ({
        columns: [curve.x, ...curve.points.map(({ x }) => short(x))],
        rows: [
          [curve.y, ...costs.map(digits)],
          ['of the first', ...costs.map((cost) => `${digits(cost / (costs[0] as number))} ×`)],
        ],
      })),
      remarks: measured.flatMap(({ remarks }) => remarks),
      figures: measured.map(({ curve, costs }) => figureOf(curve, costs)),
      plots: measured.map(({ curve, costs }) => plotOf(curve, costs)),
      data: measured.map(({ curve, costs }) => ({
        name: curve.name,
        x: curve.points.map(({ x }) => x),
        costs,
      })),
    };
  },
};

async function costAt(bench: Bench, point: Point): Promise<{ cost: number; remark: readonly string[] }> {
  const { peers, routes, payload, per } = point;
  const all = await compare(
    bench,
    [
      {
        label: 'araldo',
        start: () =>
          bench.araldo.startWith({
            yaml: routesYaml(routes),
            publish: '/in/{room}',
            subscribe: '/out/{room}',
          }),
        scenario: ({ publish, subscribe }: Running) => ({
          publishers: { wire: publish, count: routes },
          subscribers: { wire: subscribe, count: peers },
          rooms: routes,
          payload,
          load: { kind: 'saturate', windowBytes: WINDOW_BYTES },
        }),
      },
    ],
    { runs: Math.min(RUNS, bench.runs), seconds: bench.seconds / 2 },
  );
  const runs = all[0]?.runs ?? [];
  return { cost: median(runs.map(cpuPerDelivery)) / per, remark: throughputRemarks(all) };
}

/** So many routes that have nothing in common but the server. */
function routesYaml(routes: number): string {
  const names = Array.from({ length: routes }, (_, route) => `r${String(route).padStart(4, '0')}`);
  const endpoints = names.map(
    (name) =>
      `  - { name: in-${name}, id: endpoint-websocket, path: /in/${name} }\n` +
      `  - { name: out-${name}, id: endpoint-websocket, path: /out/${name} }`,
  );
  const flows = names.map((name) => `  in-${name}: [out-${name}]`);
  return `plugins:\n${endpoints.join('\n')}\nroutes:\n${flows.join('\n')}\n`;
}

function figureOf({ title, x }: Curve, costs: readonly number[]): Figure {
  const [first = Number.NaN] = costs;
  const most = Math.max(...costs.map((cost) => Math.abs(cost / first - 1)));
  return {
    work: title,
    what: `furthest from the first point (${x})`,
    target: { atMost: BAND * 100, unit: '%' },
    value: most * 100,
    reason: 'it failed',
  };
}

function plotOf({ name, title, x, y, points }: Curve, costs: readonly number[]): Plot {
  return {
    name,
    title,
    x,
    y,
    band: BAND,
    points: points.map((point, place) => ({ x: point.x, y: costs[place] as number })),
  };
}
