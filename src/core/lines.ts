/** One message of each key at a time: the others wait in line until it is settled. */
import { follow } from './follow.ts';
import { HeldSources } from './held-sources.ts';
import type { Message, Status } from './message.ts';
import { Ring } from './ring.ts';

export interface LinesOptions {
  /** What people read where it holds a gate. */
  readonly name: string;
  /** The most messages that wait; then their sources are held. */
  readonly max: number;
  /** Passes a message on. */
  readonly emit: (message: Message) => void;
  /**
   * Called when the message of a key has been settled, before the next of its line goes on. A text ends those that
   * wait in it: they are discarded for this reason.
   */
  readonly onSettled?: (key: unknown, status: Status) => string | undefined;
  /** Called when nothing waits any more. */
  readonly onEmpty: () => void;
}

interface Turn {
  readonly key: unknown;
  readonly message: Message;
}

/**
 * A message goes on at once when no other of its key is downstream, and has its line otherwise. What is settled within
 * an emission lets the next one go on from a loop, not from within: lines may be long, and the stack is not.
 */
export class Lines {
  private readonly options: LinesOptions;
  private readonly sources: HeldSources;
  /** A line for each key of which a message is downstream; none while it has been empty. */
  private readonly lines = new Map<unknown, Ring<Message> | undefined>();
  /** Those whose turn has come. */
  private readonly ready = new Ring<Turn>();
  private isEmitting = false;
  private count = 0;

  constructor(options: LinesOptions) {
    this.options = options;
    this.sources = new HeldSources(options.name);
  }

  /** How many wait. */
  get waiting(): number {
    return this.count;
  }

  /** Takes over the obligation of a message. */
  add(key: unknown, message: Message): void {
    this.count += 1;
    if (this.lines.has(key)) this.join(key, message);
    else {
      this.lines.set(key, undefined);
      this.ready.push({ key, message });
    }
    this.emitReady();
    if (this.count >= this.options.max) this.sources.hold(message);
  }

  /** Gives back what waits; what is downstream is settled there. */
  end(): void {
    for (let turn = this.ready.shift(); turn !== undefined; turn = this.ready.shift())
      turn.message.giveBack('step-ended');
    for (const line of this.lines.values()) for (const message of line ?? []) message.giveBack('step-ended');
    this.lines.clear();
    this.count = 0;
    this.sources.release();
  }

  private join(key: unknown, message: Message): void {
    const line = this.lines.get(key) ?? new Ring<Message>();
    this.lines.set(key, line);
    line.push(message.unpinned());
  }

  private emitReady(): void {
    if (this.isEmitting) return;
    this.isEmitting = true;
    for (let turn = this.ready.shift(); turn !== undefined; turn = this.ready.shift()) {
      const { key, message } = turn;
      this.count -= 1;
      follow(message, (message, status) => this.settled(key, message, status), this.options.emit);
    }
    this.isEmitting = false;
    if (this.count <= this.options.max >> 1) this.sources.release();
    if (this.count === 0) this.options.onEmpty();
  }

  private settled(key: unknown, message: Message, status: Status): void {
    message.settle(status);
    const reason = this.options.onSettled?.(key, status);
    if (reason !== undefined) this.discardLine(key, reason);
    const next = this.lines.get(key)?.shift();
    if (next === undefined) this.lines.delete(key);
    else this.ready.push({ key, message: next });
    this.emitReady();
  }

  private discardLine(key: unknown, reason: string): void {
    const line = this.lines.get(key);
    for (let message = line?.shift(); message !== undefined; message = line?.shift()) {
      this.count -= 1;
      message.discard(reason);
    }
  }
}
