/** The outside world of a source: what it has sent, keeps until it is acked, and delivers again. */
import type { SourceCapabilities } from '../core/endpoint.ts';
import type { Lane } from '../core/lane.ts';
import type { Message, Meta, Status } from '../core/message.ts';
import type { Port } from '../core/transport.ts';
import { Wire } from '../core/wire.ts';
import type { SentRecord } from './sent.ts';
import type { Life } from './virtual-clock.ts';

/** What is on its way to the relay. */
export interface Parcel {
  readonly sent: SentRecord;
  /** The value, or the bytes as they travel. */
  readonly content: unknown;
  readonly isText: boolean;
  readonly meta: Meta;
}

export interface SourceWitness {
  /** A message is handed over, for the first time or again; `lane` and `position` are what it can be known by. */
  handed(parcel: Parcel, lane: Lane, position: number, deliveries: number): void;
  /** The relay has settled a delivery; `fate` is what that means. */
  readonly settled: (parcel: Parcel, status: Status, lane: Lane, root: Message) => void;
  /** The same delivery once more, as must not be. */
  settledAgain(lane: Lane, position: number): void;
  readonly lost: (parcel: Parcel, why: string) => void;
  note(what: string): void;
}

export interface ModelledSource {
  send(parcel: Parcel): void;
  /** Connects it to the endpoint of a life. */
  connect(port: Port, life: Life): void;
  opened(): void;
  /** The connection is gone: what was not settled comes again, or is lost. */
  closed(): void;
  /** The relay was killed. */
  killed(): void;
  pause(lane: Lane): void;
  resume(lane: Lane): void;
  settled(lane: Lane, root: Message, status: Status): void;
  /** Sent, and not handed over yet. */
  readonly waiting: readonly Parcel[];
  /** Lanes that were told not to read on. */
  readonly pausedLanes: readonly string[];
}

/** After so long a broker delivers again what was given back. */
const REDELIVER_MS = 1;

const IN_MEMORY = 'it was in memory when the relay was killed';
const NOT_KEPT = 'its connection ended with the relay, and nobody keeps it';

interface FarLane {
  readonly name: string;
  lane: Lane | undefined;
  isPaused: boolean;
  /** In the order in which they are to be handed over. */
  readonly waiting: Parcel[];
  next: number;
}

export interface ModelledSourceOptions {
  readonly name: string;
  readonly capabilities: SourceCapabilities;
  /** Acks cover all that came before, as in Kafka. */
  readonly isCumulative: boolean;
  readonly witness: SourceWitness;
}

/**
 * Lanes are by `meta.lane`, else by `meta.peer`, where each keeps its own order; otherwise there is one. It keeps
 * what the capabilities say: messages wait while it is paused, or pour in; what was nacked or never settled comes
 * again, or does not.
 */
