/** The bounded buffer in front of one sink of one route. */

import { Backlog } from './backlog.ts';
import { AraldoError } from './errors.ts';
import { type Holder, type Message, nowhere, type Valve } from './message.ts';
import { type Capacity, isLossy, type Overflow } from './overflow.ts';
import { Ring } from './ring.ts';
import type { Sink, SinkLeg } from './sink.ts';

export interface LegOptions {
  /** What people read where it holds a gate: `orders → archive`. */
  readonly name: string;
  readonly overflow: Overflow;
  readonly capacity: Capacity;
  /** What `latest` keeps one value of; a throw costs the message. */
  readonly key?: ((message: Message) => unknown) | undefined;
}

/** The most messages that a sink may have of one leg unconfirmed, and never more than the leg's capacity. */
const MAX_UNCONFIRMED = 1024;

/** Stands in for a message whose confirmation came before that of an older one. */
const CONFIRMED = undefined;

/**
 * A message offered is sent at once when nothing waits and the sink is writable; otherwise it waits in the
 * backlog. What was sent is kept until the sink confirms it, and goes back to the front when the sink is
 * lost: a sink that is down is not a failed message.
 *
 * A full `pause` leg holds the sources of what it is offered, and lets all of them go when it is half empty.
 * A lossy leg settles what it accepts; the others settle when the sink has confirmed.
 *
 * At every moment: received = delivered + failed + all discarded + held.
 */
export class Leg implements SinkLeg, Holder {
  readonly name: string;
  readonly overflow: Overflow;
  readonly waits: boolean;
  received = 0;
  delivered = 0;
  failed = 0;
  /** By reason. As many entries as there are reasons: a handful. */
  readonly discarded: Map<string, number> = new Map();
  /** How often it began to hold. */
  holds = 0;
  /** Whether it stands in the sink's line of legs with something to send. */
  isQueued = false;
  private readonly sink: Sink;
  private readonly isLossy: boolean;
  private readonly capacity: Capacity;
  private readonly key: ((message: Message) => unknown) | undefined;
  private readonly backlog: Backlog;
  /** What was sent, by ticket, from the oldest unconfirmed on. */
  private readonly unconfirmed = new Ring<Message | typeof CONFIRMED>();
  private firstTicket = 0;
  private unconfirmedCount = 0;
  /** The message that the sink is being given now: most are confirmed before they would need a place. */
  private sending: Message | undefined;
  private unconfirmedBytes = 0;
  /** The sources it holds: as many as feed it. */
  private readonly holding = new Set<Valve>();

  constructor(sink: Sink, options: LegOptions) {
    this.sink = sink;
    this.name = options.name;
    this.overflow = options.overflow;
    this.waits = options.overflow === 'pause';
    this.isLossy = isLossy(options.overflow);
    this.capacity = options.capacity;
    this.key = options.overflow === 'latest' ? options.key : undefined;
    this.backlog = new Backlog({
      overflow: options.overflow,
      capacity: options.capacity,
      key: options.key,
      onDrop: (_message, reason) => this.countDiscarded(reason),
    });
    sink.attach(this);
  }

  /** What it is answerable for: waiting and unconfirmed. */
  get held(): number {
    return this.backlog.length + this.unconfirmedCount + (this.sending === undefined ? 0 : 1);
  }

  /** How many messages wait to be sent. */
  get depth(): number {
    return this.backlog.length;
  }

  get depthBytes(): number {
    return this.backlog.bytes;
  }

  /** The most that ever waited. */
  get peakDepth(): number {
    return this.backlog.peak;
  }

  get isHolding(): boolean {
    return this.holding.size > 0;
  }

  /** Takes over the obligation of a message. */
  offer(message: Message): void {
    if (this.key !== undefined && !this.hasKey(message, this.key)) return;
    this.received += 1;
    if (this.isLossy) message.ack();
    if (this.backlog.length === 0 && this.canSend && this.sink.canTake(this)) {
      this.send(message);
      return;
    }
    if (this.backlog.add(message) === 'refused') this.refuse(message);
    else if (this.waits && this.backlog.isFull) this.hold(message.origin.valve);
    this.sink.enqueue(this);
  }

  /** Ends a message on purpose before it is sent: counted by reason, then acked. */
  discard(message: Message, reason: string): void {
    this.received += 1;
    this.countDiscarded(reason);
    message.ack();
  }

  /** A message that could not be made ready for the sink. */
  refuseFailed(message: Message, error: AraldoError): void {
    this.received += 1;
    this.failed += 1;
    message.fail(error);
  }

  /** Sends what waits while the sink takes it, `budget` messages at most. Returns how many it sent. */
  drain(budget: number): number {
    let sent = 0;
    while (sent < budget && this.canSend && this.sink.isWritable(this)) {
      const message = this.backlog.take();
      if (message === undefined) break;
      sent += 1;
      this.send(message);
    }
    if (this.holding.size > 0 && this.backlog.isLow) this.letGo();
    return sent;
  }

  confirm(ticket: number): void {
    const message = this.close(ticket);
    if (message === CONFIRMED) return;
    this.delivered += 1;
    if (!this.isLossy) message.ack();
    if (this.backlog.length > 0) this.sink.schedule();
  }

