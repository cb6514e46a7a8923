/** The reading role of an endpoint: lanes, window, gate and stash, and the one pump that emits. */
import type { SchedulerLike } from 'rxjs';
import { Gate } from './gate.ts';
import { Lane, type LaneOptions, type LaneOwner } from './lane.ts';
import type { End, Holder, Message, Status } from './message.ts';
import { Ring } from './ring.ts';

/** What a source asks of its transport. All calls come from the event loop's thread, none is re-entrant. */
export interface SourceTransport {
  /** Stop reading this lane as soon as possible; what was read already may still be handed over. */
  pause?(lane: Lane): void;
  /** Read on. Called only after `pause`. */
  resume?(lane: Lane): void;
  /**
   * A root is settled; act on it towards the other side. `nack` arrives only where `redelivers` or `returnsNacks` is
   * declared and the lane is not cumulative: otherwise the source delivers again by itself. After `maxDeliveries` it is a
   * `reject` in any case.
   */
  settled?(lane: Lane, root: Message, status: Status): void;
  /**
   * Why a part of a root, or all of it, ends otherwise than in a sink. Before `settled`; as often as there are such
   * parts, and anew for each delivery.
   */
  explained?(root: Message, end: End, reason: string): void;
}

export interface SourceOptions {
  readonly name: string;
  /** Unique over restarts, for ids. */
  readonly address: string;
  readonly scheduler: SchedulerLike;
  /** The most messages that may be unsettled. */
  readonly maxInFlight: number;
  /** How often a message is delivered at most. */
  readonly maxDeliveries: number;
  /** Whether the other side is told of a nack, and delivers again if it wants to. */
  readonly redelivers: boolean;
  /** Whether pausing keeps messages from arriving. Where it does not, a full stash loses the newest. */
  readonly canPause: boolean;
  /** The bound of the stash; full it pauses all lanes. */
  readonly stash: { readonly messages: number; readonly bytes: number };
}

/** A lane has at least this share of the window, however many lanes there are. */
const SMALLEST_SHARE = 16;

/**
 * So many messages of a lane, then it is the next one's turn. Messages of one lane that leave together cost their
 * sinks less: a peer of a room full of senders is spared one gap for its own, not one for each.
 */
const TURN = 16;

/** So many emissions, then the event loop gets its turn: a cycle of routes would otherwise never end. */
const BUDGET = 1024;

export class Source implements LaneOwner {
  readonly name: string;
  readonly gate: Gate;
  readonly maxDeliveries: number;
  received = 0;
  acked = 0;
  nacked = 0;
  rejected = 0;
  /** Lost before any route saw them, because the stash was full and the transport cannot pause. */
  overrun = 0;
  /** Settled by a route before they were emitted to all: it settles what it forwards as well. */
  overSettled = 0;
  /** Whether anybody receives what it emits. Known from when its endpoint opens: routes are there before. */
  isRead = false;
  stashed = 0;
  stashedBytes = 0;
  /** The most that was ever stashed: the transport's overshoot. */
  stashedPeak = 0;
  private readonly options: SourceOptions;
  private readonly transport: SourceTransport;
  private readonly emit: (root: Message) => void;
  private readonly lanes = new Set<Lane>();
  private readonly paused = new Set<Lane>();
  /** Lanes with something in the stash and leave to emit it; each stands here at most once. */
  private readonly ready = new Ring<Lane>();
  /** Nacked, and to be delivered again. They keep their places in the window, which bounds them. */
  private readonly repeated = new Ring<Message>();
  /** Settled and not committed, over all lanes: they have their places in the window still. */
  uncommitted = 0;
  /** Lanes that have something in flight. */
  private busyLanes = 0;
  private laneCount = 0;
  private isPumping = false;
  private isPumpScheduled = false;
  private isDraining = false;

  constructor(options: SourceOptions, transport: SourceTransport, emit: (root: Message) => void) {
    this.name = options.name;
    this.options = options;
    this.maxDeliveries = options.maxDeliveries;
    this.transport = transport;
    this.emit = emit;
    this.gate = new Gate({
      window: options.maxInFlight,
      scheduler: options.scheduler,
      onOpen: () => this.pump(),
    });
  }

  /** Messages emitted and not settled, with those that will be delivered again. */
  get inFlight(): number {
    return this.gate.inFlight - this.uncommitted;
  }

  get isIdle(): boolean {
    return this.stashed === 0 && this.inFlight === 0;
  }

  lane(options: LaneOptions): Lane {
    this.laneCount += 1;
    const lane = new Lane(this, `${this.options.address}.${this.laneCount}`, options);
    this.lanes.add(lane);
    return lane;
  }

