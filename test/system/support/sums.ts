// Law 1, as an outsider can check it: from what /metrics says.

import { expect } from 'vitest';
import type { TestServer } from './server.ts';

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Asserts that the counts of every leg and route add up, as scraped. */
export async function legsAddUp(araldo: TestServer): Promise<void> {
  const samples = parse(await (await araldo.get('/metrics')).text());
  const sum = (name: string, route: string, sink?: string): number =>
    samples
      .filter(
        (sample) =>
          sample.name === name && sample.labels['route'] === route && sample.labels['sink'] === sink,
      )
      .reduce((total, { value }) => total + value, 0);

  const legs = samples.filter(({ name }) => name === 'araldo_leg_received_total');
  expect(legs.length).toBeGreaterThan(0);
  for (const { labels, value } of legs) {
    const { route = '', sink = '' } = labels;
    const parts = ['delivered_total', 'failed_total', 'discarded_total', 'held'];
    expect(parts.reduce((total, part) => total + sum(`araldo_leg_${part}`, route, sink), 0)).toBe(value);
  }
  for (const { labels, value } of samples.filter(({ name }) => name === 'araldo_route_received_total')) {
    const { route = '' } = labels;
    // What is held is what the others leave over; a count that is wrong shows as one below zero.
    expect(value).toBeGreaterThan(0);
    expect(sum('araldo_route_held', route)).toBeGreaterThanOrEqual(0);
    const parts = ['joined_total', 'forwarded_total', 'discarded_total', 'failed_total', 'held'];
    const ends = parts.reduce((total, part) => total + sum(`araldo_route_${part}`, route), 0);
    expect(ends).toBe(value + sum('araldo_route_made_total', route));
  }
}

/** The Prometheus text format, as far as counters and gauges go. */
function parse(text: string): Sample[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', inner = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      const labels = Object.fromEntries(
        [...inner.matchAll(/(\w+)="((?:\\.|[^"\\])*)"/g)].map(([, label = '', quoted = '']) => [
          label,
          quoted,
        ]),
      );
      return { name, labels, value: Number(value) };
    });
}
