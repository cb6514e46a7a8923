// The oracle of laws 3, 5, 6, 9, 10, 11 and 12 for sources: obligations counted with plain numbers, a delivery at a time.

import type { Status } from '../../src/core/message.ts';
import type { Reader } from './payload.ts';
import type { SourceSpec } from './topology.ts';

export type Report = (laws: number | readonly number[], text: string) => void;

/** One delivery of one message. */
interface Delivery {
  readonly lane: LaneRecord;
  readonly number: number;
  readonly delivery: number;
  /** Obligations that have not ended. */
  live: number;
  worst: Status;
  /** What the source must do, once all obligations have ended. */
  fate: Status | 'again' | undefined;
  isTold: boolean;
  /** Copies that `pause` legs have and no sink has confirmed. */
  unconfirmed: number;
}

interface LaneRecord {
  readonly name: string;
  readonly source: SourceRecord;
  handed: number;
  /** The newest that was emitted for the first time. */
  newest: number;
  /** The oldest that may have a place in the window. */
  oldest: number;
  isRevoked: boolean;
  /** Settled for good. */
  readonly done: Set<number>;
  committed: number;
}

interface SourceRecord {
  readonly spec: SourceSpec;
  readonly places: Set<string>;
  isFull: boolean;
  isHeld: boolean;
}

const rank = { ack: 0, nack: 1, reject: 2 } as const;

export interface Settlement {
  opened(source: number, lane: string): void;
  handed(lane: string, number: number): void;
  revoked(lane: string): void;
  held(source: number, isHeld: boolean): void;
  emitted(lane: string, number: number, delivery: number, holders: readonly string[]): void;
  /** So many obligations more, for each part. */
  retained(payload: string, count: number): void;
  ended(payload: string, status: Status): void;
  /** A `pause` leg has it, or has it no more. */
  waits(payload: string, change: 1 | -1): void;
  told(lane: string, number: number, delivery: number, status: Status, floor: number | undefined): void;
  afterAction(): void;
  atRest(): void;
}

