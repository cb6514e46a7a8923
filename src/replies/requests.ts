/** Requests that wait for their answers: a bounded table of ways back, by a correlation id that nobody can guess. */
import { randomUUID } from 'node:crypto';
import type { SchedulerLike, Subscription } from 'rxjs';
import { deadline } from '../core/deadline.ts';
import type { Message } from '../core/message.ts';
import type { Sender } from '../core/sink.ts';
import type { RequestTable } from '../core/transport.ts';

/** A request that somebody waits for the answer to. */
export interface Asked<Way> {
  /** How its answer finds whoever asked: a reply subject, a queue, a response, a peer. */
  readonly way: Way;
  /** The correlation id that the asker gave it, to be restored in the answer. */
  readonly correlationId: string | undefined;
}

/**
 * Why an answer goes nowhere. `late`: its request was answered, timed out, or its asker has left. `no-request`: it has
 * no correlation id, or none that this run of this endpoint made.
 */
export type Unasked = 'late' | 'no-request';

export interface RequestsOptions<Way> {
  readonly scheduler: SchedulerLike;
  /** How long an answer may take. */
  readonly timeoutMs: number;
  /** The most requests that wait: `isFull` from then on, and it is for the caller to take no more. */
  readonly max: number;
  /** The most of them with one and the same way back, so that one who floods leaves room for others. Any unless given. */
  readonly maxOfOne?: number;
  /** Where an answer has the correlation id of its request; in its meta unless given. */
  readonly correlation?: ((message: Message) => unknown) | undefined;
  /** Called once for a request that has waited for `timeoutMs`. */
  readonly onTimeout?: (asked: Asked<Way>) => void;
  /** There is room again, at ¾ of `max`, after `isFull`. */
  readonly onRoom?: () => void;
  /** Unique and unguessable, over restarts too. `randomUUID` unless given. */
  readonly makeId?: () => string;
}

export interface Requests<Way> extends RequestTable {
  readonly isFull: boolean;
  /** Whether one with this way back may ask no more, or nobody may. */
  isFullFor(way: Way): boolean;
  /** Begins to wait; gives the correlation id under which the request goes on. */
  ask(way: Way, correlationId: string | undefined): string;
  /** A request that waits, and goes on waiting. */
  find(correlationId: string | undefined): Asked<Way> | undefined;
  /**
   * The request that a message answers, which waits no more. Given the same message by the same leg once more, after
   * a connection was lost before it confirmed, it is found again: that is no second answer.
   */
  take(message: Message, sender: Sender): Asked<Way> | Unasked;
  /** Whoever asked has left, or has been told otherwise. */
  forget(correlationId: string | undefined): void;
  /** Whoever asked with this way back has left; where there is a `maxOfOne`. */
  forgetAll(way: Way): void;
  /** A request was turned away because there was no room. */
  refuse(): void;
  /** Ends all waiting, without a word; gives those that waited. */
  clear(): readonly Asked<Way>[];
  /** Leaves no timer behind, while its endpoint is closed: those that wait are looked at again from `resume` on. */
  suspend(): void;
  resume(): void;
}

/** Room again at this part of `max`, so that a gate does not open and shut with each answer. */
const ROOM = 3 / 4;

interface Entry<Way> extends Asked<Way> {
  /** The correlation id that its bytes say, once somebody has read them. */
  inBytes?: string;
  readonly expiresAt: number;
}

interface Answered<Way> {
  readonly id: string;
  readonly sender: Sender;
  readonly asked: Asked<Way>;
}

/**
 * All wait equally long, so those that came first run out first: one timer is enough, for the oldest.
 *
 * @example
 * const requests = createRequests<string>({ scheduler, timeoutMs: 30_000, max: 10_000 });
 * lane.receiveBytes(wire, { correlationId: requests.ask(inbox, undefined) });
 * // in write: the way back of the request that the message answers, and of no other
 * const asked = requests.take(message, sender);
 * if (typeof asked === 'string') sender.dismiss(ticket, asked);
 */
