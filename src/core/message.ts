/**
 * The message: a payload, its meta, and the one obligation to settle it.
 *
 * Whoever receives a message holds exactly one obligation and discharges it once: forward it, settle it, or
 * keep it. All messages that were made of one source message share its *root*, which counts the open
 * obligations; the source learns of the settlement when the last one is discharged, with the worst status
 * among them. One class of one shape, without a closure: it is what the hot path allocates.
 */
import { AraldoError } from './errors.ts';
import type { Meta } from './meta.ts';
import type { End, FailedAt, Holder, Status, Valve } from './settlement.ts';
import { sizeOf } from './size.ts';
import type { Wire } from './wire.ts';

export type { Meta } from './meta.ts';
export type { End, FailedAt, Holder, Status, Valve } from './settlement.ts';

/** Where a root came from, and what is told when it is settled: a lane of a source, or a joined batch. */
export interface Origin {
  /** Unique over restarts: ids of messages without a position start with it. */
  readonly address: string;
  /** What to hold when there is no room for more of its messages. */
  readonly valve: Valve;
  /** Called exactly once for a root, when its last obligation is discharged. */
  settled(root: Message, status: Status): void;
  /** A sink, or the disk of a leg, has it. Before it is settled, and only by legs that were told to tell. */
  confirmed?(): void;
  /**
   * Why an obligation of the root ends otherwise than in a sink. Called before that one is settled; never where nothing
   * is settled, as behind a leg that may lose what it has accepted.
   */
  explained?(root: Message, end: End, reason: string): void;
  /**
   * The message that a root was made of. Without this, a root is what a source emitted; where it says nothing, nobody
   * knows any more.
   */
  parentOf?(root: Message): Message | undefined;
}

/** Where forks of messages stay while an operator has them: see `step-rx.ts`. */
export interface Fence extends Origin {
  /** What a fork stands for, unless that was settled in its stead. */
  parentOf(fork: Message): Message | undefined;
}

/** The route that claimed a message: it counts what ends inside it and decides what failures cost. */
export interface RoutePort {
  readonly name: string;
  /** Counts a message that it claimed. */
  claimed(): void;
  /** Counts an end inside the route that is no failure, by reason; the caller settles. */
  discarded(message: Message, reason: string): void;
  /** Takes over the obligation of a message that could not be processed. */
  failed(message: Message, error: AraldoError, where?: FailedAt): void;
  /**
   * Told of code that settles a message more often than it has obligations. Nothing is done about it: the
   * message was settled too early, and that cannot be undone. Without it, the code that settles last throws.
   */
  overSettled?(message: Message, error: AraldoError): void;
  /** Counts messages that a step made beyond the one it was given; negative where it joined several to one. */
  made(count: number): void;
}

/** Marks a payload that is still in its bytes. */
const UNREAD: unique symbol = Symbol('unread');

/** Memory of this size is not worth a copy. */
const SMALL = 4096;

/** For messages that code makes: nobody waits for their settlement. */
export const nowhere: Origin = {
  address: 'code',
  valve: { hold: () => undefined, release: () => undefined },
  settled: () => undefined,
};

/** For claims in code outside any compiled route. */
const noRoute: RoutePort = {
  name: 'code',
  claimed: () => undefined,
  discarded: () => undefined,
  failed: (message) => message.reject(),
  made: () => undefined,
};

export class Message<T = unknown> {
  readonly meta: Meta;
  readonly root: Message;
  readonly origin: Origin;
  /** The position in its lane: given by the transport, or counted from 0. */
  readonly sequence: number;
  /** What the payload is in bytes, when known and still true of it. */
  readonly wire: Wire | undefined;
  /** Unset on a message that no route has claimed: settling it does nothing. */
  readonly route: RoutePort | undefined;
  private value: T | typeof UNREAD;
  private open: number;
  private status: Status;

  private constructor(
    value: T | typeof UNREAD,
    meta: Meta,
    root: Message | undefined,
    origin: Origin,
    sequence: number,
    wire: Wire | undefined,
    route: RoutePort | undefined,
  ) {
    this.value = value;
    this.meta = meta;
    this.root = root ?? this;
    this.origin = origin;
    this.sequence = sequence;
    this.wire = wire;
    this.route = route;
    this.open = 1;
    this.status = 'ack';
  }

  /**
   * A message that code makes, without a source to tell.
   *
   * @example
   * server.endpoint('browsers').next(Message.of({ hello: 'world' }));
   */
  static of<T>(payload: T, meta: Meta = {}): Message<T> {
    return new Message(payload, meta, undefined, nowhere, ownSequence++, undefined, noRoute);
  }

