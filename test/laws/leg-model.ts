// A leg as a plain array, the reference of laws 1, 3, 4, 7, 8 and 16: every policy in its simplest words.

import { type Leaf, numberOf, type Reader } from './payload.ts';
import type { Report } from './settlement.ts';
import type { BranchSpec } from './topology.ts';

/** What a leg says of itself. */
export interface LegFigures {
  readonly received: number;
  readonly delivered: number;
  readonly failed: number;
  readonly held: number;
  readonly depth: number;
  readonly depthBytes: number;
  readonly retrying: number;
  readonly peakDepth: number;
  readonly holds: number;
  readonly discarded: ReadonlyMap<string, number>;
}

export interface LegModel {
  readonly waits: boolean;
  readonly isLossy: boolean;
  /** A message comes to the leg, or is filtered right before it. Says what must become of it. */
  offered(payload: string, place: number, isFiltered: boolean): 'kept' | 'filtered' | 'dropped' | 'refused';
  written(payload: string): void;
  confirmed(payload: string): void;
  /** Its sink refuses what it was sent. */
  refused(payload: string): void;
  /** What a leg draws its pause with, when something is refused. */
  drawn(): number;
  /** The leg gives up what was refused. */
  failed(payload: string): void;
  /** Its sink is gone. */
  lost(): void;
  hasRoom(): boolean;
  /** It need not hold anybody any more: another has room. */
  letGo(): void;
  /** How often the leg has begun to hold, right after it may have. */
  holdsSoFar(count: number): void;
  /** Compares with the leg. `holds(source)`: whether the leg holds the gate of that source. */
  inspect(figures: LegFigures, holds: (source: number) => boolean): void;
  atRest(figures: LegFigures): void;
}

interface Waiting {
  readonly payload: string;
  readonly size: number;
  readonly key: number;
  /** Where it stands in the order in which the route's messages came to the fan-out. */
  readonly place: number;
  /** Under `sample`: the period in which it came, or in which what it replaced came, is over. */
  readonly isDue: boolean;
  /** It came at the very moment at which a period ended: before or after that, nobody can say. */
  readonly isAtEnd: boolean;
}

interface Retrying extends Waiting {
  /** When it goes to the front. */
  readonly dueMs: number;
}

export interface LegSurroundings {
  /** Virtual time, in milliseconds. */
  now(): number;
  /** The legs that take messages in its stead while it is full. */
  alternates(): readonly LegModel[];
}

