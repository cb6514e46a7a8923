/** `/metrics`: the counters of the server in the text format of Prometheus, read when somebody scrapes. */
import { Counter, Gauge, Registry } from '@prometheus-io/client';
import { type ConnectionCounts, createFamilies, type Family, type Sample } from './metrics-families.ts';
import { registerProcess } from './metrics-process.ts';
import type { Status } from './status.ts';

/** What a scrape answers. */
export interface Scrape {
  readonly type: string;
  readonly text: string;
}

/**
 * Nothing is counted here and nothing happens between scrapes. Each takes one status, so that the laws which
 * the help texts state hold within it to the message.
 *
 * @returns reads the counters and renders them
 */
export function createMetrics(source: Status, connections: ConnectionCounts): () => Promise<Scrape> {
  const registry = new Registry();
  let current = source.status();
  for (const family of createFamilies()) register(registry, family, () => family.read(current, connections));
  registerProcess(registry);

  return async () => {
    // The registry reads every family before it first waits, so no other scrape can come between.
    current = source.status();
    return { type: registry.contentType, text: await registry.metrics() };
  };
}

function register(registry: Registry, family: Family, read: () => Iterable<Sample>): void {
  const Kind = family.kind === 'counter' ? Counter<string> : Gauge<string>;
  const metric = new Kind({
    name: `araldo_${family.name}`,
    help: family.help,
    labelNames: [...family.labels],
    registers: [registry],
    collect: () => {
      metric.reset();
      // Added, not set: a route may have two branches to one sink.
      for (const [labels, value] of read()) metric.inc({ ...labels }, Number(value));
    },
  });
}
