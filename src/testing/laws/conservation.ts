/** Law 1: the counts of every route and leg add up, and equal what is seen from outside. */
import type { RunningRoute } from '../../runtime/running-route.ts';
import type { VirtualRelay } from '../relay.ts';
import { stoppedSources } from './eventful.ts';
import type { RunLaw } from './law.ts';
import type { Played } from './played.ts';

export const conservation: RunLaw = {
  number: 1,
  name: 'conservation',
  sentence:
    'what came in is filtered, delivered, discarded, dead or held, for every route and leg, at every moment',
  inspect: wrongNow,
  examine: wrongAtRest,
};

function wrongNow(relay: VirtualRelay): string | undefined {
  const seen = seenInThisLife(relay);
  for (const running of relay.routes) {
    const { route, legs } = running;
    if (running.inSteps < 0)
      return `${route.name}: more messages left its steps than came: ${running.inSteps}`;
    const received = seen.received.get(route.name) ?? 0;
    if (route.received !== received) {
      return `${route.name}: it counts ${route.received} received, and ${received} were emitted for it`;
    }
    for (const { leg } of legs) {
      const ended = leg.delivered + leg.failed + sum(leg.discarded.values());
      if (leg.received !== ended + leg.held) {
        return `${leg.name}: ${leg.received} received are not ${ended} ended and ${leg.held} held`;
      }
    }
    const fates = route.dead + route.returned + route.givenUp + route.kept;
    const failures = sum(route.failures.values());
    if (fates < failures) return `${route.name}: ${failures} failures, and only ${fates} have a fate`;
  }
  for (const [name, confirmed] of seen.confirmed) {
    const counted = legsNamed(relay.routes, name);
    if (counted.length === 0) continue;
    const delivered = sum(counted.map((leg) => leg.delivered));
    // A sink may confirm what a reload could not wait for: its leg has given it back, and is gone.
    const cut = sum(counted.map((leg) => leg.discarded.get('closed') ?? 0));
    if (confirmed < delivered || confirmed > delivered + cut)
      return `${name}: it counts ${delivered} delivered, and ${confirmed} were confirmed`;
  }
  return undefined;
}

/** What has been seen since the relay was last started: its counts begin there too. */
function seenInThisLife({ events, configuration }: VirtualRelay) {
  const start = events.findLastIndex(({ kind }) => kind === 'killed') + 1;
  const received = new Map<string, number>();
  const confirmed = new Map<string, number>();
  for (const event of events.slice(start)) {
    if (event.kind === 'confirmed') add(confirmed, event.leg);
    if (event.kind !== 'emitted') continue;
    for (const { name, from } of Object.values(configuration.plan.routes)) {
      if (from.includes(event.sent.endpoint)) add(received, name);
    }
  }
  return { received, confirmed };
}

function wrongAtRest(played: Played): string | undefined {
  const stopped = stoppedSources(played);
  for (const { route, inSteps, legs } of played.relay.routes) {
    const isStopped = played.relay.configuration.plan.routes[route.name]?.from.some((from) =>
      stopped.has(from),
    );
    if (isStopped === true) continue;
    if (inSteps !== 0) return `${route.name}: at rest ${inSteps} are in its steps; ${placesIn(played)}`;
    for (const { leg } of legs) if (leg.held !== 0) return `${leg.name}: at rest it holds ${leg.held}`;
  }
  return undefined;
}

/** Where what is open stays, for the first of it. */
export function placesIn({ open }: Played): string {
  const [first] = open;
  return first === undefined ? 'nothing that was sent is open' : `${first.id} is in ${first.where}`;
}

function legsNamed(routes: readonly RunningRoute[], name: string) {
  return routes.flatMap(({ legs, leaving }) =>
    [...legs, ...leaving].map(({ leg }) => leg).filter((leg) => leg.name === name),
  );
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function sum(counts: Iterable<number>): number {
  let all = 0;
  for (const count of counts) all += count;
  return all;
}