  hold(holder: Holder): void {
    this.gate.hold(holder);
  }

  release(holder: Holder): void {
    this.gate.release(holder);
  }

  /** Reads nothing more, and carries through what was received. */
  drain(): void {
    this.isDraining = true;
    for (const lane of this.lanes) this.pause(lane);
  }

  /** A transport handed a message over. Emitted at once if nothing stands before it, else stashed. */
  admit(lane: Lane, root: Message): void {
    // Read before the lane was taken away: whoever has it now gets it.
    if (lane.isRevoked) return;
    this.received += 1;
    if (
      this.gate.isOpen &&
      !this.isPumping &&
      this.ready.length === 0 &&
      lane.stash.length === 0 &&
      !lane.isOverShare
    ) {
      this.isPumping = true;
      try {
        this.send(lane, root);
      } finally {
        this.isPumping = false;
      }
      // What was received while emitting waits in the stash, and is next.
      if (this.ready.length > 0) this.pump();
      return;
    }
    this.stash(lane, root);
  }

  settled(lane: Lane, root: Message, status: Status): void {
    lane.inFlight -= 1;
    if (lane.inFlight === 0) this.busyLanes -= 1;
    if (lane.isOverShare && lane.inFlight <= (this.share() * 3) / 4) this.relieve(lane);
    if (status === 'nack' && this.repeats(lane, root)) {
      this.repeat(root);
    } else {
      this.vacate(lane, root);
      this.finish(lane, root, status);
    }
  }

  explained(root: Message, end: End, reason: string): void {
    this.transport.explained?.(root, end, reason);
  }

  committed(lane: Lane, places: number): void {
    const freed = Math.min(places, lane.uncommitted);
    if (freed === 0) return;
    lane.uncommitted -= freed;
    this.uncommitted -= freed;
    this.gate.leave(freed);
  }

  closed(lane: Lane): void {
    this.paused.delete(lane);
    // What is stashed or in flight knows its lane; the transport is told nothing more of it.
    this.lanes.delete(lane);
  }

  revoked(lane: Lane): void {
    for (let root = lane.stash.shift(); root !== undefined; root = lane.stash.shift()) {
      this.stashed -= 1;
      this.stashedBytes -= root.size;
    }
    for (let left = this.repeated.length; left > 0; left -= 1) {
      const root = this.repeated.shift() as Message;
      if (root.origin === lane) this.vacate(lane, root);
      else this.repeated.push(root);
    }
    // Whoever has the lane now is told of it again, and that has its place there.
    this.committed(lane, lane.uncommitted);
  }

  /**
   * Whether the source itself delivers a nacked root once more. It always does on a cumulative lane: the floor
   * cannot pass a nack on, and what it has passed is lost.
   */
  private repeats(lane: Lane, root: Message): boolean {
    const isOurs = !this.options.redelivers || lane.floor !== undefined;
    return isOurs && !lane.isRevoked && !this.isLastDelivery(root);
  }

  /** One delivery beyond `maxDeliveries` goes to the routes' `on-error` alone: `claim` sets it aside. */
  private isLastDelivery(root: Message): boolean {
    return (root.meta.deliveries ?? 1) > this.maxDeliveries;
  }

  /** It keeps its place: a full window could otherwise never deliver again what keeps a floor from rising. */
  private repeat(root: Message): void {
    this.nacked += 1;
    const deliveries = (root.meta.deliveries ?? 1) + 1;
    this.repeated.push(root.again({ ...root.meta, id: root.id, deliveries }));
    this.schedulePump();
  }

  /** Gives up the place of a root in the window, or the places of all below the floor: at once, or when they are committed. */
  private vacate(lane: Lane, root: Message): void {
    const freed = lane.floor === undefined ? 1 : lane.floor.settle(root.sequence);
    if (lane.isCommitted && !lane.isRevoked) {
      lane.uncommitted += freed;
      this.uncommitted += freed;
    } else this.gate.leave(freed);
  }

  private finish(lane: Lane, root: Message, status: Status): void {
    const cannotReturn = !this.options.redelivers || lane.floor !== undefined || this.isLastDelivery(root);
    const final = status === 'nack' && cannotReturn ? 'reject' : status;
    if (final === 'ack') this.acked += 1;
    else if (final === 'nack') this.nacked += 1;
    else this.rejected += 1;
    if (!lane.isRevoked) this.transport.settled?.(lane, root, final);
  }

