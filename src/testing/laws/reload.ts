/** Law 18: a reload changes nothing of what its configuration does not change. Compares two runs. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import type { Configuration } from '../../config/configuration.ts';
import { reloads } from '../arbitraries/fault.ts';
import { scenarios } from '../arbitraries/scenario.ts';
import type { VirtualRelay } from '../relay.ts';
import type { RelayEvent } from '../relay-event.ts';
import type { Scenario, ScenarioAction } from '../scenario.ts';
import { shown } from '../shown.ts';
import { stoppedSources } from './eventful.ts';
import type { Breach, ComparingLaw } from './law.ts';
import { type Played, playToEnd } from './played.ts';

export const reload: ComparingLaw = {
  number: 18,
  name: 'reload',
  sentence:
    'a reload to the same configuration changes nothing, and one that changes a route nothing of routes it shares no endpoint with',
  scenarios: (configuration, settings) =>
    fc
      .tuple(
        scenarios(configuration, settings),
        fc.array(fc.tuple(fc.nat(), reloads(configuration)), { minLength: 1, maxLength: 4 }),
      )
      .map(([scenario, inserted]) => withReloads(scenario, inserted)),
  async compare(relayOf, scenario) {
    /** When the scenario began, and when each action had been done. */
    const times: number[] = [];
    const tell = (relay: VirtualRelay): undefined => void times.push(relay.nowMs);
    const reloaded = await playToEnd(relayOf, scenario, [{ number: 18, inspect: tell }], tell);
    // A reload waits until the one before it is over, and with it all that comes after: so does the run without.
    const waits = scenario.flatMap((action, place): readonly ScenarioAction[] => {
      if (action.do !== 'reload') return [action];
      const ms = (times[place + 1] ?? 0) - (times[place] ?? 0);
      return ms > 0 ? [{ do: 'wait', ms }] : [];
    });
    const undisturbed = await playToEnd(relayOf, waits);
    const changed = new Set([...changedIn(scenario), ...stoppedIn(reloaded), ...stoppedIn(undisturbed)]);
    const text = differenceBetween(reloaded, undisturbed, changed);
    return text === undefined ? undefined : ({ text, played: reloaded } satisfies Breach);
  },
};

function withReloads(scenario: Scenario, inserted: readonly (readonly [number, ScenarioAction])[]): Scenario {
  const actions = [...scenario];
  for (const [place, action] of inserted) actions.splice(place % (actions.length + 1), 0, action);
  return actions;
}

function changedIn(scenario: Scenario): ReadonlySet<string> {
  return new Set(scenario.flatMap((action) => (action.do === 'reload' ? (action.route ?? []) : [])));
}

/** Routes that stood still at a message, as `on-error: hold` has it: a reload tries it again, changed or not. */
function stoppedIn({ relay }: Played): readonly string[] {
  const holders = new Set(relay.events.flatMap((event) => (event.kind === 'held' ? [event.holder] : [])));
  return [...relay.configuration.routes.keys()].filter((route) => holders.has(`${route} on-error`));
}

function differenceBetween(
  reloaded: Played,
  undisturbed: Played,
  changed: ReadonlySet<string>,
): string | undefined {
  if (reloaded.thrown !== undefined && undisturbed.thrown === undefined) {
    return `because of a reload something threw: ${reloaded.thrown.message}`;
  }
  const { configuration } = undisturbed.relay;
  const touched = endpointsWith(configuration, changed);
  const seen = eventsBeside(reloaded, touched);
  const expected = eventsBeside(undisturbed, touched);
  const length = Math.max(seen.length, expected.length);
  for (let place = 0; place < length; place += 1) {
    if (isDeepStrictEqual(seen[place], expected[place])) continue;
    return `because of a reload there is ${wordsOf(seen[place])}, and else ${wordsOf(expected[place])}`;
  }
  const stopped = stoppedSources(reloaded);
  const [open] = reloaded.open.filter(({ endpoint }) => !stopped.has(endpoint));
  if (open !== undefined && undisturbed.open.length === 0) {
    return `because of a reload ${open.id} is never settled`;
  }
  return undefined;
}

/** The endpoints of these routes, and of all that share one with them, and so on. */
function endpointsWith({ routes }: Configuration, changed: ReadonlySet<string>): ReadonlySet<string> {
  const touched = new Set<string>();
  const ends = [...routes.values()].map(({ plan }) => ({ name: plan.name, all: endsOf(plan) }));
  for (let size = -1; size !== touched.size; ) {
    size = touched.size;
    for (const { name, all } of ends) {
      if (!changed.has(name) && !all.some((end) => touched.has(end))) continue;
      for (const end of all) touched.add(end);
    }
  }
  return touched;
}

function endsOf({ from, to, onError }: Configuration['plan']['routes'][string]): readonly string[] {
  return [
    ...from,
    ...to.map((branch) => branch.to),
    ...(typeof onError === 'object' ? [onError.deadLetter] : []),
  ];
}

/** What came of each message, and what each endpoint received and when. */
interface Seen {
  readonly atMs: number;
  readonly kind: RelayEvent['kind'];
  readonly endpoint: string;
  readonly what: unknown;
}

function eventsBeside({ relay }: Played, touched: ReadonlySet<string>): readonly Seen[] {
  return relay.events
    .flatMap((event): Seen[] => {
      const { atMs, kind } = event;
      switch (kind) {
        case 'emitted':
          return [
            {
              atMs,
              kind,
              endpoint: event.sent.endpoint,
              what: [event.sent.id, event.delivery, event.inFlight],
            },
          ];
        case 'settled':
          return [
            {
              atMs,
              kind,
              endpoint: event.sent.endpoint,
              what: [event.sent.id, event.delivery, event.status],
            },
          ];
        case 'written':
        case 'confirmed':
          return [{ atMs, kind, endpoint: event.endpoint, what: [event.leg, event.received.payload] }];
        case 'held':
        case 'released':
          return [{ atMs, kind, endpoint: event.endpoint, what: event.holder }];
        default:
          return [];
      }
    })
    .filter(({ endpoint }) => !touched.has(endpoint));
}

function wordsOf(one: Seen | undefined): string {
  return one === undefined ? 'nothing' : `${one.endpoint} ${one.kind} ${shown(one.what)} at ${one.atMs} ms`;
}