  confirmThrough(ticket: number): void {
    while (this.unconfirmed.length > 0 && this.firstTicket <= ticket) {
      const message = this.unconfirmed.shift();
      this.firstTicket += 1;
      if (message === CONFIRMED) continue;
      this.unconfirmedCount -= 1;
      this.unconfirmedBytes -= wireSize(message);
      this.delivered += 1;
      if (!this.isLossy) message.ack();
    }
    this.forgetConfirmed();
    if (this.sending !== undefined && this.firstTicket === ticket) this.confirm(ticket);
    else if (this.backlog.length > 0) this.sink.schedule();
  }

  fail(ticket: number, error: AraldoError): void {
    const message = this.close(ticket);
    if (message === CONFIRMED) return;
    this.failed += 1;
    // What a lossy leg accepted is settled already: its failure is still the route's to count and keep.
    (this.isLossy ? message.fork(nowhere) : message).fail(error);
    if (this.backlog.length > 0) this.sink.schedule();
  }

  dismiss(ticket: number, reason: string): void {
    const message = this.close(ticket);
    if (message === CONFIRMED) return;
    this.countDiscarded(reason);
    if (!this.isLossy) message.ack();
    if (this.backlog.length > 0) this.sink.schedule();
  }

  /** The sink's connection is gone: what it had not confirmed will be sent again, in the old order. */
  lost(): void {
    const stale = this.unconfirmed.length + (this.sending === undefined ? 0 : 1);
    if (this.sending !== undefined) {
      this.backlog.putBack(this.sending);
      this.sending = undefined;
    }
    for (let place = this.unconfirmed.length; place > 0; place -= 1) {
      const message = this.unconfirmed.pop();
      if (message !== CONFIRMED) this.backlog.putBack(message);
    }
    this.backlog.trim();
    this.firstTicket += stale;
    this.unconfirmedCount = 0;
    this.unconfirmedBytes = 0;
    if (this.backlog.length > 0) this.sink.enqueue(this);
  }

  /** Gives everything up: nacks what is not settled. For a sink or route that ends for good. */
  dispose(): void {
    this.lost();
    for (const message of this.backlog.takeAll()) {
      this.countDiscarded('closed');
      if (!this.isLossy) message.nack();
    }
    this.letGo();
    this.sink.detach(this);
  }

  /** Asked before the message is accepted: one whose key cannot be told fails, and costs no other. */
  private hasKey(message: Message, key: (message: Message) => unknown): boolean {
    try {
      key(message);
      return true;
    } catch (thrown) {
      this.refuseFailed(message, AraldoError.from(thrown, 'step-failed'));
      return false;
    }
  }

  private get canSend(): boolean {
    return (
      this.unconfirmed.length === 0 ||
      (this.unconfirmed.length < MAX_UNCONFIRMED &&
        this.unconfirmed.length < this.capacity.messages &&
        this.unconfirmedBytes < this.capacity.bytes)
    );
  }

  private send(message: Message): void {
    const ticket = this.firstTicket + this.unconfirmed.length;
    this.sending = message;
    this.sink.write(message, ticket, this);
    // Answered within the write, or lost with the sink: then there is nothing to wait for.
    if (this.sending !== message) return;
    this.sending = undefined;
    this.unconfirmed.push(message);
    this.unconfirmedCount += 1;
    this.unconfirmedBytes += wireSize(message);
  }

  /** Takes the message of a ticket out of what is unconfirmed; a stale or repeated ticket has none. */
  private close(ticket: number): Message | typeof CONFIRMED {
    const place = ticket - this.firstTicket;
    if (place === this.unconfirmed.length) return this.closeSending();
    const message = this.unconfirmed.at(place);
    if (message === CONFIRMED) return CONFIRMED;
    this.unconfirmed.set(place, CONFIRMED);
    this.unconfirmedCount -= 1;
    this.unconfirmedBytes -= wireSize(message);
    this.forgetConfirmed();
    return message;
  }

  /** The oldest place is that of a message which is still unconfirmed. */
  private forgetConfirmed(): void {
    while (this.unconfirmed.length > 0 && this.unconfirmed.at(0) === CONFIRMED) {
      this.unconfirmed.shift();
      this.firstTicket += 1;
    }
  }

  private closeSending(): Message | typeof CONFIRMED {
    const message = this.sending;
    if (message === undefined) return CONFIRMED;
    this.sending = undefined;
    // Its ticket is used up; behind older ones it needs a place, so that theirs stay where they are.
    if (this.unconfirmed.length === 0) this.firstTicket += 1;
    else this.unconfirmed.push(CONFIRMED);
    return message;
  }

  private refuse(message: Message): void {
    if (this.isLossy) {
      this.countDiscarded('drop-newest');
      return;
    }
    this.failed += 1;
    message.fail(new AraldoError('leg-full', `the buffer of ${this.name} is full`));
  }

  private hold(valve: Valve): void {
    if (this.holding.has(valve)) return;
    if (this.holding.size === 0) this.holds += 1;
    this.holding.add(valve);
    valve.hold(this);
  }

  private letGo(): void {
    for (const valve of this.holding) valve.release(this);
    this.holding.clear();
  }

  private countDiscarded(reason: string): void {
    this.discarded.set(reason, (this.discarded.get(reason) ?? 0) + 1);
  }
}

/** Values without a wire form stay in this process, where the count bounds them well enough. */
function wireSize(message: Message): number {
  return message.wire === undefined ? 0 : message.wire.size;
}
