/** What can happen in a relay, as data: laws read it, and people read the words made of it. */
import type { Status } from '../core/message.ts';
import type { Received } from './modelled-sink.ts';
import type { Sent } from './sent.ts';
import { shown } from './shown.ts';
import type { Stem } from './whereabouts.ts';

interface At {
  readonly atMs: number;
}

/** Something about a message inside a route. */
interface OfMessage extends At {
  readonly route: string;
  /** The id of the message: `orders#1`, or `orders#1/0` for a part of it. */
  readonly id: string;
  /** What was sent that is in it: one, or all that were joined; none when code made it. */
  readonly of: readonly Stem[];
}

export type RelayEvent =
  | (At & { readonly kind: 'sent'; readonly sent: Sent })
  | (At & {
      readonly kind: 'emitted';
      readonly sent: Sent;
      readonly delivery: number;
      /** Who held the gate then: nobody, or the relay is wrong. */
      readonly holders: readonly string[];
      /** How many were unsettled before it, and may be. */
      readonly inFlight: number;
      readonly window: number;
    })
  | (At & {
      readonly kind: 'settled';
      readonly sent: Sent;
      readonly delivery: number;
      readonly status: Status;
      /** Where acks are cumulative: its position in its lane, and up to which position all is settled. */
      readonly lane: string;
      readonly position: number;
      readonly floor: number | undefined;
    })
  /** One delivery is settled once more. */
  | (At & {
      readonly kind: 'settled-again';
      readonly endpoint: string;
      readonly lane: string;
      readonly position: number;
    })
  | (At & { readonly kind: 'lost'; readonly sent: Sent; readonly why: string })
  | (OfMessage & { readonly kind: 'entered' | 'left'; readonly place: string; readonly payload: unknown })
  | (OfMessage & { readonly kind: 'discarded'; readonly place: string; readonly reason: string })
  | (OfMessage & {
      readonly kind: 'failed';
      readonly place: string;
      readonly error: string;
      /** Whether its source waits for what becomes of it: not behind a leg that may lose. */
      readonly isOwed: boolean;
    })
  | (OfMessage & { readonly kind: 'over-settled'; readonly place: string })
  | (OfMessage & { readonly kind: 'offered'; readonly leg: string; readonly payload: unknown })
  /** A leg's condition was not true of a message, or it could not be made ready for the sink. */
  | (OfMessage & { readonly kind: 'filtered' | 'unready'; readonly leg: string })
  /** What waits in a leg after it was offered a message, if anything. */
  | (At & {
      readonly kind: 'queued';
      readonly leg: string;
      readonly depth: number;
      readonly bytes: number;
      /** Whether the leg holds the source of that message, or holds none. */
      readonly isHolding: boolean;
    })
  | (At & { readonly kind: 'dropped'; readonly leg: string; readonly reason: string; readonly count: number })
  | (OfMessage & {
      readonly kind: 'written' | 'confirmed';
      readonly endpoint: string;
      readonly leg: string;
      readonly received: Received;
    })
  | (OfMessage & {
      readonly kind: 'refused';
      readonly endpoint: string;
      readonly leg: string;
      readonly reason: string;
    })
  | (At & { readonly kind: 'held' | 'released'; readonly endpoint: string; readonly holder: string })
  /** The connection of an endpoint is gone; it can be opened again. */
  | (At & { readonly kind: 'down' | 'up'; readonly endpoint: string })
  | (At & { readonly kind: 'killed' })
  /** A reload begins: what was there before has the time of a drain to end. */
  | (At & { readonly kind: 'reloads' })
  /** From here on all sinks take messages, and all is up. */
  | (At & { readonly kind: 'settling' })
  /** Emissions and writes stand within each other, so deep. */
  | (At & { readonly kind: 'nested'; readonly depth: number })
  | (At & { readonly kind: 'noted'; readonly who: string; readonly what: string });

/** The event in words. */
export function wordsOf(event: RelayEvent): { readonly who: string; readonly what: string } {
  switch (event.kind) {
    case 'sent':
      return { who: event.sent.endpoint, what: `is sent ${event.sent.id} ${shown(event.sent.payload)}` };
    case 'emitted':
      return { who: event.sent.endpoint, what: `emits ${event.sent.id}${times(event.delivery)}` };
    case 'settled':
      return {
        who: event.sent.endpoint,
        what: `${verbs[event.status]} ${event.sent.id}${times(event.delivery)}`,
      };
    case 'settled-again':
      return { who: event.endpoint, what: `settles ${event.lane}:${event.position} a second time` };
    case 'lost':
      return { who: event.sent.endpoint, what: `loses ${event.sent.id}: ${event.why}` };
    case 'entered':
      return { who: event.place, what: `takes ${event.id} ${shown(event.payload)}` };
    case 'left':
      return { who: event.place, what: `gives ${event.id} ${shown(event.payload)}` };
    case 'discarded':
      return { who: event.place, what: `drops ${event.id}: ${event.reason}` };
    case 'failed':
      return { who: event.place, what: `fails ${event.id}: ${event.error}` };
    case 'over-settled':
      return { who: event.place, what: `settles ${event.id} more often than it has obligations` };
    case 'offered':
      return { who: event.leg, what: `is offered ${event.id}` };
    case 'filtered':
      return { who: event.leg, what: `leaves ${event.id} out: its condition is not true` };
    case 'unready':
      return { who: event.leg, what: `cannot make ${event.id} ready` };
    case 'queued':
      return { who: event.leg, what: `has ${event.depth} waiting${event.isHolding ? ', and holds' : ''}` };
    case 'dropped':
      return { who: event.leg, what: `drops ${event.count}: ${event.reason}` };
    case 'written':
      return { who: event.endpoint, what: `receives ${event.id} ${shown(event.received.payload)}` };
    case 'confirmed':
      return { who: event.endpoint, what: `confirms ${event.id}` };
    case 'refused':
      return { who: event.endpoint, what: `refuses ${event.id}: ${event.reason}` };
    case 'held':
      return { who: event.endpoint, what: `is held by ${event.holder}` };
    case 'released':
      return { who: event.endpoint, what: `is let go by ${event.holder}` };
    case 'down':
      return { who: event.endpoint, what: 'is down' };
    case 'up':
      return { who: event.endpoint, what: 'can be reached again' };
    case 'reloads':
      return { who: 'relay', what: 'reloads' };
    case 'killed':
      return { who: 'relay', what: 'is killed, and started again' };
    case 'settling':
      return { who: 'relay', what: 'all sinks take messages, and time passes' };
    case 'nested':
      return { who: 'relay', what: `emissions and writes stand ${event.depth} deep within each other` };
    case 'noted':
      return event;
    default:
      return event satisfies never;
  }
}

const verbs: Readonly<Record<Status, string>> = { ack: 'acks', nack: 'nacks', reject: 'rejects' };

function times(delivery: number): string {
  return delivery > 1 ? ` (delivery ${delivery})` : '';
}
