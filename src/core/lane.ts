/** A part of a source with its own order: a peer, a partition, a channel. */
import { AckFloor } from './ack-floor.ts';
import { type End, Message, type Meta, type Origin, type Status, type Valve } from './message.ts';
import { Ring } from './ring.ts';
import type { Wire } from './wire.ts';

export interface LaneOptions {
  /** Unique within the source. */
  readonly name: string;
  /** What every message of the lane has in its meta; shared by them, so it must not change. */
  readonly meta?: Meta;
  /** Acks cover all that came before (Kafka): the window then counts the span from the oldest unsettled. */
  readonly isCumulative?: boolean;
  /**
   * Acks reach the other side in commits, now and then: what is settled keeps its place in the window until the transport
   * says that it is `committed`, because a crash before that repeats it. For a cumulative lane.
   */
  readonly isCommitted?: boolean;
}

/** What a lane tells the source it belongs to. */
export interface LaneOwner extends Valve {
  admit(lane: Lane, root: Message): void;
  settled(lane: Lane, root: Message, status: Status): void;
  explained(root: Message, end: End, reason: string): void;
  committed(lane: Lane, places: number): void;
  closed(lane: Lane): void;
  revoked(lane: Lane): void;
}

/**
 * The transport makes one with `source.lane(…)`, gives it what it reads, and closes or revokes it at the end.
 * A lane is one epoch: a partition that comes back is a new lane, so what is settled late finds the old one.
 */
export class Lane implements Origin {
  readonly name: string;
  readonly address: string;
  readonly meta: Meta;
  /** What was received and not emitted yet, because the gate was shut. */
  readonly stash: Ring<Message> = new Ring<Message>();
  readonly floor: AckFloor | undefined;
  /** Whether what is settled keeps its place until it is committed. */
  readonly isCommitted: boolean;
  /** Places in the window of what the floor has passed and no commit covers; 0 unless `isCommitted`. */
  uncommitted = 0;
  /** Messages emitted and not settled. */
  inFlight = 0;
  /** Whether it has more than its share of the window in flight. */
  isOverShare = false;
  /** Whether the transport was told not to read on. */
  isPaused = false;
  /** Whether it stands in the source's line of lanes with something to emit. */
  isReady = false;
  isClosed = false;
  /** Taken away by the transport: settlements are counted, and not passed on. */
  isRevoked = false;
  readonly valve: Valve;
  private readonly owner: LaneOwner;
  private position = 0;

  constructor(owner: LaneOwner, address: string, options: LaneOptions) {
    this.owner = owner;
    this.valve = owner;
    this.name = options.name;
    this.address = address;
    this.meta = options.meta ?? {};
    this.isCommitted = options.isCommitted === true;
    this.floor = options.isCumulative === true ? new AckFloor() : undefined;
  }

  /** Takes a value from the transport; `position` where the transport has one (rising within the lane). */
  receive(payload: unknown, meta: Meta = this.meta, position: number = this.position): void {
    this.position = position + 1;
    this.owner.admit(this, Message.root(payload, meta, this, position));
  }

  /** Takes bytes from the transport; text stays text. */
  receiveBytes(wire: Wire, meta: Meta = this.meta, position: number = this.position): void {
    this.position = position + 1;
    this.owner.admit(this, Message.rootOfBytes(wire, meta, this, position));
  }

  /** The other side has taken a commit that covers so many of the `uncommitted`; of a revoked lane it counts nothing. */
  committed(places: number): void {
    this.owner.committed(this, places);
  }

  /** The transport reads nothing more from it; what was received is still carried through. */
  close(): void {
    this.isClosed = true;
    this.owner.closed(this);
  }

  /** The other side took it away: what is stashed is forgotten, late settlements are not passed on. */
  revoke(): void {
    this.isRevoked = true;
    this.owner.revoked(this);
    this.close();
  }

  settled(root: Message, status: Status): void {
    this.owner.settled(this, root, status);
  }

  explained(root: Message, end: End, reason: string): void {
    if (!this.isRevoked) this.owner.explained(root, end, reason);
  }
}