export function createRequests<Way>(options: RequestsOptions<Way>): Requests<Way> {
  const {
    scheduler,
    timeoutMs,
    max,
    onTimeout,
    onRoom,
    maxOfOne,
    correlation,
    makeId = randomUUID,
  } = options;
  /** What ids of this run begin with. It is no secret: it only tells late answers from strange ones. */
  const mark = `araldo-${makeId().slice(0, 8)}-`;
  /** By id, the oldest first. Bounded by `max` and what a transport had read already when it was full. */
  const waiting = new Map<string, Entry<Way>>();
  /** The ids of those that wait, by way back; only where they are bounded. */
  const ofWay = maxOfOne === undefined ? undefined : new Map<Way, Set<string>>();
  /** By root of the answer, and as long as somebody has that. */
  const answers = new WeakMap<Message, Answered<Way>>();
  const counts = { asked: 0, answered: 0, timedOut: 0, forgotten: 0, refused: 0 };
  let timer: Subscription | undefined;
  let wasFull = false;
  let isSuspended = false;

  return {
    get isFull() {
      return waiting.size >= max;
    },
    isFullFor: (way) => waiting.size >= max || (ofWay?.get(way)?.size ?? 0) >= (maxOfOne ?? max),
    get counts() {
      return { ...counts, waiting: waiting.size };
    },
    ask(way, correlationId) {
      const id = `${mark}${makeId()}`;
      counts.asked += 1;
      waiting.set(id, { way, correlationId, expiresAt: scheduler.now() + timeoutMs });
      if (waiting.size >= max) wasFull = true;
      note(way, id);
      arm();
      return id;
    },
    find: (id) => (id === undefined ? undefined : waiting.get(id)),
    learn(id, own) {
      const entry = waiting.get(id);
      if (entry !== undefined) entry.inBytes = own;
    },
    ownOf(message) {
      const entry = waiting.get(correlationOf(message) ?? '');
      return entry?.inBytes ?? entry?.correlationId;
    },
    take(message, sender) {
      const correlationId = correlationOf(message);
      const asked = remove(correlationId);
      if (asked === undefined) return answeredBefore(message, sender) ?? reasonFor(correlationId);
      counts.answered += 1;
      answers.set(message.root, { id: message.id, sender, asked });
      tellRoom();
      return asked;
    },
    forget(id) {
      if (remove(id) === undefined) return;
      counts.forgotten += 1;
      tellRoom();
    },
    forgetAll(way) {
      for (const id of [...(ofWay?.get(way) ?? [])]) if (remove(id) !== undefined) counts.forgotten += 1;
      tellRoom();
    },
    refuse() {
      counts.refused += 1;
    },
    clear() {
      disarm();
      const all = [...waiting.values()];
      waiting.clear();
      ofWay?.clear();
      counts.forgotten += all.length;
      tellRoom();
      return all;
    },
    suspend() {
      isSuspended = true;
      disarm();
    },
    resume() {
      isSuspended = false;
      arm();
    },
  };

  /** An answer without one where it is looked for is an answer to nobody. */
  function correlationOf(message: Message): string | undefined {
    if (correlation === undefined) return message.meta.correlationId;
    try {
      const id = correlation(message);
      return typeof id === 'string' ? id : undefined;
    } catch {
      return undefined;
    }
  }

  function remove(id: string | undefined): Entry<Way> | undefined {
    if (id === undefined) return undefined;
    const entry = waiting.get(id);
    if (entry !== undefined) strike(entry.way, id);
    waiting.delete(id);
    return entry;
  }

  function note(way: Way, id: string): void {
    if (ofWay === undefined) return;
    const ids = ofWay.get(way);
    if (ids === undefined) ofWay.set(way, new Set([id]));
    else ids.add(id);
  }

  /** A way goes with the last of its requests. */
  function strike(way: Way, id: string): void {
    const ids = ofWay?.get(way);
    ids?.delete(id);
    if (ids?.size === 0) ofWay?.delete(way);
  }

  function answeredBefore(message: Message, sender: Sender): Asked<Way> | undefined {
    const before = answers.get(message.root);
    return before?.id === message.id && before.sender === sender ? before.asked : undefined;
  }

  function reasonFor(id: string | undefined): Unasked {
    return id?.startsWith(mark) === true ? 'late' : 'no-request';
  }

  /** Kept when its request is answered: the next one that waits is looked for when it is due. */
  function arm(): void {
    if (timer !== undefined || isSuspended) return;
    for (const { expiresAt } of waiting.values()) {
      timer = deadline(scheduler, Math.max(0, expiresAt - scheduler.now()), expire);
      return;
    }
  }

  function disarm(): void {
    timer?.unsubscribe();
    timer = undefined;
  }

  function expire(): void {
    timer = undefined;
    const now = scheduler.now();
    const due: Entry<Way>[] = [];
    for (const [id, entry] of waiting) {
      if (entry.expiresAt > now) break;
      remove(id);
      due.push(entry);
    }
    counts.timedOut += due.length;
    arm();
    for (const entry of due) onTimeout?.(entry);
    tellRoom();
  }

  function tellRoom(): void {
    if (!wasFull || waiting.size > max * ROOM) return;
    wasFull = false;
    onRoom?.();
  }
}
