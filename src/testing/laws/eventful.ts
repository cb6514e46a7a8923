/** Ways to look at the events of a run that several laws share. */
import type { Configuration, RoutePart } from '../../config/configuration.ts';
import type { BranchPlan } from '../../config/plan.ts';
import type { RelayEvent } from '../relay-event.ts';
import type { Sent } from '../sent.ts';
import type { Played } from './played.ts';

export type EventOf<Kind extends RelayEvent['kind'], Event = RelayEvent> = Event extends {
  readonly kind: infer Kinds;
}
  ? Kind extends Kinds
    ? Event
    : never
  : never;

/** The events of one kind, in order. */
export function eventsOf<Kind extends RelayEvent['kind']>(
  { relay }: Pick<Played, 'relay'>,
  ...kinds: readonly Kind[]
): readonly EventOf<Kind>[] {
  const wanted: readonly string[] = kinds;
  return relay.events.filter(({ kind }) => wanted.includes(kind)) as EventOf<Kind>[];
}

/** The name of a leg, as compile gives it. */
export function legName(route: string, branch: Pick<BranchPlan, 'to'>): string {
  return `${route} → ${branch.to}`;
}

/** Legs by name. Two of one route to one sink share a name: their plans are told apart by nobody. */
export function branchesByLeg({ plan }: Configuration): ReadonlyMap<string, BranchPlan> {
  const legs = new Map<string, BranchPlan>();
  for (const { name, to } of Object.values(plan.routes)) {
    for (const branch of to) legs.set(legName(name, branch), branch);
  }
  return legs;
}

/** Whether a policy keeps what it has accepted until the sink, or the disk, has it. */
export function isKeeping({ overflow }: BranchPlan): boolean {
  const policy: string = overflow;
  return policy === 'pause' || policy === 'error' || policy === 'spill';
}

/** Sources that stand still because a route stopped at a message, as `on-error: hold` has it. */
export function stoppedSources({ relay }: Played): ReadonlySet<string> {
  const stopped = new Set<string>();
  for (const { route } of relay.routes) {
    if (route.heldBy === undefined) continue;
    for (const source of relay.configuration.plan.routes[route.name]?.from ?? []) stopped.add(source);
  }
  return stopped;
}

/** Which copy of what was sent an id means: `orders#1/0` for a part, `orders#1` for what joins it with others. */
export function copyOf(
  { id, of }: { readonly id: string; readonly of: readonly Sent[] },
  sent: Sent,
): string {
  return of.length === 1 ? id : sent.id;
}

/** The steps of a route up to one that may change the order; all of them where none does. */
export function orderedSteps({ steps }: RoutePart): number {
  const at = steps.findIndex(({ definition, options }) => {
    if (definition.kind !== 'rx') return false;
    const kept = definition.order?.(options) ?? (definition.obligations === 'contained' ? 'all' : 'none');
    return kept !== 'all';
  });
  return at < 0 ? Number.POSITIVE_INFINITY : at;
}

export function routesOf(configuration: Configuration): readonly RoutePart[] {
  return [...configuration.routes.values()];
}
