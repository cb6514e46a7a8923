/** Laws 13 and 14: what happens to one does not change what becomes of others. Both compare two runs. */
import { isDeepStrictEqual } from 'node:util';
import type { Configuration } from '../../config/configuration.ts';
import type { RoutePlan } from '../../config/plan.ts';
import { isLossy } from '../../core/overflow.ts';
import { faultKinds } from '../arbitraries/fault.ts';
import { scenarios } from '../arbitraries/scenario.ts';
import type { VirtualRelay } from '../relay.ts';
import type { Scenario, ScenarioAction } from '../scenario.ts';
import { shown } from '../shown.ts';
import { eventsOf, routesOf } from './eventful.ts';
import type { Breach, ComparingLaw } from './law.ts';
import { type Played, playToEnd, type RelayOf } from './played.ts';

export const isolation: ComparingLaw = {
  number: 13,
  name: 'isolation and claims',
  sentence:
    'code beside the routes changes nothing, and what a sink receives does not depend on what happens to a sink whose legs may lose, or whose consumers are its own',
  scenarios: (configuration, settings) =>
    scenarios(configuration, {
      ...settings,
      faults: settings.faults ?? faultKinds.filter((kind) => kind !== 'restart'),
    }),
  async compare(relayOf, scenario) {
    return (
      (await comparedWithStrangers(relayOf, scenario)) ?? (await comparedWithoutOthers(relayOf, scenario))
    );
  },
};

async function comparedWithStrangers(relayOf: RelayOf, scenario: Scenario): Promise<Breach | undefined> {
  const alone = await playToEnd(relayOf, scenario);
  const watched = await playToEnd(relayOf, scenario, [], addStrangers);
  if (watched.thrown !== undefined && alone.thrown === undefined) {
    return {
      text: `code beside the routes made something throw: ${watched.thrown.message}`,
      played: watched,
    };
  }
  for (const name of alone.relay.configuration.endpoints.keys()) {
    const wrong = unlike(name, seenAt(watched, name), seenAt(alone, name));
    if (wrong !== undefined) return { text: `with code beside the routes, ${wrong}`, played: watched };
  }
  const fates = ({ relay }: Played) => relay.sent.map(({ fate }) => fate);
  if (isDeepStrictEqual(fates(alone), fates(watched))) return undefined;
  return { text: 'code beside the routes changed what was settled how', played: watched };
}

/** They do to messages all that is not theirs to do. */
function addStrangers(relay: VirtualRelay): void {
  for (const name of relay.configuration.endpoints.keys()) {
    relay.endpoint(name).subscribe((message) => {
      message.retain(2);
      message.nack();
      message.reject();
      message.discard('by a stranger');
    });
  }
}

async function comparedWithoutOthers(relayOf: RelayOf, scenario: Scenario): Promise<Breach | undefined> {
  const configuration = await configurationOf(relayOf);
  const about = new Set(scenario.map(sinkOf).filter((sink) => sink !== undefined));
  let busy: Played | undefined;
  for (const sink of about) {
    if (!isLossySink(configuration, sink) && !isSinkApart(configuration, sink)) continue;
    busy ??= await playToEnd(relayOf, scenario);
    const breach = await comparedWithout(sink, relayOf, busy);
    if (breach !== undefined) return breach;
  }
  return undefined;
}

/**
 * Plays a scenario once more, without what happens to one sink: the others must receive the same at the same times, and
 * sources that do not lead to it be held by the same at the same times.
 */
export async function comparedWithout(
  sink: string,
  relayOf: RelayOf,
  busy: Played,
): Promise<Breach | undefined> {
  const calm = busy.scenario.filter((action) => sinkOf(action) !== sink);
  if (calm.length === busy.scenario.length) return undefined;
  const quiet = await playToEnd(relayOf, calm);
  const { configuration } = busy.relay;
  const leading = new Set(routesTo(configuration, sink).flatMap(({ from }) => from));
  for (const other of configuration.endpoints.keys()) {
    if (other === sink) continue;
    const wrong =
      unlike(other, seenAt(busy, other), seenAt(quiet, other)) ??
      (leading.has(other) ? undefined : unlikeHolds(other, busy, quiet));
    if (wrong !== undefined) return { text: `because of what happens to ${sink}, ${wrong}`, played: busy };
  }
  return undefined;
}

function unlikeHolds(name: string, busy: Played, quiet: Played): string | undefined {
  const [seen, expected] = [busy, quiet].map((played) =>
    eventsOf(played, 'held', 'released')
      .filter(({ endpoint }) => endpoint === name)
      .map(({ kind, holder, atMs }) => `${kind} by ${holder} at ${atMs} ms`),
  ) as [string[], string[]];
  const length = Math.max(seen.length, expected.length);
  const place = Array.from({ length }, (_, at) => at).find((at) => seen[at] !== expected[at]);
  if (place === undefined) return undefined;
  return `${name} is ${seen[place] ?? 'held no more'}, and else ${expected[place] ?? 'held no more'}`;
}

async function configurationOf(relayOf: RelayOf): Promise<Configuration> {
  const relay = await relayOf();
  relay.stop();
  return relay.configuration;
}

function sinkOf(action: ScenarioAction): string | undefined {
  if ('sink' in action) return action.sink;
  return 'endpoint' in action ? action.endpoint : undefined;
}

