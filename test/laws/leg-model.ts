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
  failed(payload: string): void;
  /** Its sink is gone. */
  lost(): void;
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
}

export function createLegModel(name: string, spec: BranchSpec, read: Reader, report: Report): LegModel {
  const { overflow, messages, bytes } = spec;
  const isLossy = overflow === 'drop-oldest' || overflow === 'drop-newest' || overflow === 'latest';
  let queue: Waiting[] = [];
  let unconfirmed: Waiting[] = [];
  const counts = { received: 0, delivered: 0, failed: 0 };
  const discarded = new Map<string, number>();
  const deliveredOnce = new Set<string>();
  /** Offered to a `pause` leg, and neither confirmed nor refused by the sink. */
  const owed = new Set<string>();
  const writtenOnce = new Set<string>();
  /** The last place written for the first time, by key under `latest`, else in all. */
  const furthest = new Map<number, number>();
  /** By lane: the number of the last message written first. */
  const newest = new Map<string, number>();
  /** Whose messages came to the leg while it was full. */
  const fillers = new Set<number>();
  let holds = 0;
  let left = { messages: 0, bytes: 0 };

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
    if (overflow === 'drop-oldest' || overflow === 'latest') {
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

  /** Under `latest` the newest of a key takes the place of the one before. */
  const keepLatest = (items: readonly Waiting[]): Waiting[] => {
    const kept: Waiting[] = [];
    for (const item of items) {
      const at = kept.findIndex(({ key }) => key === item.key);
      if (at < 0) kept.push(item);
      else {
        kept[at] = item;
        discard('superseded');
      }
    }
    return kept;
  };

  const checkOrder = ({ place, payload, key }: Waiting): void => {
    // It comes again after its sink was lost.
    if (writtenOnce.has(payload)) return;
    writtenOnce.add(payload);
    const series = overflow === 'latest' ? key : 0;
    const before = furthest.get(series) ?? -1;
    if (place < before) report([3, 4], `${name} is sent ${payload}, place ${place}, after place ${before}`);
    furthest.set(series, place);
    const seen = new Set<string>();
    for (const leaf of read(payload)) {
      // A batch that was split holds the same messages in each part: their first is what must not go back.
      if (!seen.has(leaf.lane)) checkLane(leaf, payload);
      seen.add(leaf.lane);
    }
  };

  const checkLane = (leaf: Leaf, payload: string): void => {
    if (leaf.delivery > 1 || overflow === 'latest') return;
    const before = newest.get(leaf.lane) ?? -1;
    if (leaf.number < before) report(3, `${name} is sent ${payload} after ${leaf.lane}:${before}`);
    newest.set(leaf.lane, leaf.number);
  };

  const close = (payload: string, verb: string): void => {
    const at = unconfirmed.findIndex((item) => item.payload === payload);
    if (at < 0) report(8, `${name}: ${payload} is ${verb}, and was not unconfirmed`);
    unconfirmed.splice(at, 1);
  };

  return {
    waits: overflow === 'pause',
    isLossy,

    offered(payload, place, isFiltered) {
      counts.received += 1;
      if (isFiltered) {
        discard('filtered');
        return 'filtered';
      }
      if (overflow === 'pause') owed.add(payload);
      const item = { payload, place, size: sizeOf(payload), key: keyOf(payload) };
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
      if (overflow === 'latest') queue = keepLatest(queue);
      trim();
      if (overflow === 'pause' && isFull()) for (const leaf of read(payload)) fillers.add(leaf.source);
      return 'kept';
    },

    written(payload) {
      const first = queue.shift();
      if (first?.payload !== payload) {
        report([8, 3, 4], `${name} sends ${payload}; the oldest that waits is ${first?.payload ?? 'none'}`);
        return;
      }
      checkOrder(first);
      unconfirmed.push(first);
      left = { messages: left.messages + 1, bytes: left.bytes + first.size };
      if (queue.length <= messages >> 1 && total() <= bytes / 2) fillers.clear();
    },

    confirmed(payload) {
      close(payload, 'confirmed');
      counts.delivered += 1;
      owed.delete(payload);
      if (deliveredOnce.has(payload)) report([2, 9], `${name}: ${payload} is confirmed twice`);
      deliveredOnce.add(payload);
    },

    failed(payload) {
      close(payload, 'refused');
      owed.delete(payload);
      counts.failed += 1;
    },

    lost() {
      for (const item of unconfirmed.reverse()) {
        const isOld = overflow === 'latest' && queue.some(({ key }) => key === item.key);
        if (isOld) discard('superseded');
        else queue.unshift(item);
      }
      unconfirmed = [];
      trim();
    },

    inspect(figures, isHolding) {
      const lost = [...figures.discarded.values()].reduce((sum, count) => sum + count, 0);
      if (figures.received !== figures.delivered + figures.failed + lost + figures.held) {
        report(1, `${name}: in ${figures.received} is not ${describe(figures)}`);
      }
      for (const figure of ['received', 'delivered', 'failed'] as const) {
        if (figures[figure] === counts[figure]) continue;
        report(1, `${name}: ${figure} is ${figures[figure]}, seen from outside ${counts[figure]}`);
      }
      if (figures.held !== queue.length + unconfirmed.length) {
        report(1, `${name}: held is ${figures.held}, the model holds ${queue.length + unconfirmed.length}`);
      }
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

function describe({ delivered, failed, discarded, held }: LegFigures): string {
  const parts = [...discarded].map(([reason, count]) => `${count} ${reason}`);
  return [`${delivered} delivered`, `${failed} failed`, ...parts, `${held} held`].join(' + ');
}
