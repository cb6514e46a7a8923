// The far side of a source: hands over what there is while its lanes may, pauses as told, and redelivers if it does.

import type { SchedulerLike } from 'rxjs';
import type { Lane } from '../../src/core/lane.ts';
import type { Message, Meta, Status } from '../../src/core/message.ts';
import type { Port, Transport } from '../../src/core/transport.ts';
import { laneName } from './payload.ts';
import type { Settlement } from './settlement.ts';
import type { SourceSpec } from './topology.ts';

/** How often a message may be given from a sink to a source, so that cycles end. */
export const MAX_HOPS = 2;

interface FarLane {
  readonly lane: Lane;
  readonly waiting: { readonly payload: string; readonly meta: Meta; readonly number: number }[];
  isPaused: boolean;
  /** How many it may hand over though it is paused. */
  overshoot: number;
  next: number;
}

export interface ScriptedSource {
  transport(port: Port): Transport;
  open(): void;
  /** So many new messages arrive at the far side. */
  hand(lane: number, count: number, pad: number, hops?: number): void;
  revoke(lane: number): void;
  /** What keeps it from handing over, if anything. */
  blocked(): string | undefined;
}

export interface ScriptedSourceOptions {
  readonly index: number;
  readonly spec: SourceSpec;
  readonly scheduler: SchedulerLike;
  readonly oracle: Settlement;
  readonly note: (text: string) => void;
  /** Right before a message is handed over, and right after. */
  readonly around: { before(): boolean; after(isShut: boolean, isPaused: boolean, lane: string): void };
}

export function createScriptedSource(options: ScriptedSourceOptions): ScriptedSource {
  const { index, spec, scheduler, oracle, note, around } = options;
  const lanes: FarLane[] = [];
  const epochs: number[] = [];
  let port: Port;

  const openLane = (slot: number): void => {
    const epoch = epochs[slot] ?? 0;
    epochs[slot] = epoch + 1;
    const name = laneName(index, slot, epoch);
    oracle.opened(index, name);
    const lane = port.source.lane({ name, isCumulative: spec.isCumulative });
    lanes[slot] = { lane, waiting: [], isPaused: false, overshoot: spec.overshoot, next: 0 };
  };

  const deliver = (far: FarLane): void => {
    while (far.waiting.length > 0) {
      if (far.isPaused && spec.canPause) {
        if (far.overshoot === 0) return;
        far.overshoot -= 1;
      }
      const { payload, meta, number } = far.waiting.shift() as FarLane['waiting'][number];
      if ((meta.deliveries ?? 1) === 1) oracle.handed(far.lane.name, number);
      const isShut = around.before();
      far.lane.receive(payload, meta, number);
      around.after(isShut, far.isPaused, far.lane.name);
    }
  };

  const farOf = (lane: Lane): FarLane | undefined => lanes.find((far) => far.lane === lane);

  return {
    transport(given) {
      port = given;
      return {
        pause(lane) {
          note(`pause ${lane.name}`);
          const far = farOf(lane);
          if (far !== undefined) far.isPaused = true;
        },
        resume(lane) {
          note(`resume ${lane.name}`);
          const far = farOf(lane);
          if (far === undefined) return;
          far.isPaused = false;
          far.overshoot = spec.overshoot;
          deliver(far);
        },
        settled(lane: Lane, root: Message, status: Status) {
          const delivery = root.meta.deliveries ?? 1;
          note(`${status} ${lane.name}:${root.sequence}@${delivery}`);
          oracle.told(lane.name, root.sequence, delivery, status, lane.floor?.floor);
          const far = farOf(lane);
          if (status !== 'nack' || far === undefined) return;
          const meta = { ...root.meta, deliveries: delivery + 1 };
          far.waiting.push({ payload: root.payload as string, meta, number: root.sequence });
          scheduler.schedule(() => deliver(far), 1);
        },
      };
    },

    open() {
      for (let slot = 0; slot < spec.lanes; slot += 1) openLane(slot);
    },

    hand(slot, count, pad, hops = 0) {
      const far = lanes[slot % spec.lanes] as FarLane;
      for (let copy = 0; copy < count; copy += 1) {
        const number = far.next;
        far.next += 1;
        const payload = `${far.lane.name}:${number}${'~'.repeat(pad)}`;
        far.waiting.push({ payload, meta: { id: `${far.lane.name}:${number}`, hops }, number });
      }
      deliver(far);
    },

    revoke(slot) {
      const far = lanes[slot % spec.lanes] as FarLane;
      note(`revoke ${far.lane.name}`);
      far.waiting.length = 0;
      oracle.revoked(far.lane.name);
      far.lane.revoke();
      openLane(slot % spec.lanes);
    },

    blocked() {
      const far = lanes.find(({ waiting, isPaused }) => waiting.length > 0 || isPaused);
      if (far === undefined) return undefined;
      return `lane ${far.lane.name} is ${far.isPaused ? 'paused' : 'open'}, and ${far.waiting.length} wait there`;
    },
  };
}
