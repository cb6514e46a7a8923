/** A step that is any RxJS operator, fenced so that its failure costs only the messages it holds. */
import { Observable, type OperatorFunction, Subject, type Subscription } from 'rxjs';
import { AraldoError } from './errors.ts';
import type { End, Fence, Holder, Message, Origin, RoutePort, Status, Valve } from './message.ts';
import { failStep } from './step-fn.ts';

export interface RxStepOptions {
  /** Messages are acked when the operator takes them; what it does with them is its own business. */
  readonly isOpaque: boolean;
  /** Given what the operator has inside, when it is subscribed to. What is acked on entry is not counted. */
  readonly watch?: ((inside: StepInside) => void) | undefined;
}

/** What an operator has taken and neither forwarded nor settled, as it is when it is read. */
export interface StepInside {
  readonly name: string;
  readonly held: number;
  /** What has been inside for longest. */
  readonly oldest: Message | undefined;
}

/**
 * What goes into the operator is a fork of each message, so that the fence knows which it still holds. When
 * the operator errors, those fail, and it starts anew with the next message. When it completes, it is over: what
 * it held and what comes later fails as `step-ended`.
 */
export function rxStep(
  name: string,
  operator: OperatorFunction<Message, Message>,
  options: RxStepOptions,
): OperatorFunction<Message, Message> {
  return (source) =>
    new Observable((subscriber) => {
      const fence = options.isOpaque ? new OpenFence() : new ClosedFence(name);
      if (fence instanceof ClosedFence) options.watch?.(fence);
      let input = new Subject<Message>();
      let inner: Subscription | undefined;
      /** Why the operator does not run: its error, until it is started anew. */
      let failure: { readonly thrown: unknown } | undefined;
      let hasEnded = false;
      let hasSourceCompleted = false;

      const start = (): void => {
        failure = undefined;
        input = new Subject<Message>();
        try {
          inner = operator(input).subscribe({
            next(message) {
              const left = fence.leave(message);
              if (left !== undefined) subscriber.next(left);
            },
            error: fail,
            complete() {
              hasEnded = true;
              fence.fail(name, ended(name));
              if (hasSourceCompleted) subscriber.complete();
            },
          });
        } catch (thrown) {
          fail(thrown);
        }
      };

      const fail = (thrown: unknown): void => {
        failure = { thrown };
        fence.fail(name, thrown);
        if (hasSourceCompleted) subscriber.complete();
      };
      start();

      subscriber.add(
        source.subscribe({
          next(message) {
            // Not at once when it errors: one that errors as it starts would do nothing else.
            if (failure !== undefined) start();
            if (hasEnded) failStep(name, message, ended(name));
            else if (failure !== undefined) failStep(name, message, failure.thrown);
            else input.next(fence.enter(message));
          },
          error: (error) => subscriber.error(error),
          complete() {
            hasSourceCompleted = true;
            if (hasEnded || failure !== undefined) subscriber.complete();
            else input.complete();
          },
        }),
      );
      subscriber.add(() => {
        inner?.unsubscribe();
        fence.giveBack();
      });
    });
}

function ended(name: string): AraldoError {
  return new AraldoError('step-ended', `step ${name}: its observable completed, and can take nothing more`);
}

/** Knows what is inside an operator. Bounded by the windows of the sources that feed it. */
class ClosedFence implements Fence, Valve, StepInside {
  readonly name: string;
  readonly address: string;
  readonly valve: Valve = this;
  /** The message that each fork inside stands for. */
  private readonly parents = new Map<Message, Message>();
  /** The valves that are held for each holder within the operator: those of all that is inside. */
  private readonly valves = new Map<Holder, Set<Valve>>();

  constructor(name: string) {
    this.name = name;
    this.address = name;
  }

  get held(): number {
    return this.parents.size;
  }

  get oldest(): Message | undefined {
    for (const parent of this.parents.values()) return parent;
    return undefined;
  }

  /** A message that no route has claimed has no obligation to keep. */
  enter(message: Message): Message {
    if (!message.isClaimed) return message;
    const fork = message.fork(this);
    this.parents.set(fork, message);
    if (this.valves.size > 0) this.holdFor(message.origin.valve);
    return fork;
  }

  leave(message: Message): Message | undefined {
    return message.leave(this);
  }

  parentOf(fork: Message): Message | undefined {
    return this.parents.get(fork);
  }

  settled(fork: Message, status: Status): void {
    const parent = this.parents.get(fork);
    this.parents.delete(fork);
    parent?.settle(status);
  }

  explained(fork: Message, end: End, reason: string): void {
    this.parents.get(fork)?.explain(end, reason);
  }

  /** Fails what the operator still holds. */
  fail(name: string, thrown: unknown): void {
    for (const parent of this.abandon()) failStep(name, parent, thrown);
  }

  /** Nacks what the operator still holds. */
  giveBack(): void {
    for (const parent of this.abandon()) parent.giveBack('step-ended');
  }

  hold(holder: Holder): void {
    const valves = this.valves.get(holder) ?? new Set<Valve>();
    this.valves.set(holder, valves);
    for (const parent of this.parents.values()) {
      valves.add(parent.origin.valve);
      parent.origin.valve.hold(holder);
    }
  }

  release(holder: Holder): void {
    for (const valve of this.valves.get(holder) ?? []) valve.release(holder);
    this.valves.delete(holder);
  }

  private holdFor(valve: Valve): void {
    for (const [holder, valves] of this.valves) {
      valves.add(valve);
      valve.hold(holder);
    }
  }

  private abandon(): readonly Message[] {
    const parents = [...this.parents.values()];
    this.parents.clear();
    return parents;
  }
}

/** Keeps nothing: obligations end where it begins, and only the way to hold the source goes on. */
class OpenFence {
  private origin: Origin | undefined;
  private route: RoutePort | undefined;

  enter(message: Message): Message {
    const { valve } = message.origin;
    if (this.origin?.valve !== valve)
      this.origin = { address: 'opaque', valve, settled: () => undefined, parentOf: () => undefined };
    this.route = message.route;
    const copy = message.fork(this.origin);
    // What comes out, if anything, is counted as made.
    message.route?.made(-1);
    message.ack();
    return copy;
  }

  leave(message: Message): Message {
    this.route?.made(1);
    return message;
  }

  fail(): void {}

  giveBack(): void {}
}
