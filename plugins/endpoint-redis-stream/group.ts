/** What a consumer of a group asks Redis, in the terms of entries. */
import type { Link } from '../../src/redis/link.ts';
import type { EntryFields } from './entry.ts';

export interface Entry {
  readonly id: string;
  /** How often it has been delivered, this time included. */
  readonly deliveries: number;
  readonly fields: EntryFields;
}

/** An entry that somebody has and has not acked. */
export interface Pending {
  readonly id: string;
  /** How often it has been delivered so far. */
  readonly deliveries: number;
}

export interface GroupOptions {
  readonly link: Link;
  /** A connection of its own: one that blocks answers nothing else. */
  readonly blocking: Link;
  readonly stream: string;
  readonly group: string;
  readonly consumer: string;
}

/** Each rejects with the error reply of Redis, or when the connection ends. */
export interface Group {
  /** Entries that no consumer has had; waits so long for the first. */
  readNew(count: number, blockMs: number): Promise<readonly Entry[]>;
  /** What this consumer has not acked, from an id on (`-`, or `(` and an id for those after it). */
  ownPending(from: string, count: number): Promise<readonly Pending[]>;
  /** What any consumer has not acked and has not touched for so long. */
  stalePending(idleMs: number, count: number): Promise<readonly Pending[]>;
  /**
   * Takes entries over and counts that as a delivery; those that somebody else has touched within `idleMs` stay
   * where they are, those that are deleted come back no more.
   */
  claim(pending: readonly Pending[], idleMs: number): Promise<readonly Entry[]>;
  /** Says that we still have them. */
  keep(ids: readonly string[]): Promise<unknown>;
  readonly ack: (ids: readonly string[]) => Promise<unknown>;
}

type RawEntry = readonly [Buffer, EntryFields | null];
type RawPending = readonly [Buffer, Buffer, number, number];

export function createGroup({ link, blocking, stream, group, consumer }: GroupOptions): Group {
  const ask = (...words: readonly (string | number)[]): Promise<unknown> => {
    const [command = '', ...rest] = words;
    return link.redis.callBuffer(String(command), ...rest);
  };

  return {
    async readNew(count, blockMs) {
      const reply = await blocking.redis.callBuffer(
        'XREADGROUP',
        'GROUP',
        group,
        consumer,
        'COUNT',
        count,
        'BLOCK',
        blockMs,
        'STREAMS',
        stream,
        '>',
      );
      return entriesOf(newOf(reply));
    },
    async ownPending(from, count) {
      return pendingOf(await ask('XPENDING', stream, group, from, '+', count, consumer));
    },
    async stalePending(idleMs, count) {
      return pendingOf(await ask('XPENDING', stream, group, 'IDLE', idleMs, '-', '+', count));
    },
    async claim(pending, idleMs) {
      const deliveries = new Map(pending.map((one) => [one.id, one.deliveries + 1]));
      const reply = await ask('XCLAIM', stream, group, consumer, idleMs, ...deliveries.keys());
      return entriesOf(reply as readonly RawEntry[], deliveries);
    },
    keep: (ids) => ask('XCLAIM', stream, group, consumer, 0, ...ids, 'JUSTID'),
    ack: (ids) => ask('XACK', stream, group, ...ids),
  };
}

/** A map of streams: RESP3 has it as names before values, RESP2 as pairs. */
function newOf(reply: unknown): readonly RawEntry[] {
  if (!Array.isArray(reply)) return [];
  const [first, second] = reply as readonly unknown[];
  return (Array.isArray(first) ? first[1] : second) as readonly RawEntry[];
}

/** Without those of which only the id is left. */
function entriesOf(raw: readonly RawEntry[], deliveries?: ReadonlyMap<string, number>): readonly Entry[] {
  const entries: Entry[] = [];
  for (const one of raw) {
    if (one === null || one[1] === null) continue;
    const id = one[0].toString('latin1');
    entries.push({ id, deliveries: deliveries?.get(id) ?? 1, fields: one[1] });
  }
  return entries;
}

function pendingOf(reply: unknown): readonly Pending[] {
  return (reply as readonly RawPending[]).map(([id, , , deliveries]) => ({
    id: id.toString('latin1'),
    deliveries: Number(deliveries),
  }));
}
