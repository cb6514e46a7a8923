/** What is said of servers under full load: deliveries, what each costs, and whether the generator kept up. */
import type { Measurement } from '../generator/scenario.ts';
import { median, medianRatio } from '../report/median.ts';
import { digits, percent, short, times } from '../report/number.ts';
import type { Table } from '../report/table.ts';
import type { Measured } from './compare.ts';

/** Above it, the generator may be what limits a figure. */
const GENERATOR_LIMIT = 0.9;

export function deliveriesPerSecond({ delivered, seconds }: Measurement): number {
  return delivered / seconds;
}

export function cpuPerDelivery({ serverCpuUs, delivered }: Measurement): number {
  return serverCpuUs / delivered;
}

export function deliveriesPerCpuSecond({ serverCpuUs, delivered }: Measurement): number {
  return (delivered / serverCpuUs) * 1e6;
}

/** The first one is what the others are compared with. */
export function throughputTable(all: readonly Measured[]): Table {
  const [first] = all;
  const columns = [
    'system',
    'deliveries/s',
    'from–to',
    'CPU µs each',
    'deliveries per CPU-s',
    `${first?.label ?? ''} ÷ it`,
    'accepted/s',
    'server core',
    'generator core',
  ];
  const rows = all.map(({ label, runs, problem }) => {
    if (runs.length === 0) return [label, problem ?? 'no run'];
    const of = (figure: (run: Measurement) => number): number => median(runs.map(figure));
    const rates = runs.map(deliveriesPerSecond);
    return [
      label,
      short(of(deliveriesPerSecond)),
      `${short(Math.min(...rates))}–${short(Math.max(...rates))}`,
      digits(of(cpuPerDelivery)),
      short(of(deliveriesPerCpuSecond)),
      times(ratioOf(deliveriesPerCpuSecond, first, { label, runs })),
      short(of(({ accepted, seconds }) => accepted / seconds)),
      percent(of(({ serverCpuUs, seconds }) => serverCpuUs / 1e6 / seconds)),
      percent(of(({ generatorLoad }) => generatorLoad)),
    ];
  });
  return { columns, rows };
}

/** What is not as it should be, in words. */
export function throughputRemarks(all: readonly Measured[]): readonly string[] {
  return all.flatMap(({ label, runs, problem }) => {
    const remarks: string[] = [];
    const say = (text: string): void => {
      remarks.push(`${label}: ${text}`);
    };
    if (problem !== undefined) say(problem);
    if (median(runs.map(({ generatorLoad }) => generatorLoad)) > GENERATOR_LIMIT) {
      say('the generator was the bottleneck; it could deliver more, and CPU µs each is what to look at');
    }
    const sum = (count: (run: Measurement) => number): number =>
      runs.reduce((all, run) => all + count(run), 0);
    const disconnected = sum((run) => run.disconnected);
    const lost = sum((run) => run.lost);
    if (disconnected > 0) say(`${disconnected} peers were thrown out while they read as fast as they could`);
    if (lost > 0) say(`${short(lost)} messages never arrived`);
    if (runs.some(({ isWhole }) => isWhole === false)) say('what arrived is no whole number of messages');
    return remarks;
  });
}

/** The median of the ratios of runs side by side: `above` ÷ `below`. */
export function ratioOf(
  figure: (run: Measurement) => number,
  above: Measured | undefined,
  below: Measured | undefined,
): number {
  return medianRatio(above?.runs.map(figure) ?? [], below?.runs.map(figure) ?? []);
}

/** The one whose deliveries cost least, of those that ran. */
export function cheapest(all: readonly Measured[]): Measured | undefined {
  const cost = ({ runs }: Measured): number => median(runs.map(cpuPerDelivery));
  return all.filter(({ runs }) => runs.length > 0).toSorted((a, b) => cost(a) - cost(b))[0];
}

export function find(all: readonly Measured[], label: string): Measured | undefined {
  return all.find((measured) => measured.label === label && measured.runs.length > 0);
}
