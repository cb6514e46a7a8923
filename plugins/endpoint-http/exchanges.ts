/** Requests under way whose senders are told of the settlement of their messages, or of its failure. */
import type { ServerResponse } from 'node:http';
import type { SchedulerLike, Subscription } from 'rxjs';
import { deadline } from '../../src/core/deadline.ts';
import type { End, Status } from '../../src/core/message.ts';
import { addEnd, addStatus, type Fate, newFate } from './fate.ts';

export interface Exchange {
  /** Unique over restarts: `meta.peer` of its messages. */
  readonly token: string;
  readonly response: ServerResponse;
  /** Called once when all its messages are settled, with what became of them; not after `end`. */
  onSettled(fate: Fate): void;
  /** Called once when a route has sent an answer; that answers the response. */
  onAnswered(): void;
  onTimeout(): void;
}

export interface Exchanges {
  /** Begins to wait for `messages` settlements. */
  begin(exchange: Exchange, messages: number): void;
  settled(token: string, status: Status): void;
  /** Why a part of its messages ends otherwise than in a sink. */
  explained(token: string, end: End, reason: string): void;
  /** It has its answer. */
  end(exchange: Exchange): void;
  /** All that wait. */
  readonly all: readonly Exchange[];
}

interface Entry {
  readonly exchange: Exchange;
  readonly timeout: Subscription | undefined;
  readonly fate: Fate;
  left: number;
}

/** @param timeoutMs how long a settlement may take; nothing where something else ends the wait */
export function createExchanges(scheduler: SchedulerLike, timeoutMs: number | undefined): Exchanges {
  /** As many as there are requests under way at most. */
  const entries = new Map<string, Entry>();

  const end = ({ token }: Exchange): void => {
    entries.get(token)?.timeout?.unsubscribe();
    entries.delete(token);
  };

  return {
    begin(exchange, messages) {
      const expire = (): void => {
        end(exchange);
        exchange.onTimeout();
      };
      const timeout = timeoutMs === undefined ? undefined : deadline(scheduler, timeoutMs, expire);
      const entry: Entry = { exchange, timeout, fate: newFate(), left: messages };
      entries.set(exchange.token, entry);
      // Its sender has gone: nobody waits any more.
      exchange.response.once('close', () => end(exchange));
    },
    settled(token, status) {
      const entry = entries.get(token);
      if (entry === undefined) return;
      entry.left -= 1;
      addStatus(entry.fate, status);
      if (entry.left === 0) entry.exchange.onSettled(entry.fate);
    },
    explained(token, end, reason) {
      const entry = entries.get(token);
      if (entry !== undefined) addEnd(entry.fate, end, reason);
    },
    end,
    get all() {
      return [...entries.values()].map(({ exchange }) => exchange);
    },
  };
}