/** A sink of routes that have no other, from sources that nobody else reads; no source itself, and on no circle. */
function isSinkApart(configuration: Configuration, sink: string): boolean {
  const routes = routesTo(configuration, sink);
  const sources = new Set(routes.flatMap(({ from }) => from));
  const circular = [sink, ...sources].some(
    (name) => (configuration.endpoints.get(name)?.capabilities.writesTo?.length ?? 0) > 0,
  );
  if (circular) return false;
  return routesOf(configuration).every(({ plan: { from, to, onError } }) => {
    // It may be slow to take them, or be sent more of them.
    if (typeof onError === 'object' && (onError.deadLetter === sink || to.some((leg) => leg.to === sink)))
      return false;
    if (from.includes(sink)) return false;
    return to.every((leg) => leg.to === sink) || !from.some((name) => sources.has(name));
  });
}

function routesTo(configuration: Configuration, sink: string): readonly RoutePlan[] {
  return routesOf(configuration)
    .map(({ plan }) => plan)
    .filter(({ to }) => to.some((leg) => leg.to === sink));
}

/** A sink that no leg waits for or stands in for, which is no source, no place for dead letters, and on no circle. */
function isLossySink(configuration: Configuration, sink: string): boolean {
  const endpoint = configuration.endpoints.get(sink);
  if ((endpoint?.capabilities.writesTo?.length ?? 0) > 0) return false;
  for (const { plan } of routesOf(configuration)) {
    if (plan.from.includes(sink)) return false;
    if (typeof plan.onError === 'object' && plan.onError.deadLetter === sink) return false;
    if (isStoodInFor(plan, sink)) return false;
    for (const { to, overflow } of plan.to) {
      if (to === sink && !isLossy(overflow)) return false;
    }
    // A refusal is a failure of the route, whatever the policy: only `discard` ends it there.
    if (plan.to.some(({ to }) => to === sink) && plan.onError === 'hold') return false;
  }
  return true;
}

/** Whether others get its messages while it is full or down. */
function isStoodInFor({ to, targets = [] }: RoutePlan, sink: string): boolean {
  return targets.some(
    (target) =>
      typeof target !== 'number' && target.kind !== 'hash' && target.legs.some((leg) => to[leg]?.to === sink),
  );
}

export const containment: ComparingLaw = {
  number: 14,
  name: 'containment',
  sentence: 'a message that a step or a marshaller fails changes the outcome of no other message',
  doesNotApply(configuration) {
    return victims(configuration).length > 0
      ? undefined
      : 'no route can be given a message that fails in its first step or its marshaller, and goes on';
  },
  scenarios(configuration, settings) {
    const calm = { ...settings, faults: [], maxActions: 8 };
    return scenarios(configuration, calm).chain((before) =>
      scenarios(configuration, calm).map((after) => [...before, ...after]),
    );
  },
  async compare(relayOf, scenario) {
    const configuration = await configurationOf(relayOf);
    const middle = Math.floor(scenario.length / 2);
    for (const bad of victims(configuration)) {
      const [before, after] = [scenario.slice(0, middle), scenario.slice(middle)];
      const harmed = await playToEnd(relayOf, [...before, ...bad, ...after]);
      const wholesome = await playToEnd(relayOf, scenario);
      // A full window makes others wait for the place of the one that fails: then they come later, and rightly so.
      if (!isFlowing(harmed) || !isFlowing(wholesome)) continue;
      for (const name of configuration.endpoints.keys()) {
        const wrong = unlike(name, seenAt(harmed, name), seenAt(wholesome, name));
        if (wrong !== undefined) return { text: `because of a message that fails, ${wrong}`, played: harmed };
      }
    }
    return undefined;
  },
};

/** Whether no source ever had to wait. */
function isFlowing({ relay }: Played): boolean {
  return relay.events.every(
    (event) => event.kind !== 'held' && (event.kind !== 'emitted' || event.inFlight + 1 < event.window),
  );
}

/** Ways to bring a message that fails before any step could do something with it. */
function victims(configuration: Configuration): readonly Scenario[] {
  const all: Scenario[] = [];
  for (const { plan, steps } of routesOf(configuration)) {
    // A route that stops at a failure stops for all: that is what it says.
    if (plan.onError === 'hold' || typeof plan.onError === 'object') continue;
    const source = plan.from[0] ?? '';
    if (readersOf(configuration, source) !== 1) continue;
    const endpoint = configuration.endpoints.get(source);
    const isParsed = endpoint?.plan.marshal !== undefined && endpoint.plan.marshal !== 'none';
    if (isParsed && endpoint.capabilities.source?.carries === 'bytes') {
      all.push([{ do: 'send-raw', to: source, text: '{"malformed":' }]);
    }
    const [first] = steps;
    if (first !== undefined && first.definition.kind !== 'rx') {
      const step = `${plan.name}.via[0] ${first.plan.use}`;
      all.push([{ do: 'send', to: source, payload: {}, failsIn: step }]);
    }
  }
  return all;
}

function readersOf(configuration: Configuration, source: string): number {
  return routesOf(configuration).filter(({ plan }) => plan.from.includes(source)).length;
}

interface Seen {
  readonly payload: unknown;
  readonly atMs: number;
}

/** What came to an endpoint through its legs; dead letters are counted by nobody here. */
function seenAt({ relay }: Played, name: string): readonly Seen[] {
  return relay
    .received(name)
    .filter(({ leg }) => !leg.includes(' ⇢ '))
    .map(({ payload, atMs }) => ({ payload, atMs }));
}

function unlike(name: string, seen: readonly Seen[], expected: readonly Seen[]): string | undefined {
  const length = Math.max(seen.length, expected.length);
  for (let place = 0; place < length; place += 1) {
    if (isDeepStrictEqual(seen[place], expected[place])) continue;
    return `${name} receives ${wordsOf(seen[place])} in place ${place + 1}, and else ${wordsOf(expected[place])}`;
  }
  return undefined;
}

function wordsOf(one: Seen | undefined): string {
  return one === undefined ? 'nothing' : `${shown(one.payload)} at ${one.atMs} ms`;
}