export function createSettlement(specs: readonly SourceSpec[], read: Reader, report: Report): Settlement {
  const sources = specs.map(
    (spec): SourceRecord => ({ spec, places: new Set(), isFull: false, isHeld: false }),
  );
  const lanes = new Map<string, LaneRecord>();
  const deliveries = new Map<string, Delivery>();
  /** Concluded, and the transport was not told yet. */
  const untold = new Set<Delivery>();

  const laneOf = (name: string): LaneRecord => lanes.get(name) as LaneRecord;
  const repeatsItself = (spec: SourceSpec): boolean => spec.isCumulative || !spec.redelivers;
  const nameOf = (it: Delivery): string => `${it.lane.name}:${it.number}@${it.delivery}`;

  const used = (source: SourceRecord): number => {
    if (!source.spec.isCumulative) return source.places.size;
    let span = 0;
    for (const lane of lanes.values()) {
      if (lane.source !== source) continue;
      const isOpen = (number: number): boolean => source.places.has(`${lane.name}:${number}`);
      while (lane.oldest <= lane.newest && !isOpen(lane.oldest)) lane.oldest += 1;
      span += lane.newest + 1 - lane.oldest;
    }
    return span;
  };

  const free = (lane: LaneRecord, number: number): void => {
    const { source } = lane;
    source.places.delete(`${lane.name}:${number}`);
    if (source.isFull && used(source) <= Math.floor((source.spec.maxInFlight * 3) / 4)) source.isFull = false;
  };

  const conclude = (it: Delivery): void => {
    const { lane } = it;
    const { spec } = lane.source;
    const isOver = lane.isRevoked || it.delivery > spec.maxDeliveries;
    if (it.worst === 'nack' && repeatsItself(spec) && !isOver) {
      it.fate = 'again';
      return;
    }
    it.fate = it.worst === 'nack' && (repeatsItself(spec) || isOver) ? 'reject' : it.worst;
    lane.done.add(it.number);
    free(lane, it.number);
    if (!lane.isRevoked) untold.add(it);
  };

  return {
    opened(source, lane) {
      lanes.set(lane, {
        name: lane,
        source: sources[source] as SourceRecord,
        handed: 0,
        newest: -1,
        oldest: 0,
        isRevoked: false,
        done: new Set(),
        committed: -1,
      });
    },

    handed(lane, number) {
      const record = laneOf(lane);
      record.handed = Math.max(record.handed, number + 1);
    },

    revoked(lane) {
      const record = laneOf(lane);
      record.isRevoked = true;
      for (const it of deliveries.values()) {
        if (it.lane === record && it.fate === 'again') free(record, it.number);
      }
    },

    held(source, isHeld) {
      (sources[source] as SourceRecord).isHeld = isHeld;
    },

    emitted(lane, number, delivery, holders) {
      const record = laneOf(lane);
      const { source } = record;
      const tag = `${lane}:${number}@${delivery}`;
      if (holders.length > 0) report(5, `${tag} is emitted while ${holders.join(', ')} holds the gate`);
      if (source.isHeld) report(5, `${tag} is emitted while the gate is held from outside`);
      if (record.isRevoked) report(5, `${tag} is emitted after its lane was taken away`);
      if (deliveries.has(tag)) report(9, `${tag} is emitted a second time`);
      if (delivery === 1) {
        if (number !== record.newest + 1) report([2, 3], `${tag} follows ${lane}:${record.newest}`);
        record.newest = number;
      } else {
        const before = deliveries.get(`${lane}:${number}@${delivery - 1}`);
        if (before?.fate !== (repeatsItself(source.spec) ? 'again' : 'nack')) {
          report(9, `${tag} is delivered again, though the delivery before it was not nacked`);
        }
      }
      if (!source.places.has(`${lane}:${number}`)) {
        if (source.isFull) report([5, 6], `${tag} is emitted while the window is full`);
        source.places.add(`${lane}:${number}`);
        const unsettled = used(source);
        if (unsettled > source.spec.maxInFlight) {
          report(6, `${tag} is unsettled message ${unsettled} of at most ${source.spec.maxInFlight}`);
        }
        if (unsettled >= source.spec.maxInFlight) source.isFull = true;
      }
      deliveries.set(tag, {
        lane: record,
        number,
        delivery,
        live: 1,
        worst: 'ack',
        fate: undefined,
        isTold: false,
        unconfirmed: 0,
      });
    },

    retained(payload, count) {
      for (const leaf of read(payload)) {
        if (!leaf.hasObligation) continue;
        const it = deliveries.get(leaf.tag) as Delivery;
        if (it.fate !== undefined) report(9, `${payload} lives on after ${leaf.tag} was settled`);
        it.live += count;
      }
    },

    ended(payload, status) {
      for (const leaf of read(payload)) {
        if (!leaf.hasObligation) continue;
        const it = deliveries.get(leaf.tag) as Delivery;
        it.live -= 1;
        if (it.live < 0) report(9, `${payload} ends, and ${leaf.tag} has no obligation left`);
        if (rank[status] > rank[it.worst]) it.worst = status;
        if (it.live === 0) conclude(it);
      }
    },

    waits(payload, change) {
      for (const leaf of read(payload)) {
        const it = leaf.hasObligation ? deliveries.get(leaf.tag) : undefined;
        if (it !== undefined) it.unconfirmed += change;
      }
    },

    told(lane, number, delivery, status, floor) {
      const tag = `${lane}:${number}@${delivery}`;
      const it = deliveries.get(tag);
      if (it === undefined) {
        report(9, `${tag} is settled, and was never emitted`);
        return;
      }
      if (it.isTold) report(9, `${tag} is settled twice`);
      if (status === 'ack' && it.unconfirmed > 0) {
        report(10, `${tag} is acked while ${it.unconfirmed} of its copies wait in pause legs`);
      }
      if (it.fate === undefined) report(9, `${tag} is settled while ${it.live} of its obligations are open`);
      else if (it.fate !== status) report(9, `${tag} is settled with ${status}, not with ${it.fate}`);
      it.isTold = true;
      untold.delete(it);
      const record = it.lane;
      if (record.isRevoked) report(9, `${tag} is settled after its lane was taken away`);
      if (!record.source.spec.isCumulative || floor === undefined) return;
      if (floor < record.committed)
        report(11, `the floor of ${lane} falls from ${record.committed} to ${floor}`);
      for (let place = record.committed + 1; place <= floor; place += 1) {
        if (!record.done.has(place)) report(11, `the floor of ${lane} at ${floor} covers unsettled ${place}`);
      }
      record.committed = Math.max(record.committed, floor);
    },

    afterAction() {
      for (const it of untold) {
        report(9, `${nameOf(it)} has ended with ${it.fate}, and its transport was not told`);
      }
      untold.clear();
    },

    atRest() {
      for (const it of deliveries.values()) {
        if (it.fate === undefined)
          report(12, `${nameOf(it)} never settles: ${it.live} obligations stay open`);
        else if (it.fate === 'again' && !it.lane.isRevoked) {
          const next = `${it.lane.name}:${it.number}@${it.delivery + 1}`;
          if (!deliveries.has(next)) report(12, `${nameOf(it)} was nacked, and is never delivered again`);
        }
      }
      for (const lane of lanes.values()) {
        if (lane.isRevoked || lane.newest + 1 === lane.handed) continue;
        report([2, 12], `${lane.name}: ${lane.handed} handed over, ${lane.newest + 1} emitted`);
      }
    },
  };
}