  /** What a source emits: a root with one obligation, unclaimed. Used by sources only. */
  static root<T>(payload: T, meta: Meta, origin: Origin, sequence: number): Message<T> {
    return new Message(payload, meta, undefined, origin, sequence, undefined, undefined);
  }

  /** The same for a payload that is still in its bytes; it is decoded when somebody first looks at it. */
  static rootOfBytes(wire: Wire, meta: Meta, origin: Origin, sequence: number): Message<string | Uint8Array> {
    return new Message<string | Uint8Array>(UNREAD, meta, undefined, origin, sequence, wire, undefined);
  }

  /** One message of several: settling it settles every part with the same status. */
  static join<T>(parts: readonly Message[], payload: T, meta: Meta = parts[0]?.meta ?? {}): Message<T> {
    const first = parts[0];
    first?.route?.made(1 - parts.length);
    return new Message(
      payload,
      meta,
      undefined,
      new Joint(parts),
      first?.sequence ?? 0,
      undefined,
      first?.route ?? noRoute,
    );
  }

  get payload(): T {
    if (this.value !== UNREAD) return this.value;
    const wire = this.wire as Wire;
    // Only `rootOfBytes` leaves a value unread, and its payload is the text or the bytes themselves.
    this.value = (wire.isText === true ? wire.text : wire.bytes) as T;
    return this.value;
  }

  /** Survives redelivery where the source has positions; unique in any case. */
  get id(): string {
    return this.meta.id ?? `${this.origin.address}-${this.sequence}`;
  }

  get isClaimed(): boolean {
    return this.route !== undefined;
  }

  /**
   * The message as its source emitted it, before any step. `undefined` where it was joined of several, comes from the
   * disk of a leg or out of an opaque step.
   */
  get original(): Message | undefined {
    let { root } = this as Message;
    while (root.origin.parentOf !== undefined) {
      const parent = root.origin.parentOf(root);
      if (parent === undefined) return undefined;
      root = parent.root;
    }
    return root;
  }

  /** How many obligations of the root are open; 0 means settled. */
  get obligations(): number {
    return this.root.open;
  }

  /** The size that bounds count with: of the bytes where they are known, else an estimate of the value. */
  get size(): number {
    return this.wire === undefined ? sizeOf(this.value) : this.wire.size;
  }

  /**
   * Gives a route an obligation of its own; what happens to the message elsewhere is not its concern. Claimed
   * late, after its source has settled it, it is a message of its own that nobody waits for.
   */
  claim(route: RoutePort = noRoute): Message<T> {
    route.claimed();
    const { value, meta, root, origin, sequence, wire } = this;
    if (root.open === 0)
      return new Message(value, { ...meta, id: this.id }, undefined, nowhere, sequence, wire, route);
    root.open += 1;
    return new Message(value, meta, root, origin, sequence, wire, route);
  }

  /** The same obligation with another payload, and with other meta if given. */
  with<U>(payload: U, meta: Meta = this.meta): Message<U> {
    return new Message(payload, meta, this.root, this.origin, this.sequence, undefined, this.route);
  }

  /** The same obligation and payload with other meta. */
  withMeta(meta: Meta): Message<T> {
    return new Message(this.value, meta, this.root, this.origin, this.sequence, this.wire, this.route);
  }

  /** The same obligation and payload, with what the payload is in bytes. */
  withWire<U>(payload: U, wire: Wire, meta: Meta = this.meta): Message<U> {
    return new Message(payload, meta, this.root, this.origin, this.sequence, wire, this.route);
  }

  /**
   * A message of its own that stands for this one: this one's obligation is discharged, with the same
   * status, when the fork's last one is. It lets a step or buffer learn what becomes of what it passed on.
   */
  fork(origin: Origin): Message<T> {
    const meta = { ...this.meta, id: this.id };
    return new Message(this.value, meta, undefined, origin, this.sequence, this.wire, this.route);
  }

  /**
   * This message as it leaves a fence that knew it, or its parts, as forks: on the obligations of the messages
   * that the forks stand for. `undefined` when the fork stands for none any more.
   */
  leave(fence: Fence): Message<T> | undefined {
    if (this.origin === fence) {
      const parent = fence.parentOf(this.root);
      return parent === undefined ? undefined : this.moveTo(parent);
    }
    if (this.origin instanceof Joint) this.origin.leave(fence);
    return this;
  }

