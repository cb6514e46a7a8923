/** Law 8: what a leg that may lose keeps is exactly what its policy says; the reference is a plain array. */

import type { BranchPart, Configuration } from '../../config/configuration.ts';
import { Message } from '../../core/message.ts';
import { isLossy } from '../../core/overflow.ts';
import { scenarios } from '../arbitraries/scenario.ts';
import type { RelayEvent } from '../relay-event.ts';
import type { ScenarioAction } from '../scenario.ts';
import { type EventOf, eventsOf, legName, nameOf, routesOf } from './eventful.ts';
import type { RunLaw } from './law.ts';
import type { Played } from './played.ts';

interface LossyLeg {
  readonly leg: string;
  readonly branch: BranchPart;
}

export const policyExactness: RunLaw = {
  number: 8,
  name: 'policy exactness',
  sentence:
    'drop-oldest keeps the last that fit, drop-newest the first, latest and sample the newest of each key',
  doesNotApply(configuration) {
    return lossyLegs(configuration).length > 0 ? undefined : 'no leg drops anything';
  },
  /** Sinks that take nothing from the start: all that comes waits, until all may go. */
  scenarios(configuration, settings) {
    const sinks = [...new Set(lossyLegs(configuration).map(({ branch }) => branch.plan.to))];
    const stalls = sinks.map((sink): ScenarioAction => ({ do: 'stall', sink }));
    return scenarios(configuration, { ...settings, faults: [] }).map((scenario) => [...stalls, ...scenario]);
  },
  examine(played) {
    for (const lossy of lossyLegs(played.relay.configuration)) {
      const wrong = differs(lossy, played);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  },
};

function lossyLegs(configuration: Configuration): readonly LossyLeg[] {
  return routesOf(configuration).flatMap(({ plan, branches }) => {
    const names = branches.map((branch) => legName(plan.name, branch.plan));
    return (
      branches
        .map((branch, place) => ({ leg: names[place] ?? '', branch }))
        .filter(({ branch: { plan } }) => isLossy(plan.overflow))
        // Two legs of one name could not be told apart in what happened.
        .filter(({ leg }) => names.filter((name) => name === leg).length === 1)
    );
  });
}

function differs({ leg, branch }: LossyLeg, played: Played): string | undefined {
  const { events } = played.relay;
  const end = events.findIndex((event) => isOver(event, leg, branch));
  const isWaiting = new Set(end < 0 ? events : events.slice(0, end));
  const offered = eventsOf(played, 'offered').filter((event) => event.leg === leg && isWaiting.has(event));
  const copies = new Set(offered.map(nameOf));
  const isEnded = end >= 0 && branch.plan.overflow === 'sample';
  const comesLater = (event: RelayEvent): boolean => event.kind === 'offered' && event.leg === leg;
  // What steps held back may take the place of what waits for the end of another period.
  if (isEnded && events.slice(end).some(comesLater)) return undefined;
  // The byte bound counts sizes that only the leg knows: where it may have acted, there is nothing to compare.
  const isLarge = eventsOf(played, 'queued').some(
    (event) => event.leg === leg && event.bytes * 2 > branch.plan.buffer.bytes,
  );
  if (isLarge) return undefined;
  const kept = keptOf(branch, offered).map(nameOf);
  // What steps held back for longer comes when the sink takes again.
  const sent = eventsOf(played, 'written')
    .filter((event) => event.leg === leg && copies.has(nameOf(event)))
    .map(nameOf);
  const at = Math.max(kept.length, sent.length);
  for (let place = 0; place < at; place += 1) {
    if (kept[place] === sent[place]) continue;
    return `${leg} (${branch.plan.overflow}, ${branch.plan.buffer.messages}) sends ${sent[place] ?? 'nothing'} in place ${place + 1}; expected ${kept[place] ?? 'nothing'}`;
  }
  return undefined;
}

/** From here on what waits leaves: when all sinks take messages, and under `sample` when the period is over. */
function isOver(event: RelayEvent, leg: string, { plan }: BranchPart): boolean {
  return plan.overflow === 'sample'
    ? event.kind === 'written' && event.leg === leg
    : event.kind === 'settling';
}

function keptOf(branch: BranchPart, offered: readonly EventOf<'offered'>[]): readonly EventOf<'offered'>[] {
  const { overflow, buffer } = branch.plan;
  if (overflow === 'drop-newest') return offered.slice(0, buffer.messages);
  if (overflow === 'drop-oldest') return offered.slice(-buffer.messages);
  const line: { key: string; event: EventOf<'offered'> }[] = [];
  for (const event of offered) {
    const key = keyOf(branch, event);
    const waiting = line.find((entry) => entry.key === key);
    if (waiting === undefined) line.push({ key, event });
    else waiting.event = event;
    if (line.length > buffer.messages) line.shift();
  }
  return line.map(({ event }) => event);
}

function keyOf({ key }: BranchPart, { payload, id, of }: EventOf<'offered'>): string {
  const meta = of[0]?.sent.meta ?? {};
  return JSON.stringify(key === undefined ? (meta.key ?? null) : key(Message.of(payload, { ...meta, id })));
}
