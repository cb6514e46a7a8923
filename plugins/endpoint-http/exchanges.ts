/** Requests that wait for an end: for the settlement of their messages, or for the answer that a route sends back. */
import type { ServerResponse } from 'node:http';
import type { SchedulerLike, Subscription } from 'rxjs';
import { deadline } from '../../src/core/deadline.ts';
import type { End, Status } from '../../src/core/message.ts';
import { addEnd, addStatus, type Fate, newFate } from './fate.ts';

export interface Exchange {
  /** Unique over restarts: `meta.peer` of its messages. */
  readonly token: string;
  /** The other word that an answer may be known by. */
  readonly correlationId: string | undefined;
  readonly response: ServerResponse;
  /** Called once when all its messages are settled, with what became of them; not after `end`. */
  onSettled(fate: Fate): void;
  onTimeout(): void;
}

export interface Exchanges {
  /** Whether a request that waits has this word already. */
  has(correlationId: string): boolean;
  /** Begins to wait for `messages` settlements. */
  begin(exchange: Exchange, messages: number): void;
  settled(token: string, status: Status): void;
  /** Why a part of its messages ends otherwise than in a sink. */
  explained(token: string, end: End, reason: string): void;
  /** The request that an answer is for. */
  find(token: string | undefined, correlationId: string | undefined): Exchange | undefined;
  /** It has its answer. */
  end(exchange: Exchange): void;
  /** All that wait. */
  readonly all: readonly Exchange[];
}

interface Entry {
  readonly exchange: Exchange;
  readonly timeout: Subscription;
  readonly fate: Fate;
  left: number;
}

export function createExchanges(scheduler: SchedulerLike, timeoutMs: number): Exchanges {
  /** Both as many as there are requests under way at most. */
  const entries = new Map<string, Entry>();
  const byCorrelation = new Map<string, Entry>();

  const end = ({ token, correlationId }: Exchange): void => {
    entries.get(token)?.timeout.unsubscribe();
    entries.delete(token);
    if (correlationId !== undefined) byCorrelation.delete(correlationId);
  };

  return {
    has: (correlationId) => byCorrelation.has(correlationId),
    begin(exchange, messages) {
      const timeout = deadline(scheduler, timeoutMs, () => {
        end(exchange);
        exchange.onTimeout();
      });
      const entry: Entry = { exchange, timeout, fate: newFate(), left: messages };
      entries.set(exchange.token, entry);
      if (exchange.correlationId !== undefined) byCorrelation.set(exchange.correlationId, entry);
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
    find(token, correlationId) {
      const entry =
        (token === undefined ? undefined : entries.get(token)) ??
        (correlationId === undefined ? undefined : byCorrelation.get(correlationId));
      return entry?.exchange;
    },
    end,
    get all() {
      return [...entries.values()].map(({ exchange }) => exchange);
    },
  };
}