export function createLegModel(
  name: string,
  spec: BranchSpec,
  read: Reader,
  report: Report,
  { now, alternates }: LegSurroundings,
): LegModel {
  const { overflow, messages, bytes, everyMs, retry } = spec;
  /** How many may be under way: unconfirmed, or waiting for their next try. */
  const places = retry?.isOrdered === true ? 1 : messages;
  const draw = drawsOf(name);
  /** Whether one of each key waits. */
  const isKeyed = overflow === 'latest' || overflow === 'sample';
  const isLossy = overflow === 'drop-oldest' || overflow === 'drop-newest' || isKeyed;
  let queue: Waiting[] = [];
  let unconfirmed: Waiting[] = [];
  /** Refused, and not due yet: what is due next comes first. */
  let retrying: Retrying[] = [];
  const refusals = new Map<string, number>();
  /** Refused for the last time, and not failed yet. */
  const spent = new Set<string>();
  let lastDrawn = 0;
  const counts = { received: 0, delivered: 0, failed: 0 };
  const discarded = new Map<string, number>();
  const deliveredOnce = new Set<string>();
  /** Offered to a `pause` leg, and neither confirmed nor refused by the sink. */
  const owed = new Set<string>();
  const writtenOnce = new Set<string>();
  /** The last place written for the first time, by key where one of each waits, else in all. */
  const furthest = new Map<number, number>();
  /** By lane: the number of the last message written first. */
  const newest = new Map<string, number>();
  /** The last place confirmed, by key where one of each waits, else in all. */
  const furthestConfirmed = new Map<number, number>();
  /** Whose messages came to the leg while it was full. */
  const fillers = new Set<number>();
  let holds = 0;
  let left = { messages: 0, bytes: 0 };
  /** Under `sample`: when this period ends, if anybody waits for it. */
  let periodEndsMs: number | undefined;
  /** When the last one ended. */
  let periodEndedMs: number | undefined;

  const sizeOf = (payload: string): number => (spec.marshals ? 1 : 2) * payload.length;
  const keyOf = (payload: string): number => numberOf(read(payload)) % spec.keys;
  const total = (): number => queue.reduce((sum, item) => sum + item.size, 0);
  const isOver = (): boolean => queue.length > messages || (queue.length > 1 && total() > bytes);
  const isFull = (): boolean => queue.length >= messages || total() >= bytes;

  const discard = (reason: string): void => {
    discarded.set(reason, (discarded.get(reason) ?? 0) + 1);
  };

  /** The policies. One message always fits, however large. */
  const trim = (): void => {
    if (overflow === 'drop-oldest' || isKeyed) {
      while (isOver()) {
        queue.shift();
        discard('drop-oldest');
      }
    } else if (overflow === 'drop-newest') {
      while (isOver()) {
        queue.pop();
        discard('drop-newest');
      }
    }
  };

  /** The newest of a key takes the place of the one before. */
  const keepLatest = (items: readonly Waiting[]): Waiting[] => {
    const kept: Waiting[] = [];
    for (const item of items) {
      const at = kept.findIndex(({ key }) => key === item.key);
      if (at < 0) kept.push(item);
      else {
        kept[at] = { ...item, isDue: (kept[at] as Waiting).isDue };
        discard('superseded');
      }
    }
    return kept;
  };

  const seriesOf = ({ key }: Waiting): number => (isKeyed ? key : 0);

  /** Puts what comes back before all that waits, unless it was superseded meanwhile. It had its turn, and is due. */
  const putBack = (item: Waiting): void => {
    const isOld = isKeyed && queue.some(({ key }) => key === item.key);
    if (isOld) discard('superseded');
    else queue.unshift({ ...item, isDue: true });
  };

  /** What is due by now goes to the front. */
  const passTime = (): void => {
    if (periodEndsMs !== undefined && periodEndsMs <= now()) {
      queue = queue.map((item) => ({ ...item, isDue: true }));
      periodEndedMs = periodEndsMs;
      periodEndsMs = undefined;
    }
    for (let [first] = retrying; first !== undefined && first.dueMs <= now(); [first] = retrying) {
      retrying = retrying.slice(1);
      putBack(first);
      trim();
    }
  };

  const checkOrder = (item: Waiting): void => {
    const { place, payload } = item;
    // It comes again after its sink was lost.
    if (writtenOnce.has(payload)) return;
    writtenOnce.add(payload);
    const before = furthest.get(seriesOf(item)) ?? -1;
    if (place < before) report([3, 4], `${name} is sent ${payload}, place ${place}, after place ${before}`);
    furthest.set(seriesOf(item), place);
    const seen = new Set<string>();
    for (const leaf of read(payload)) {
      // A batch that was split holds the same messages in each part: their first is what must not go back.
      if (!seen.has(leaf.lane)) checkLane(leaf, payload);
      seen.add(leaf.lane);
    }
  };

  const checkLane = (leaf: Leaf, payload: string): void => {
    if (leaf.delivery > 1 || isKeyed) return;
    const before = newest.get(leaf.lane) ?? -1;
    if (leaf.number < before) report(3, `${name} is sent ${payload} after ${leaf.lane}:${before}`);
    newest.set(leaf.lane, leaf.number);
  };

  /** First deliveries, in a leg that keeps order under retry. */
  const checkConfirmed = (item: Waiting | undefined): void => {
    if (item === undefined || retry?.isOrdered !== true) return;
    const before = furthestConfirmed.get(seriesOf(item)) ?? -1;
    if (item.place < before)
      report(3, `${name} is confirmed ${item.payload}, place ${item.place}, after place ${before}`);
    furthestConfirmed.set(seriesOf(item), item.place);
  };

  const close = (payload: string, verb: string): Waiting | undefined => {
    const at = unconfirmed.findIndex((item) => item.payload === payload);
    if (at < 0) report(8, `${name}: ${payload} is ${verb}, and was not unconfirmed`);
    return unconfirmed.splice(at, 1)[0];
  };

  return {
    waits: overflow === 'pause',
    isLossy,

    offered(payload, place, isFiltered) {
      passTime();
      counts.received += 1;
      if (isFiltered) {
        discard('filtered');
        return 'filtered';
      }
      if (overflow === 'pause') owed.add(payload);
      const isDue = overflow !== 'sample';
      const isAtEnd = periodEndedMs === now();
      const item = { payload, place, size: sizeOf(payload), key: keyOf(payload), isDue, isAtEnd };
      const fits = queue.length === 0 || (queue.length < messages && total() + item.size <= bytes);
      if (overflow === 'error' && !fits) {
        counts.failed += 1;
        return 'refused';
      }
      if (overflow === 'drop-newest' && !fits) {
        discard('drop-newest');
        return 'dropped';
      }
      queue.push(item);
      if (isKeyed) queue = keepLatest(queue);
      trim();
      if (queue.some(({ isDue }) => !isDue)) periodEndsMs ??= now() + (everyMs - (now() % everyMs));
      const isSpared = alternates().some((other) => other.hasRoom());
      if (overflow === 'pause' && isFull() && !isSpared) {
        for (const leaf of read(payload)) fillers.add(leaf.source);
      }
      return 'kept';
    },

    written(payload) {
      passTime();
      const early = retrying.find((item) => item.payload === payload);
      if (early !== undefined)
        report(21, `${name} sends ${payload} again at ${now()} ms; it is due at ${early.dueMs} ms`);
      const first = queue.shift();
      if (first?.payload !== payload) {
        report([8, 3, 4], `${name} sends ${payload}; the oldest that waits is ${first?.payload ?? 'none'}`);
        return;
      }
      if (!first.isDue && !first.isAtEnd)
        report(8, `${name} sends ${payload} at ${now()} ms; its period ends at ${periodEndsMs} ms`);
      checkOrder(first);
      unconfirmed.push(first);
      const underWay = unconfirmed.length + retrying.length;
      if (underWay > places) report(7, `${name} has ${underWay} messages under way, of at most ${places}`);
      left = { messages: left.messages + 1, bytes: left.bytes + first.size };
      if (queue.length <= messages >> 1 && total() <= bytes / 2) {
        fillers.clear();
        for (const other of alternates()) other.letGo();
      }
    },

    confirmed(payload) {
      passTime();
      checkConfirmed(close(payload, 'confirmed'));
      counts.delivered += 1;
      owed.delete(payload);
      if (deliveredOnce.has(payload)) report([2, 9], `${name}: ${payload} is confirmed twice`);
      deliveredOnce.add(payload);
    },

    refused(payload) {
      passTime();
      const item = close(payload, 'refused');
      const count = (refusals.get(payload) ?? 0) + 1;
      refusals.set(payload, count);
      if (item === undefined || retry === undefined || count >= retry.attempts) {
        spent.add(payload);
        return;
      }
      lastDrawn = draw();
      const ceilingMs = Math.min(retry.maxMs, Math.max(1, retry.minMs) * 2 ** count);
      const pauseMs = retry.minMs + lastDrawn * (ceilingMs - retry.minMs);
      retrying.push({ ...item, dueMs: now() + pauseMs });
      retrying.sort((one, other) => one.dueMs - other.dueMs);
    },

    drawn: () => lastDrawn,

    failed(payload) {
      if (!spent.delete(payload)) report([1, 21], `${name} gives up ${payload}, which has attempts left`);
      owed.delete(payload);
      counts.failed += 1;
    },

    lost() {
      passTime();
      for (const item of unconfirmed.reverse()) putBack(item);
      unconfirmed = [];
      trim();
    },

    hasRoom() {
      passTime();
      return !isFull();
    },

    letGo: () => fillers.clear(),

    inspect(figures, isHolding) {
      passTime();
      const lost = [...figures.discarded.values()].reduce((sum, count) => sum + count, 0);
      if (figures.received !== figures.delivered + figures.failed + lost + figures.held) {
        report(1, `${name}: in ${figures.received} is not ${describe(figures)}`);
      }
      for (const figure of ['received', 'delivered', 'failed'] as const) {
        if (figures[figure] === counts[figure]) continue;
        report(1, `${name}: ${figure} is ${figures[figure]}, seen from outside ${counts[figure]}`);
      }
      const held = queue.length + unconfirmed.length + retrying.length;
      if (figures.held !== held) report(1, `${name}: held is ${figures.held}, the model holds ${held}`);
      if (figures.retrying !== retrying.length) {
        const those = retrying.map(({ payload, dueMs }) => `${payload} at ${dueMs} ms`).join(', ');
        report(21, `${name}: ${figures.retrying} wait for their next try, in the model ${those || 'none'}`);
      }
      for (const payload of spent) report([1, 21], `${name} was refused ${payload} for good, and keeps it`);
      for (const reason of new Set([...discarded.keys(), ...figures.discarded.keys()])) {
        const [its, ours] = [figures.discarded.get(reason) ?? 0, discarded.get(reason) ?? 0];
        if (its !== ours) report([1, 8], `${name}: discarded ${reason} is ${its}, by the model ${ours}`);
      }
      if (figures.depth !== queue.length || figures.depthBytes !== total()) {
        const waiting = queue.map(({ payload }) => payload).join(' ');
        report(8, `${name}: ${figures.depth} wait (${figures.depthBytes} bytes), in the model ${waiting}`);
      }
      if (overflow !== 'pause') {
        // What comes back after a loss was admitted, under `error` too.
        const most = overflow === 'error' ? 2 * messages : messages;
        if (figures.peakDepth > most) report(7, `${name}: ${figures.peakDepth} waited, of at most ${most}`);
        if (overflow !== 'error' && figures.depth > 1 && figures.depthBytes > bytes) {
          report(7, `${name}: ${figures.depthBytes} bytes wait, of at most ${bytes}`);
        }
      } else if (isFull()) {
        for (const source of fillers) {
          if (isHolding(source)) continue;
          report(7, `${name} is full and does not hold source ${String.fromCharCode(65 + source)}`);
        }
      }
    },

    holdsSoFar(count) {
      if (count === holds) return;
      const most = { messages: messages - (messages >> 1), bytes: bytes / 2 };
      const isEmptied = left.messages >= most.messages || left.bytes >= most.bytes;
      if (holds > 0 && !isEmptied)
        report(16, `${name} holds again after ${left.messages} messages have left it`);
      if (count > holds + 1) report(16, `${name} began to hold ${count - holds} times at once`);
      holds = count;
      left = { messages: 0, bytes: 0 };
    },

    atRest(figures) {
      for (const payload of owed)
        report(2, `${name} was offered ${payload}, and no sink has ever received it`);
      if (figures.held > 0) report([1, 12], `${name} holds ${figures.held} at rest`);
    },
  };
}

/** Draws between 0 and 1, the same in each run; no two of a leg are alike. */
function drawsOf(name: string): () => number {
  let state = Buffer.from(name).reduce((sum, byte) => sum * 31 + byte, 7);
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

function describe({ delivered, failed, discarded, held }: LegFigures): string {
  const parts = [...discarded].map(([reason, count]) => `${count} ${reason}`);
  return [`${delivered} delivered`, `${failed} failed`, ...parts, `${held} held`].join(' + ');
}
