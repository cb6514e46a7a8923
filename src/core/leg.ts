/** The bounded buffer in front of one sink of one route. */

import { Backlog } from './backlog.ts';
import { Detached } from './detached.ts';
import { AraldoError } from './errors.ts';
import type { Holder, Message, Valve } from './message.ts';
import { type Capacity, isKeyed, isLossy, type Overflow } from './overflow.ts';
import { Retries, type RetryOptions } from './retry.ts';
import { Sampling, type SamplingOptions } from './sampling.ts';
import type { Sink, SinkLeg } from './sink.ts';
import { Spill, type SpillOptions } from './spill.ts';
import { Unconfirmed } from './unconfirmed.ts';

export interface LegOptions {
  /** What people read where it holds a gate: `orders → archive`. */
  readonly name: string;
  readonly overflow: Overflow;
  readonly capacity: Capacity;
  /** What `latest` and `sample` keep one value of; a throw costs the message. */
  readonly key?: ((message: Message) => unknown) | undefined;
  /** Sends a message again that the sink has failed; without it, one failure is enough. */
  readonly retry?: RetryOptions | undefined;
  /** Whether the origin of a message is told when the sink has it, before it is acked: see `first-ack.ts`. */
  readonly tellsOrigin?: boolean;
  /** The periods, which `sample` needs and nothing else reads. */
  readonly sampling?: SamplingOptions | undefined;
  /** The disk part, which `spill` needs and nothing else reads. */
  readonly spill?: SpillOptions | undefined;
}

/** The most messages that a sink may have of one leg unconfirmed, and never more than the leg's capacity. */
const MAX_UNCONFIRMED = 1024;

