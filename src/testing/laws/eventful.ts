/** Ways to look at the events of a run that several laws share. */
import { isBuiltIn } from '../../builtins.ts';
import type { Configuration, RoutePart } from '../../config/configuration.ts';
import type { BranchPlan } from '../../config/plan.ts';
import type { RelayEvent } from '../relay-event.ts';
import type { Sent } from '../sent.ts';
import type { Stem } from '../whereabouts.ts';
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

/** Legs by name; without those of one route to one sink, whose names nobody can tell apart. */
export function branchesByLeg({ plan }: Configuration): ReadonlyMap<string, BranchPlan> {
  const legs = new Map<string, BranchPlan>();
  for (const { name, to } of Object.values(plan.routes)) {
    for (const branch of to) {
      const isAlone = to.filter((other) => other.to === branch.to).length === 1;
      if (isAlone) legs.set(legName(name, branch), branch);
    }
  }
  return legs;
}

interface Sharing {
  /** The other legs of which one gets each message. */
  readonly others: readonly string[];
  /** Those among them that take a message in its stead while it is full: by key, there are none. */
  readonly alternates: readonly string[];
}

/** The legs that share messages out with others, by name. */
export function sharingByLeg({ plan }: Configuration): ReadonlyMap<string, Sharing> {
  const sharing = new Map<string, Sharing>();
  for (const { name, to, targets = [] } of Object.values(plan.routes)) {
    for (const target of targets) {
      if (typeof target === 'number') continue;
      const branches = target.legs.flatMap((leg) => to[leg] ?? []);
      for (const branch of branches) {
        const others = branches.filter((other) => other !== branch);
        const alternates = others.filter(({ when }) => when === undefined || when === branch.when);
        sharing.set(legName(name, branch), {
          others: others.map((other) => legName(name, other)),
          alternates: target.kind === 'hash' ? [] : alternates.map((other) => legName(name, other)),
        });
      }
    }
  }
  return sharing;
}

/** Whether a policy keeps what it has accepted until the sink, or the disk, has it. */
export function isKeeping({ overflow }: BranchPlan): boolean {
  const policy: string = overflow;
  return policy === 'pause' || policy === 'error' || policy === 'spill';
}

/** Whether a route has a message acked as soon as one of its sinks has it. */
export function acksFirst({ plan }: Configuration, route: string): boolean {
  return plan.routes[route]?.ack === 'first';
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

/** What a message is made of, and at which delivery of it. */
interface Made {
  readonly id: string;
  readonly of: readonly Stem[];
}

/** Which copy of what was sent an id means: `orders#1/0` for a part, `orders#1` for what joins it with others. */
export function copyOf({ id, of }: Made, sent: Sent): string {
  return of.length === 1 ? id : sent.id;
}

/** The same for people, with the delivery where it is not the first. */
export function nameOf({ id, of }: Made): string {
  const delivery = Math.max(1, ...of.map((stem) => stem.delivery));
  return delivery > 1 ? `${id} (delivery ${delivery})` : id;
}

/** Our own steps that drop by time say so: what they do to what comes again, or is on its way, is what they are for. */
export function isMeant({ place, reason }: EventOf<'discarded'>, configuration: Configuration): boolean {
  return isOurs(place, configuration) || (place.includes(' → ') && reason === 'timed-out');
}

function isOurs(place: string, configuration: Configuration): boolean {
  const found = /^(.*)\.via\[(\d+)\] /.exec(place);
  const step = configuration.routes.get(found?.[1] ?? '')?.steps[Number(found?.[2])];
  return step !== undefined && isBuiltIn(step.definition);
}

export function routesOf(configuration: Configuration): readonly RoutePart[] {
  return [...configuration.routes.values()];
}

/** The place of the first step of a route that may change the order; beyond all of them where none does. */
export function orderedSteps({ steps }: RoutePart): number {
  const at = steps.findIndex(({ definition, options }) => {
    if (definition.kind !== 'rx') return false;
    const kept = definition.order?.(options) ?? (definition.obligations === 'contained' ? 'all' : 'none');
    return kept !== 'all';
  });
  return at < 0 ? Number.POSITIVE_INFINITY : at;
}
