/** The accepting role of an endpoint: the legs that send to it, each a lane of its own, served in turn. */
import type { SchedulerLike } from 'rxjs';
import { AraldoError } from './errors.ts';
import type { Message } from './message.ts';

/** What a confirmation of a sink means, from the weakest to the strongest. */
export type ConfirmLevel = 'handed' | 'flushed' | 'accepted' | 'durable';

/** A leg as the transport sees it: what to answer for each ticket, exactly once, unless the sink is lost. */
export interface Sender {
  readonly name: string;
  /** Whether its source is held while it waits; a sender that does not wait loses messages instead. */
  readonly waits: boolean;
  /** The message is where the sink's confirm level says. */
  confirm(ticket: number): void;
  /** The same for this ticket and all before it. */
  confirmThrough(ticket: number): void;
  /** The message itself was refused. A connection that broke is no such thing: see `Port.broken`. */
  fail(ticket: number, error: AraldoError): void;
  /** There was nobody to send it to, and that is no failure: counted by reason, then acked. */
  dismiss(ticket: number, reason: string): void;
}

/** A leg as its sink sees it. */
export interface SinkLeg extends Sender {
  /** How many messages wait to be sent. */
  readonly depth: number;
  /** Waiting and unconfirmed. */
  readonly held: number;
  /** Kept by the sink: whether the leg stands in its line. */
  isQueued: boolean;
  /** Sends what waits, `budget` messages at most; returns how many it sent. */
  drain(budget: number): number;
  /** The connection is gone, and with it all confirmations to come. */
  lost(): void;
}

/** What a sink asks of its transport. */
export interface SinkTransport {
  /** Whether it takes a message now. When it does again after saying no, it calls `Port.writable`. */
  isWritable(sender: Sender): boolean;
  /**
   * Takes a message: `true` when it is confirmed at once, `false` when the sender is told later.
   * A throw is the message's own failure. Must not block, and must not keep more than it bounds itself.
   */
  write(message: Message, ticket: number, sender: Sender): boolean;
  /** Resolves when all that was written has left for the other side. */
  flush?(): void | Promise<void>;
}

/** So many messages a turn, then the event loop gets its turn. */
const BUDGET = 1024;

/** So many messages of one leg, then the next one is served. */
const SLICE = 64;

/** Until there is a transport; a sink that is not opened is not asked. */
const takesAll: SinkTransport = { isWritable: () => true, write: () => true };

export class Sink {
  readonly name: string;
  readonly legs: Set<SinkLeg> = new Set();
  private transport: SinkTransport;
  private readonly scheduler: SchedulerLike;
  /** Legs with something to send; each stands here at most once. */
  private readonly waiting: SinkLeg[] = [];
  private isUp = false;
  private isWriting = false;
  private isDraining = false;
  private isScheduled = false;

  constructor(name: string, scheduler: SchedulerLike, transport: SinkTransport = takesAll) {
    this.name = name;
    this.scheduler = scheduler;
    this.transport = transport;
  }

  /** Replaces the transport: an endpoint's needs the sink before it exists. Before anything is sent. */
  bind(transport: SinkTransport): void {
    this.transport = transport;
  }

  /** Whether its connection is up. */
  get isOpen(): boolean {
    return this.isUp;
  }

  /** What all its legs hold. */
  get held(): number {
    let held = 0;
    for (const leg of this.legs) held += leg.held;
    return held;
  }

  attach(leg: SinkLeg): void {
    this.legs.add(leg);
  }

  detach(leg: SinkLeg): void {
    this.legs.delete(leg);
    const place = this.waiting.indexOf(leg);
    if (place >= 0) this.waiting.splice(place, 1);
  }

  isWritable(leg: SinkLeg): boolean {
    return this.isUp && this.transport.isWritable(leg);
  }

  /** Whether a leg may send from within its `offer`: not while another message is being written. */
  canTake(leg: SinkLeg): boolean {
    return !this.isWriting && this.isWritable(leg);
  }

  write(message: Message, ticket: number, leg: SinkLeg): void {
    this.isWriting = true;
    try {
      if (!this.transport.write(message, ticket, leg)) return;
    } catch (thrown) {
      leg.fail(ticket, AraldoError.from(thrown, 'sink-rejected'));
      return;
    } finally {
      this.isWriting = false;
    }
    leg.confirm(ticket);
  }

  /** A leg has something to send. */
  enqueue(leg: SinkLeg): void {
    if (!leg.isQueued && leg.depth > 0) {
      leg.isQueued = true;
      this.waiting.push(leg);
    }
    if (this.isWritable(leg)) this.schedule();
  }

  /** The connection is up: the transport takes messages. */
  opened(): void {
    this.isUp = true;
    this.drain();
  }

  /** The connection is gone, and with it all confirmations to come. */
  lost(): void {
    if (!this.isUp) return;
    this.isUp = false;
    for (const leg of this.legs) leg.lost();
  }

  /** Sends on the next turn what can be sent. */
  schedule(): void {
    if (this.isScheduled || this.isDraining || this.waiting.length === 0) return;
    this.isScheduled = true;
    this.scheduler.schedule(() => {
      this.isScheduled = false;
      this.drain();
    });
  }

  /** Sends what waits, a slice of each leg in turn, until nothing more goes or the budget is spent. */
  drain(): void {
    if (this.isDraining) return;
    // Told from within a write that there is room: what waits must not be forgotten.
    if (this.isWriting) return this.schedule();
    this.isDraining = true;
    let budget = BUDGET;
    // Ends when every leg in line has something to send and has sent nothing in a row.
    try {
      for (let idle = 0; this.isUp && budget > 0 && idle < this.waiting.length; ) {
        const leg = this.waiting.shift() as SinkLeg;
        const sent = this.serve(leg, Math.min(SLICE, budget));
        budget -= sent;
        if (sent > 0) idle = 0;
        else if (leg.depth > 0) idle += 1;
      }
    } finally {
      // Whatever a plugin threw, the sink goes on.
      this.isDraining = false;
    }
    if (budget <= 0) this.schedule();
  }

  private serve(leg: SinkLeg, slice: number): number {
    leg.isQueued = false;
    try {
      return leg.drain(slice);
    } finally {
      if (leg.depth > 0 && !leg.isQueued) {
        leg.isQueued = true;
        this.waiting.push(leg);
      }
    }
  }

  async flush(): Promise<void> {
    await this.transport.flush?.();
  }
}