  private stash(lane: Lane, root: Message): void {
    const { messages, bytes } = this.options.stash;
    const size = root.size;
    const isFull = this.stashed >= messages || (this.stashed > 0 && this.stashedBytes + size > bytes);
    if (isFull) {
      if (!this.options.canPause) {
        this.overrun += 1;
        return;
      }
      for (const other of this.lanes) this.pause(other);
    }
    this.keep(lane, root);
    if (!this.gate.isOpen || lane.isOverShare) this.pause(lane);
  }

  private keep(lane: Lane, root: Message): void {
    lane.stash.push(root);
    this.stashed += 1;
    this.stashedBytes += root.size;
    if (this.stashed > this.stashedPeak) this.stashedPeak = this.stashed;
    if (!lane.isOverShare) this.enqueue(lane);
  }

  private enqueue(lane: Lane): void {
    if (lane.isReady) return;
    lane.isReady = true;
    this.ready.push(lane);
    if (!this.isPumping && this.gate.isOpen) this.schedulePump();
  }

  private schedulePump(): void {
    if (this.isPumpScheduled) return;
    this.isPumpScheduled = true;
    this.options.scheduler.schedule(() => {
      this.isPumpScheduled = false;
      this.pump();
    });
  }

  /**
   * Emits while nobody holds the gate: what is to be delivered again, which has its place; then, while there is
   * room in the window, what is stashed, some messages of each lane in turn. Never re-entered.
   */
  private pump(): void {
    if (this.isPumping) return;
    this.isPumping = true;
    try {
      this.emitStashed();
    } finally {
      // Whatever a plugin threw, the source goes on.
      this.isPumping = false;
    }
    if (this.repeated.length > 0 && !this.gate.isHeld) this.schedulePump();
    if (!this.gate.isOpen) return;
    if (this.ready.length > 0) this.schedulePump();
    else this.resume();
  }

  private emitStashed(): void {
    for (let budget = BUDGET; budget > 0 && !this.gate.isHeld; ) {
      const again = this.repeated.shift();
      if (again !== undefined) {
        budget -= 1;
        this.deliver(again.origin as Lane, again);
        continue;
      }
      if (this.gate.isFull) break;
      const lane = this.ready.shift();
      if (lane === undefined) break;
      lane.isReady = false;
      budget -= Math.max(1, this.emitTurn(lane, Math.min(TURN, budget)));
      if (lane.stash.length > 0 && !lane.isOverShare) this.enqueue(lane);
    }
  }

  /** Emits what is stashed for a lane, `most` messages at most; returns how many it were. */
  private emitTurn(lane: Lane, most: number): number {
    let sent = 0;
    // One over its share waits until it is relieved, and a revoked one has nothing left.
    while (sent < most && this.gate.isOpen && !lane.isOverShare) {
      const root = lane.stash.shift();
      if (root === undefined) break;
      this.stashed -= 1;
      this.stashedBytes -= root.size;
      sent += 1;
      this.send(lane, root);
    }
    return sent;
  }

  /** Takes a place in the window and emits. */
  private send(lane: Lane, root: Message): void {
    if (lane.floor === undefined) this.gate.enter();
    else if (!lane.floor.covers(root.sequence)) {
      lane.floor.admit(root.sequence);
      this.gate.enter();
    }
    this.deliver(lane, root);
  }

  private deliver(lane: Lane, root: Message): void {
    lane.inFlight += 1;
    if (lane.inFlight === 1) this.busyLanes += 1;
    if (this.busyLanes > 1 && lane.inFlight >= this.share()) lane.isOverShare = true;
    this.emit(root);
    // The obligation that emitting starts with: a root without subscribers settles here.
    if (!root.emitted()) this.overSettled += 1;
  }

  private share(): number {
    return Math.max(SMALLEST_SHARE, Math.floor(this.gate.window / Math.max(1, this.busyLanes)));
  }

  private relieve(lane: Lane): void {
    lane.isOverShare = false;
    if (lane.stash.length > 0) this.enqueue(lane);
    else if (this.paused.has(lane)) this.schedulePump();
  }

  private pause(lane: Lane): void {
    if (lane.isPaused || lane.isClosed) return;
    lane.isPaused = true;
    this.paused.add(lane);
    this.transport.pause?.(lane);
  }

  private resume(): void {
    if (this.isDraining) return;
    for (const lane of this.paused) {
      if (lane.isOverShare) continue;
      // A transport may hand over from within `resume`, and shut the gate again.
      if (!this.gate.isOpen) return;
      this.paused.delete(lane);
      lane.isPaused = false;
      this.transport.resume?.(lane);
    }
  }
}
