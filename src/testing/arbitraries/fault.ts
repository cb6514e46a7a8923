/** What can go wrong around a relay, and what comes right again. */
import fc from 'fast-check';
import type { Configuration } from '../../config/configuration.ts';
import type { ScenarioAction } from '../scenario.ts';
import { stepNames } from '../watched-route.ts';

export const faultKinds = [
  'stall',
  'resume',
  'refuse',
  'refuse-once',
  'latency',
  'down',
  'up',
  'hold',
  'release',
  'poison',
  'restart',
] as const;
/** `reload` only where it is asked for: the others are what happens to a relay, and this is what people do with it. */
export type FaultKind = (typeof faultKinds)[number] | 'reload';

/**
 * Faults of the endpoints and steps of a configuration. No restarts unless `kinds` says so: they are a law apart.
 *
 * @example
 * fc.array(faults(relay.configuration))
 */
export function faults(
  configuration: Configuration,
  kinds: readonly FaultKind[] = faultKinds.filter((kind) => kind !== 'restart'),
): fc.Arbitrary<ScenarioAction> {
  const { plan } = configuration;
  const routes = Object.values(plan.routes);
  const sources = unique(routes.flatMap(({ from }) => from));
  const sinks = unique(routes.flatMap(({ to }) => to.map((branch) => branch.to)));
  const steps = stepNames(configuration);
  const all: Record<FaultKind, fc.Arbitrary<ScenarioAction> | undefined> = {
    stall: of(sinks, (sink) => ({ do: 'stall', sink })),
    resume: of(sinks, (sink) => ({ do: 'resume', sink })),
    refuse: of(sinks, (sink) => ({ do: 'refuse', sink, count: 1 })),
    'refuse-once': of(sinks, (sink) => ({ do: 'refuse-once', sink })),
    latency: of(sinks, (sink) => sink)?.chain((sink) =>
      fc.constantFrom(0, 1, 20, 3_000).map((ms) => ({ do: 'latency', sink, ms })),
    ),
    down: of([...sinks, ...sources], (endpoint) => ({ do: 'down', endpoint })),
    up: of([...sinks, ...sources], (endpoint) => ({ do: 'up', endpoint })),
    hold: of(sources, (source) => ({ do: 'hold', source })),
    release: of(sources, (source) => ({ do: 'release', source })),
    poison: of(steps, (step) => ({ do: 'poison', step })),
    restart: fc.constant({ do: 'restart' }),
    reload: reloads(configuration),
  };
  const possible = kinds.flatMap((kind) => all[kind] ?? []);
  if (possible.length === 0)
    throw new TypeError('expected a fault that this configuration can have, found none');
  return fc.oneof(...possible);
}

/** To the same configuration, or with a route that begins anew. */
export function reloads({ plan }: Configuration): fc.Arbitrary<ScenarioAction> {
  const names = Object.keys(plan.routes);
  const same = fc.constant<ScenarioAction>({ do: 'reload' });
  const [first] = names;
  if (first === undefined) return same;
  return fc.oneof(
    same,
    fc.record({
      do: fc.constant('reload' as const),
      route: fc.constantFrom(...names),
      anew: fc.constantFrom('steps', 'legs'),
    }),
  );
}

function of<T>(names: readonly string[], make: (name: string) => T): fc.Arbitrary<T> | undefined {
  return names.length === 0 ? undefined : fc.constantFrom(...names).map(make);
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}
