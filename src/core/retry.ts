/** Messages that a sink has failed and that will be sent to it again, each after a pause of its own. */
import type { SchedulerLike, Subscription } from 'rxjs';
import { jitteredPause, type PauseRange } from './jitter.ts';
import type { Message } from './message.ts';

export interface RetryOptions extends PauseRange {
  /** How often a message is sent at most, the first time included. */
  readonly attempts: number;
  /** Nothing is sent while a message is unconfirmed or waits for its next try: what keeps order under retry. */
  readonly isOrdered: boolean;
  readonly scheduler: SchedulerLike;
  /** From [0, 1). `Math.random` unless given. */
  readonly random?: (() => number) | undefined;
}

/**
 * Only what the sink said of a message itself counts as an attempt: when the sink is lost, nothing does. As many
 * are here as the leg may have unconfirmed, since a message that waits for its next try keeps its place there.
 */
export class Retries {
  /** How often a message was sent once more. */
  count = 0;
  /** Of those that wait. */
  bytes = 0;
  private readonly options: RetryOptions;
  private readonly onDue: (message: Message) => void;
  /** How often each message has failed that is still the leg's: bounded by what the leg holds. */
  private readonly failures = new Map<Message, number>();
  private readonly pauses = new Map<Message, Subscription>();

  /** @param onDue told of each message when its pause is over */
  constructor(options: RetryOptions, onDue: (message: Message) => void) {
    this.options = options;
    this.onDue = onDue;
  }

  /** How often a message is sent at most. */
  get attempts(): number {
    return this.options.attempts;
  }

  /** How many wait for their next try. */
  get length(): number {
    return this.pauses.size;
  }

  /** Keeps a message that has failed once more until it is due; `false` when that was its last attempt. */
  keep(failed: Message): boolean {
    const { attempts, scheduler, random } = this.options;
    const failures = (this.failures.get(failed) ?? 0) + 1;
    if (failures >= attempts) return false;
    // It may stay for long, where others of the piece of memory that it came in have gone.
    const message = failed.unpinned();
    this.failures.set(message, failures);
    this.bytes += message.wire?.size ?? 0;
    const pauseMs = jitteredPause(this.options, failures, random);
    this.pauses.set(
      message,
      scheduler.schedule(() => this.due(message), pauseMs),
    );
    return true;
  }

  /** The message is the leg's no more. */
  forget(message: Message): void {
    this.failures.delete(message);
  }

  /** Ends all pauses, and takes what was waiting. */
  takeAll(): readonly Message[] {
    const messages = [...this.pauses.keys()];
    for (const pause of this.pauses.values()) pause.unsubscribe();
    this.pauses.clear();
    this.failures.clear();
    this.bytes = 0;
    return messages;
  }

  private due(message: Message): void {
    this.pauses.delete(message);
    this.bytes -= message.wire?.size ?? 0;
    this.count += 1;
    this.onDue(message);
  }
}