export function createModelledSource(options: ModelledSourceOptions): ModelledSource {
  const { name, capabilities, isCumulative, witness } = options;
  const { canPause, acks, redelivers, ordered } = capabilities;
  const lanes = new Map<string, FarLane>();
  /** By lane and position in it: what the relay has and has not settled. Bounded by what the test sends. */
  const unsettled = new Map<Lane, Map<number, Parcel>>();
  /** What was nacked and waits to be delivered again: the other side has it, whoever is killed. */
  const returning = new Set<{ readonly far: FarLane; readonly parcel: Parcel }>();
  let port: Port | undefined;
  let life: Life | undefined;
  let isOpen = false;
  /** Whether the other side has what was sent until the relay has acked it. */
  const keeps = acks || redelivers;

  const laneFor = ({ meta }: Parcel): FarLane => {
    const key = ordered === 'lane' ? (meta.lane ?? meta.peer ?? name) : name;
    let far = lanes.get(key);
    if (far === undefined) {
      far = { name: key, lane: undefined, isPaused: false, waiting: [], next: 0 };
      lanes.set(key, far);
    }
    if (isOpen && far.lane === undefined) openLane(far);
    return far;
  };

  const openLane = (far: FarLane): void => {
    const lane = port?.source.lane({ name: far.name, meta: { endpoint: name }, isCumulative });
    far.lane = lane;
    far.isPaused = false;
    far.next = 0;
    if (lane !== undefined) unsettled.set(lane, new Map());
  };

  const farOf = (lane: Lane): FarLane | undefined => {
    for (const far of lanes.values()) if (far.lane === lane) return far;
    return undefined;
  };

  const deliver = (far: FarLane): void => {
    while (far.lane !== undefined && far.waiting.length > 0) {
      if (far.isPaused && canPause) return;
      const parcel = far.waiting.shift() as Parcel;
      const { sent, content, isText } = parcel;
      sent.deliveries += 1;
      const position = far.next;
      far.next += 1;
      unsettled.get(far.lane)?.set(position, parcel);
      const meta: Meta = {
        ...(keeps ? { id: sent.id } : {}),
        ...parcel.meta,
        ...far.lane.meta,
        ...(sent.deliveries > 1 ? { deliveries: sent.deliveries } : {}),
      };
      witness.handed(parcel, far.lane, position, sent.deliveries);
      if (content instanceof Uint8Array && capabilities.carries === 'bytes') {
        far.lane.receiveBytes(Wire.of(content, isText), meta, position);
      } else far.lane.receive(content, meta, position);
    }
  };

  /** What the relay had and did not settle goes back to the front, in its order; or nobody has it any more. */
  const recover = (far: FarLane, lane: Lane, why: string): void => {
    const had = [...(unsettled.get(lane)?.values() ?? [])];
    unsettled.delete(lane);
    if (redelivers) far.waiting.unshift(...had);
    else for (const parcel of had) witness.lost(parcel, why);
  };

  return {
    send(parcel) {
      if (!isOpen && !keeps && !canPause) {
        witness.lost(parcel, 'it is not connected, and nobody keeps it');
        return;
      }
      const far = laneFor(parcel);
      far.waiting.push(parcel);
      deliver(far);
    },

    connect(given, of) {
      port = given;
      life = of;
    },

    opened() {
      isOpen = true;
      for (const far of lanes.values()) {
        openLane(far);
        deliver(far);
      }
    },

    closed() {
      isOpen = false;
      for (const far of lanes.values()) {
        const { lane } = far;
        far.lane = undefined;
        if (lane === undefined) continue;
        if (redelivers) {
          lane.revoke();
          recover(far, lane, '');
          // What was received is carried through.
        } else lane.close();
      }
    },

    killed() {
      isOpen = false;
      for (const { far, parcel } of returning) far.waiting.push(parcel);
      returning.clear();
      for (const far of lanes.values()) {
        const { lane } = far;
        far.lane = undefined;
        if (lane !== undefined) recover(far, lane, IN_MEMORY);
        if (!keeps) for (const parcel of far.waiting.splice(0)) witness.lost(parcel, NOT_KEPT);
      }
      // Of lanes that were closed before, and carried through since.
      for (const had of unsettled.values())
        for (const parcel of had.values()) witness.lost(parcel, IN_MEMORY);
      unsettled.clear();
    },

    pause(lane) {
      const far = farOf(lane);
      if (far === undefined) return;
      far.isPaused = true;
      witness.note(canPause ? 'is paused' : 'is told to pause, and cannot');
    },

    resume(lane) {
      const far = farOf(lane);
      if (far === undefined) return;
      far.isPaused = false;
      witness.note('reads on');
      deliver(far);
    },

    settled(lane, root, status) {
      const had = unsettled.get(lane);
      const parcel = had?.get(root.sequence);
      if (had === undefined || parcel === undefined) {
        witness.settledAgain(lane, root.sequence);
        return;
      }
      had.delete(root.sequence);
      witness.settled(parcel, status, lane, root);
      const far = farOf(lane);
      if (status !== 'nack' || !redelivers || far === undefined) return;
      const back = { far, parcel };
      returning.add(back);
      life?.after(REDELIVER_MS, () => {
        if (!returning.delete(back)) return;
        far.waiting.push(parcel);
        deliver(far);
      });
    },

    get waiting() {
      return [...lanes.values()].flatMap(({ waiting }) => waiting);
    },

    get pausedLanes() {
      return [...lanes.values()].filter(({ isPaused }) => isPaused).map((far) => far.name);
    },
  };
}
