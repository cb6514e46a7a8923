/** Laws 2 and 12: nothing is lost on the way, and everything comes to an end. */
import type { RelayEvent } from '../relay-event.ts';
import { type EventOf, nameOf, routesOf, stoppedSources } from './eventful.ts';
import type { RunLaw } from './law.ts';
import type { Played } from './played.ts';

export const lossless: RunLaw = {
  number: 2,
  name: 'lossless',
  sentence: 'each sink receives exactly what the steps made of what was emitted, when all legs pause',
  doesNotApply(configuration) {
    for (const { plan } of routesOf(configuration)) {
      const lossy = plan.to.find(({ overflow }) => overflow !== 'pause');
      if (lossy !== undefined)
        return `${plan.name} → ${lossy.to} has overflow: ${lossy.overflow}, which may lose`;
    }
    return undefined;
  },
  examine(played) {
    const stuck = stuckIn(played);
    if (stuck !== undefined) return stuck;
    return undelivered(played);
  },
};

export const liveness: RunLaw = {
  number: 12,
  name: 'liveness',
  sentence: 'every gate opens again and every obligation ends, once all sinks take messages',
  examine(played) {
    const stuck = stuckIn(played);
    if (stuck !== undefined) return stuck;
    const stopped = stoppedSources(played);
    for (const name of played.relay.configuration.endpoints.keys()) {
      const { inbound } = played.relay.endpoint(name);
      if (stopped.has(name)) continue;
      const { gate } = inbound;
      if (gate.isHeld) return `the gate of ${name} stays shut: ${gate.holders.join(', ')} holds it`;
      if (!inbound.isIdle)
        return `${name}: ${inbound.inFlight} in flight and ${inbound.stashed} stashed at rest`;
    }
    return undefined;
  },
};

/** What is open at rest, unless its source stands still by `on-error: hold`. */
export function stuckIn(played: Played): string | undefined {
  const stopped = stoppedSources(played);
  const open = played.open.filter(({ endpoint }) => !stopped.has(endpoint));
  const [first] = open;
  if (first === undefined) return undefined;
  const others = open.length === 1 ? '' : ` and ${open.length - 1} more`;
  return `${first.id}${others} never settled: ${first.where} has it`;
}

/** Each copy that a leg was offered is confirmed once, or failed and met its route's `on-error`. */
function undelivered(played: Played): string | undefined {
  if (stoppedSources(played).size > 0) return undefined;
  const owed = new Map<string, number>();
  /** The latest offer of each copy. */
  const offers = new Map<string, EventOf<'offered'>>();
  const change = (event: Pick<EventOf<'offered'>, 'id' | 'of' | 'leg'>, by: number): number => {
    const copy = `${event.leg} ${nameOf(event)}`;
    const count = (owed.get(copy) ?? 0) + by;
    owed.set(copy, count);
    return count;
  };
  let refused: RelayEvent | undefined;
  for (const event of played.relay.events) {
    if (event.kind === 'killed') owed.clear();
    if (event.kind === 'offered' && !event.leg.includes(' ⇢ ')) {
      change(event, 1);
      offers.set(`${event.leg} ${nameOf(event)}`, event);
    }
    if (event.kind === 'confirmed' && !event.leg.includes(' ⇢ ') && change(event, -1) < 0) {
      return `${event.endpoint} confirmed ${event.id} more often than ${event.leg} was offered it`;
    }
    if (event.kind === 'refused') refused = event;
    // What a leg gives up fails in its route, under the leg's name.
    if (event.kind === 'failed' && event.place.includes(' → ')) change({ ...event, leg: event.place }, -1);
  }
  for (const [copy, count] of owed) {
    const offered = offers.get(copy);
    if (count > 0 && offered !== undefined && !isGivenBackLate(offered, played))
      return `${copy} never arrived${refused === undefined ? '' : ', though its sink takes all'}`;
  }
  return undefined;
}

/** What a reload could not carry through in the time that it has goes back to its source, and came again from there. */
function isGivenBackLate(offered: EventOf<'offered'>, { relay }: Played): boolean {
  const { events, configuration } = relay;
  const { drainMs } = configuration.plan.server.limits;
  const later = events.slice(events.indexOf(offered) + 1);
  // A reload may have begun before: the message was in a step then.
  const cutsMs = events
    .flatMap(({ kind, atMs }) => (kind === 'reloads' ? [atMs + drainMs] : []))
    .filter((cutMs) => cutMs >= offered.atMs);
  return offered.of.every((stem) =>
    later.some(
      (event) =>
        event.kind === 'emitted' &&
        event.sent === stem.sent &&
        event.delivery > stem.delivery &&
        cutsMs.some((cutMs) => cutMs <= event.atMs),
    ),
  );
}
