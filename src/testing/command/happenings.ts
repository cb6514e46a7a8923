/** What happened, without what goes without saying: the events that explain a failure to a person. */
import type { RelayEvent } from '../relay-event.ts';
import { wordsOf } from '../relay-event.ts';
import type { Happening } from '../timeline.ts';

/** More than a person reads; the beginning and the end are shown. */
const MOST = 40;

export interface Shortened {
  readonly first: readonly Happening[];
  /** How many are left out. */
  readonly left: number;
  readonly last: readonly Happening[];
}

/** All that matters, in order. */
export function happeningsOf(events: readonly RelayEvent[]): readonly Happening[] {
  return events
    .filter((event, place) => matters(event, place, events))
    .map((event) => ({ atMs: event.atMs, ...wordsOf(event) }));
}

export function shortened(all: readonly Happening[]): Shortened {
  if (all.length <= MOST) return { first: all, left: 0, last: [] };
  const half = MOST / 2;
  return { first: all.slice(0, half), left: all.length - MOST, last: all.slice(-half) };
}

function matters(event: RelayEvent, place: number, events: readonly RelayEvent[]): boolean {
  switch (event.kind) {
    // Follows from what comes after it, for a first delivery.
    case 'emitted':
      return event.delivery > 1;
    case 'offered':
    case 'queued':
    case 'nested':
      return false;
    case 'entered':
      return !events.slice(place + 1).some((later) => endsStay(later, event));
    case 'confirmed':
      return event.received.confirmedAtMs !== event.received.atMs;
    default:
      return true;
  }
}

/** Whether a later event tells what became of a message in a step, so that its coming need not be told. */
function endsStay(later: RelayEvent, entered: RelayEvent & { readonly kind: 'entered' | 'left' }): boolean {
  if (later.kind !== 'left' && later.kind !== 'discarded' && later.kind !== 'failed') return false;
  const taken = new Set(entered.of.map(({ sent }) => sent));
  return later.place === entered.place && later.of.some(({ sent }) => taken.has(sent));
}