/**
 * A message offered is sent at once when nothing waits and the sink is writable; otherwise it waits in the
 * backlog. What was sent is kept until the sink confirms it, and goes back to the front when the sink is
 * lost: a sink that is down is not a failed message.
 *
 * A full `pause` leg holds the sources of what it is offered, and lets all of them go when it is half empty.
 * A lossy leg settles what it accepts; the others settle when the sink has confirmed. One that spills puts on disk
 * what its memory has no room for, and settles it then.
 *
 * One that samples sends nothing of what came in a period before that is over.
 *
 * A message that the sink fails keeps its place among the unconfirmed while it waits for its next try, and
 * then goes to the front: a leg whose places are all taken sends nothing, fills, and does what a full one does.
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
  /** Its part on disk, under `spill`. */
  readonly spill: Spill | undefined;
  /** Legs that take messages in its stead while it is full: it holds sources only when all of them are full too. */
  alternates: readonly Leg[] = [];
  /** Those whose alternate it is: when it is half empty, they let their sources go. */
  standsInFor: readonly Leg[] = [];
  /** Whether it stands in the sink's line of legs with something to send. */
  isQueued = false;
  private readonly sink: Sink;
  private readonly isLossy: boolean;
  private readonly holdsWhenFull: boolean;
  private readonly tellsOrigin: boolean;
  private readonly capacity: Capacity;
  private readonly key: ((message: Message) => unknown) | undefined;
  private readonly backlog: Backlog;
  private readonly retries: Retries | undefined;
  private readonly sampling: Sampling | undefined;
  /** How many messages may be under way: sent and unconfirmed, or waiting for their next try. */
  private readonly places: number;
  private readonly unconfirmed = new Unconfirmed();
  /** The sources it holds: as many as feed it. */
  private readonly holding = new Set<Valve>();

  constructor(sink: Sink, options: LegOptions) {
    this.sink = sink;
    this.name = options.name;
    this.overflow = options.overflow;
    this.waits = options.overflow === 'pause' || options.overflow === 'spill';
    this.isLossy = isLossy(options.overflow);
    this.holdsWhenFull = options.overflow === 'pause';
    this.tellsOrigin = options.tellsOrigin ?? false;
    this.capacity = options.capacity;
    this.key = isKeyed(options.overflow) ? options.key : undefined;
    this.backlog = new Backlog({
      overflow: options.overflow,
      capacity: options.capacity,
      key: options.key,
      onDrop: (message, reason) => this.dropped(message, reason),
    });
    const { retry } = options;
    this.retries = retry === undefined ? undefined : new Retries(retry, (message) => this.tryAgain(message));
    this.sampling = options.overflow === 'sample' ? this.samplingBy(options.sampling) : undefined;
    this.places = retry?.isOrdered === true ? 1 : Math.min(MAX_UNCONFIRMED, options.capacity.messages);
    sink.attach(this);
    this.spill = options.overflow === 'spill' ? this.spillTo(options.spill) : undefined;
    // What a former run left is sent first.
    this.spill?.refill();
  }

  /** What it is answerable for: waiting, in memory or on disk, unconfirmed, and to be tried again. */
  get held(): number {
    const underWay = this.unconfirmed.count + this.retrying;
    return this.backlog.length + underWay + (this.spill === undefined ? 0 : this.spill.waiting);
  }

  /** How many messages wait for their next try. */
  get retrying(): number {
    return this.retries === undefined ? 0 : this.retries.length;
  }

  /** How often a message was sent once more. */
  get retried(): number {
    return this.retries?.count ?? 0;
  }

  /** How many messages wait in memory to be sent. */
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

  get hasRoom(): boolean {
    return this.spill === undefined ? !this.backlog.isFull : this.spill.hasRoom;
  }

  get isSinkUp(): boolean {
    return this.sink.isOpen;
  }

  /** Takes over the obligation of a message. */
  offer(message: Message): void {
    if (this.key !== undefined && !this.hasKey(message, this.key)) return;
    this.received += 1;
    if (this.isLossy) {
      message.ack();
      if (this.sampling !== undefined) return this.sample(message, this.sampling);
    }
    if (this.spill?.take(message) === true) return;
    if (this.backlog.length === 0 && this.canSend && this.sink.canTake(this)) {
      this.send(message);
      return;
    }
    if (this.backlog.add(message) === 'refused') this.refuse(message);
    else if (this.holdsWhenFull && this.backlog.isFull) this.hold(message.origin.valve);
    this.sink.enqueue(this);
  }

  /**
   * Ends a message on purpose before it is sent: counted by reason, then acked. Its source is told unless the message is
   * for other sinks as well.
   */
  discard(message: Message, reason: string, isForOthers = false): void {
    this.received += 1;
    this.countDiscarded(reason);
    if (!isForOthers) message.explain('discarded', reason);
    message.ack();
  }

  /** A message that could not be made ready for the sink. */
  refuseFailed(message: Message, error: AraldoError): void {
    this.received += 1;
    this.failed += 1;
    message.fail(error, { at: this.name });
  }

  /** Sends what waits while the sink takes it, `budget` messages at most. Returns how many it sent. */
  drain(budget: number): number {
    const most = this.sampling === undefined ? budget : Math.min(budget, this.backlog.due);
    let sent = 0;
    while (sent < most && this.canSend && this.sink.isWritable(this)) {
      const message = this.backlog.take();
      if (message === undefined) break;
      sent += 1;
      this.send(message);
    }
    if (this.spill !== undefined) {
      if (this.backlog.isLow) this.spill.refill();
    } else if (this.holding.size > 0 && this.backlog.isLow) this.letGo();
    if (this.standsInFor.length > 0 && this.backlog.isLow) for (const leg of this.standsInFor) leg.letGo();
    return sent;
  }

  /** What waits only for the end of a period is sent now, for no more may come. */
  flush(): void {
    if (this.sampling === undefined) return;
    this.sampling.end();
    this.passPeriod();
  }

  confirm(ticket: number): void {
    const message = this.unconfirmed.take(ticket);
    if (message === undefined) return;
    this.confirmed(message);
    if (this.backlog.length > 0) this.sink.schedule();
  }

  confirmThrough(ticket: number): void {
    const { unconfirmed } = this;
    let message = unconfirmed.takeThrough(ticket);
    for (; message !== undefined; message = unconfirmed.takeThrough(ticket)) this.confirmed(message);
    if (unconfirmed.isWriting(ticket)) this.confirm(ticket);
    else if (this.backlog.length > 0) this.sink.schedule();
  }

  fail(ticket: number, error: AraldoError): void {
    const message = this.unconfirmed.take(ticket);
    if (message === undefined) return;
    if (this.retries?.keep(message) !== true) this.giveUp(message, error);
    if (this.backlog.length > 0) this.sink.schedule();
  }

  dismiss(ticket: number, reason: string): void {
    const message = this.unconfirmed.take(ticket);
    if (message === undefined) return;
    this.dropped(message, reason);
    if (!this.isLossy) {
      message.explain('discarded', reason);
      message.ack();
    }
    if (this.backlog.length > 0) this.sink.schedule();
  }

  /** The sink's connection is gone: what it had not confirmed will be sent again, in the old order. */
  lost(): void {
    for (const message of this.unconfirmed.takeAll()) this.backlog.putBack(message);
    this.backlog.trim();
    if (this.backlog.length > 0) this.sink.enqueue(this);
  }

  /** Gives everything up: nacks what is not settled. For a sink or route that ends for good. */
  dispose(): void {
    this.sampling?.end();
    // What is on disk stays there, whatever is said of it from here on.
    this.spill?.close();
    this.lost();
    for (const message of [...this.backlog.takeAll(), ...(this.retries?.takeAll() ?? [])]) {
      this.countDiscarded('closed');
      if (!this.isLossy) message.nack();
    }
    this.letGo();
    this.sink.detach(this);
  }

  private samplingBy(options: SamplingOptions | undefined): Sampling {
    if (options === undefined || !(options.everyMs > 0)) {
      const found = options === undefined ? 'nothing' : String(options.everyMs);
      throw new AraldoError(
        'invalid-value',
        `${this.name}: expected a period in milliseconds (everyMs), for overflow is sample; found ${found}`,
      );
    }
    return new Sampling(options, () => this.passPeriod());
  }

  private sample(message: Message, sampling: Sampling): void {
    this.backlog.add(message);
    // One that took the place of another is sent when that would have been.
    if (this.backlog.due < this.backlog.length) sampling.begin();
  }

  private passPeriod(): void {
    this.backlog.passPeriod();
    this.sink.enqueue(this);
  }

  private spillTo(options: SpillOptions | undefined): Spill {
    if (options === undefined) {
      throw new AraldoError('invalid-value', `${this.name}: expected spill options, for overflow is spill`);
    }
    return new Spill(options, {
      name: this.name,
      room: () => this.backlog.room,
      enter: (message) => {
        this.backlog.add(message);
        this.sink.enqueue(this);
      },
      received: (count) => {
        this.received += count;
      },
      discarded: (reason) => this.countDiscarded(reason),
      refuse: (message, error) => {
        this.failed += 1;
        message.fail(error, { at: this.name });
      },
      hold: (valve) => this.hold(valve),
      letGo: () => this.letGo(),
    });
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
    const { retries } = this;
    const underWay = this.unconfirmed.length + this.retrying;
    if (underWay === 0) return true;
    const bytes = this.unconfirmed.bytes + (retries === undefined ? 0 : retries.bytes);
    return underWay < this.places && bytes < this.capacity.bytes;
  }

  private send(message: Message): void {
    const ticket = this.unconfirmed.begin(message);
    this.sink.write(message, ticket, this);
    this.unconfirmed.end(message);
  }

  private confirmed(message: Message): void {
    this.delivered += 1;
    this.retries?.forget(message);
    if (this.isLossy) return;
    if (this.tellsOrigin) message.origin.confirmed?.();
    message.ack();
  }

  /** The pause is over: it goes before all that waits, as what a lost sink gives back does. */
  private tryAgain(message: Message): void {
    this.backlog.putBack(message);
    this.backlog.trim();
    this.sink.enqueue(this);
  }

  private giveUp(message: Message, error: AraldoError): void {
    this.failed += 1;
    this.retries?.forget(message);
    // What a lossy leg accepted is settled already: its failure is still the route's to count and keep.
    const owed = this.isLossy ? message.fork(new Detached(message)) : message;
    owed.fail(error, { at: this.name, attempts: this.retries?.attempts ?? 1 });
  }

  private dropped(message: Message, reason: string): void {
    this.retries?.forget(message);
    this.countDiscarded(reason);
  }

  private refuse(message: Message): void {
    if (this.isLossy) {
      this.countDiscarded('drop-newest');
      return;
    }
    this.failed += 1;
    message.fail(new AraldoError('leg-full', `the buffer of ${this.name} is full`), { at: this.name });
  }

  private hold(valve: Valve): void {
    if (this.holding.has(valve) || this.alternates.some((leg) => leg.hasRoom)) return;
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
