/** The systems that can do a kind of work, as contenders for it. */
import type { Certificate } from '../../test/certificate.ts';
import type { Scenario } from '../generator/scenario.ts';
import type { Running, Shape, System } from '../peers/system.ts';
import type { Contender } from './compare.ts';
import type { Bench } from './workload.ts';

type Peers = 'plain ws' | 'nats-server' | 'nginx + nchan' | 'Node-RED';

/** araldo first, then those of the named that are installed and can do it; over TLS with a certificate. */
export function contendersFor(
  bench: Bench,
  shape: Shape,
  names: readonly Peers[],
  scenario: (running: Running) => Scenario,
  certificate?: Certificate,
): readonly Contender[] {
  const peers = names.flatMap((name) => bench.peers.get(name) ?? []);
  return [bench.araldo, ...peers]
    .filter((system) => system.shapes.includes(shape) && (certificate === undefined || system.hasTls))
    .map((system: System) => ({
      label: system.name,
      start: () => system.start(shape, certificate),
      scenario,
    }));
}

/** Why a figure that needs one of them has no value. */
export function absence(bench: Bench, name: Peers | 'redis-server'): string {
  return `${name}: ${bench.missing.get(name) ?? 'it failed'}`;
}
