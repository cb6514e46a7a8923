/** The leg as an operator: a bounded buffer anywhere in a pipeline, emptied as fast as what follows settles. */
import { Observable, type SchedulerLike } from 'rxjs';
import { Leg } from '../src/core/leg.ts';
import type { End, Holder, Message, Origin, Status, Valve } from '../src/core/message.ts';
import type { MessageOperator } from '../src/core/operator.ts';
import { type Capacity, isLossy, type MemoryOverflow, memoryOverflowOf } from '../src/core/overflow.ts';
import { Sink } from '../src/core/sink.ts';
import { turnScheduler } from '../src/core/turn-scheduler.ts';

export interface BufferOptions {
  /** What a full buffer does; `pause` unless given. None of them outlives the process: that is for `spill` in YAML. */
  readonly overflow?: MemoryOverflow;
  readonly capacity?: Partial<Capacity>;
  /** What `latest` and `sample` keep one value of; `meta.key` unless given. */
  readonly key?: (message: Message) => unknown;
  /** How long a period of `sample` is: it sends one message of each key in each. */
  readonly everyMs?: number;
  /** The most messages that may be downstream unsettled; 64 unless given. */
  readonly inFlight?: number;
  /** What people read where it holds a gate. */
  readonly name?: string;
  readonly scheduler?: SchedulerLike;
  /** Told once of the leg that a subscription made: its counters say what was delivered and what dropped. */
  readonly onLeg?: (leg: Leg) => void;
}

const CAPACITY: Capacity = { messages: 1024, bytes: 16 * 1024 * 1024 };
const IN_FLIGHT = 64;

/**
 * Lets at most `inFlight` unsettled messages downstream and keeps the others, within bounds and a policy. What
 * leaves it is claimed, and must be settled: that is how it knows that there is room for the next.
 *
 * Under `pause` a message is settled as what follows settles it, and a full buffer holds its sources. A lossy
 * policy settles what it takes. There is no `spill`: what is on disk needs a file that outlives the pipeline, and somebody
 * who sends it first after a restart. That is a leg of a route in araldo.yaml.
 *
 * ```
 * source  ──a1──b1──a2──a3──▶    what follows is busy until |
 *         buffer({ overflow: 'latest', key, inFlight: 1 })
 *         ──a1───────────────|b1──a3──▶
 * ```
 *
 * @example
 * prices.pipe(claim(), buffer({ overflow: 'latest', capacity: { messages: 4096 } })).subscribe(sinkOf(browsers));
 */
export function buffer(options: BufferOptions = {}): MessageOperator {
  const { overflow = 'pause', capacity, key, everyMs, inFlight = IN_FLIGHT, name = 'buffer' } = options;
  const { scheduler = turnScheduler, onLeg } = options;
  memoryOverflowOf(name, overflow);

  return (source) =>
    new Observable((subscriber) => {
      const downstream = new Downstream(name, isLossy(overflow));
      let hasCompleted = false;
      let isEmitting = false;

      const completeIfDone = (): void => {
        if (hasCompleted && !isEmitting && leg.depth === 0) subscriber.complete();
      };

      const sink = new Sink(name, scheduler, {
        isWritable: () => !downstream.isHeld && downstream.unsettled < inFlight,
        write(message) {
          isEmitting = true;
          downstream.enter(message, (fork) => subscriber.next(fork));
          // It ends all this at once: until `write` is over, the leg has the message that is being emitted.
          if (hasCompleted && leg.depth === 0) subscriber.complete();
          isEmitting = false;
          // The leg's part is done: `downstream` has an obligation of its own.
          return true;
        },
      });
      const leg = new Leg(sink, {
        name,
        overflow,
        capacity: { ...CAPACITY, ...capacity },
        key,
        sampling: everyMs === undefined ? undefined : { everyMs, scheduler },
      });
      onLeg?.(leg);
      downstream.onSettled = () => sink.drain();
      downstream.onReleased = () => sink.schedule();
      sink.opened();

      subscriber.add(
        source.subscribe({
          next: (message) => leg.offer(message),
          error: (error) => subscriber.error(error),
          complete() {
            hasCompleted = true;
            leg.flush();
            sink.drain();
            completeIfDone();
          },
        }),
      );
      // What waits goes back to its sources; what is downstream is settled there. Left within an emission, the leg
      // still has the message that is being emitted, and would give it back as well.
      subscriber.add(() => {
        if (isEmitting) scheduler.schedule(() => leg.dispose());
        else leg.dispose();
      });
    });
}

/** Stands for the messages that were let through: it passes on how they are settled, and counts them. */
class Downstream implements Origin, Valve {
  readonly address: string;
  readonly valve: Valve = this;
  onSettled: () => void = () => undefined;
  onReleased: () => void = () => undefined;
  /** By the fork that stands for each; none for those that were settled when they came. */
  private readonly parents = new Map<Message, Message>();
  private readonly holders = new Set<Holder>();
  private readonly isLossy: boolean;
  unsettled = 0;

  constructor(name: string, isLossy: boolean) {
    this.address = name;
    this.isLossy = isLossy;
  }

  get isHeld(): boolean {
    return this.holders.size > 0;
  }

  enter(message: Message, emit: (fork: Message) => void): void {
    const fork = message.fork(this);
    this.unsettled += 1;
    if (!this.isLossy) {
      message.retain();
      this.parents.set(fork, message);
    }
    if (fork.isClaimed) {
      emit(fork);
    } else {
      // An obligation for what follows; the other one ends with emitting, as at a source.
      emit(fork.claim());
      fork.emitted();
    }
  }

  parentOf(fork: Message): Message | undefined {
    return this.parents.get(fork);
  }

  settled(fork: Message, status: Status): void {
    this.unsettled -= 1;
    const parent = this.parents.get(fork);
    this.parents.delete(fork);
    parent?.settle(status);
    this.onSettled();
  }

  explained(fork: Message, end: End, reason: string): void {
    this.parents.get(fork)?.explain(end, reason);
  }

  hold(holder: Holder): void {
    this.holders.add(holder);
  }

  release(holder: Holder): void {
    if (this.holders.delete(holder)) this.onReleased();
  }
}