  /**
   * This message with bytes of its own, where those that it came in are a small part of a large piece of memory:
   * transports hand over slices of what they read at once, and a slice keeps all of it alive. For whoever keeps
   * messages; otherwise a bound in bytes bounds nothing.
   */
  unpinned(): Message<T> {
    const { wire } = this;
    if (wire === undefined || wire.pinned <= wire.size * 2 + SMALL) return this;
    const value = this.value === wire.bytes ? UNREAD : this.value;
    return new Message<T>(
      value,
      this.meta,
      this.root,
      this.origin,
      this.sequence,
      wire.unpinned(),
      this.route,
    );
  }

  /** The same root once more, to be delivered again. Used by sources only. */
  again(meta: Meta): Message<T> {
    return new Message(this.value, meta, undefined, this.origin, this.sequence, this.wire, undefined);
  }

  /** Adds obligations, before the first of them can be discharged. */
  retain(count = 1): void {
    if (this.route === undefined) return;
    if (this.root.open > 0) this.root.open += count;
    else this.reportOverSettled(this.route);
  }

  ack(): void {
    this.settle('ack');
  }

  nack(): void {
    this.settle('nack');
  }

  reject(): void {
    this.settle('reject');
  }

  /** Discharges one obligation; the worst status given to any obligation of a root is the root's. */
  settle(status: Status): void {
    if (this.route === undefined) return;
    if (this.root.open > 0) this.root.discharge(status);
    else this.reportOverSettled(this.route);
  }

  /** Ends the message on purpose: counted by reason, then acked. */
  discard(reason: string): void {
    this.route?.discarded(this, reason);
    this.explain('discarded', reason);
    this.settle('ack');
  }

  /** Gives the message back to its source: counted by reason, then nacked. */
  giveBack(reason: string): void {
    this.route?.discarded(this, reason);
    this.settle('nack');
  }

  /** Tells its source, where that wants to know, why it is about to be settled without a sink that has it. */
  explain(end: End, reason: string): void {
    if (this.route !== undefined) this.origin.explained?.(this.root, end, reason);
  }

  /** Gives the message to its route's `on-error`. */
  fail(error: AraldoError, where?: FailedAt): void {
    this.route?.failed(this, error, where);
  }

  /**
   * Discharges the obligation that emitting starts with. Used by sources only. `false` when somebody who settled
   * too often has done so already.
   */
  emitted(): boolean {
    if (this.open === 0) return false;
    this.discharge('ack');
    return true;
  }

  /** Throws where nobody listens: only code that settles too often can meet it. */
  private reportOverSettled(route: RoutePort): void {
    const error = new AraldoError(
      'over-settled',
      `message ${this.id} was settled after its last obligation: settle it or forward it, not both`,
    );
    if (route.overSettled === undefined) throw error;
    route.overSettled(this, error);
  }

  /** Takes an obligation of the parent for that of the fork. */
  private moveTo(parent: Message): Message<T> {
    parent.retain();
    const { value, meta, sequence, wire } = this;
    const moved = new Message(value, meta, parent.root, parent.origin, sequence, wire, parent.route);
    this.settle('ack');
    return moved;
  }

  private discharge(status: Status): void {
    // Nearly all are acks, and an ack is never the worst.
    if (status !== 'ack' && this.status !== 'reject') this.status = status;
    this.open -= 1;
    if (this.open === 0) this.origin.settled(this, this.status);
  }
}

let ownSequence = 0;

/** The origin of a joined message: its parts. */
class Joint implements Origin, Valve {
  readonly address = 'joint';
  readonly valve: Valve = this;
  private parts: readonly Message[];

  constructor(parts: readonly Message[]) {
    this.parts = parts;
  }

  /** The parts leave with the message that they were joined to. */
  leave(fence: Fence): void {
    this.parts = this.parts.map((part) => part.leave(fence) ?? part);
  }

  settled(_root: Message, status: Status): void {
    for (const part of this.parts) part.settle(status);
  }

  explained(_root: Message, end: End, reason: string): void {
    for (const part of this.parts) part.explain(end, reason);
  }

  parentOf(): Message | undefined {
    return this.parts.length === 1 ? this.parts[0] : undefined;
  }

  hold(holder: Holder): void {
    for (const part of this.parts) part.origin.valve.hold(holder);
  }

  release(holder: Holder): void {
    for (const part of this.parts) part.origin.valve.release(holder);
  }
}
