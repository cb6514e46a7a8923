/** A step that is any RxJS operator, fenced so that its failure costs only the messages it holds. */
import { Observable, type OperatorFunction, Subject, type Subscription } from 'rxjs';
import { AraldoError } from './errors.ts';
import { type Holder, type Message, nowhere, type Origin, type Status, type Valve } from './message.ts';
import { failStep } from './step-fn.ts';

export interface RxStepOptions {
  /** Messages are acked when the operator takes them; what it does with them is its own business. */
  readonly isOpaque: boolean;
}

/**
 * What goes into the operator is a fork of each message, so that the fence knows which it still holds. When
 * the operator errors, those fail, and it starts anew for the next message. When it completes, it is over: what
 * it held and what comes later fails as `step-ended`.
 */
export function rxStep(
  name: string,
  operator: OperatorFunction<Message, Message>,
  options: RxStepOptions,
): OperatorFunction<Message, Message> {
  return (source) =>
    new Observable((subscriber) => {
      const fence = new Fence(name);
      let input = new Subject<Message>();
      let inner: Subscription | undefined;
      let hasEnded = false;
      let hasSourceCompleted = false;

      const start = (): void => {
        input = new Subject<Message>();
        inner = operator(input).subscribe({
          next(message) {
            fence.left(message);
            subscriber.next(message);
          },
          error(thrown: unknown) {
            fence.fail(thrown);
            start();
          },
          complete() {
            hasEnded = true;
            fence.fail(ended(name));
            if (hasSourceCompleted) subscriber.complete();
          },
        });
      };
      start();

      subscriber.add(
        source.subscribe({
          next(message) {
            if (hasEnded) {
              failStep(name, message, ended(name));
            } else if (options.isOpaque) {
              const copy = message.fork(nowhere);
              message.ack();
              input.next(copy);
            } else {
              input.next(fence.enter(message));
            }
          },
          error: (error) => subscriber.error(error),
          complete() {
            hasSourceCompleted = true;
            if (hasEnded) subscriber.complete();
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
class Fence implements Origin, Valve {
  readonly address: string;
  readonly valve: Valve = this;
  private readonly name: string;
  /** The message that each unsettled fork stands for. */
  private readonly parents = new Map<Message, Message>();
  private readonly inside = new Set<Message>();
  private readonly valves = new Set<Valve>();

  constructor(name: string) {
    this.name = name;
    this.address = name;
  }

  enter(message: Message): Message {
    const fork = message.fork(this);
    this.parents.set(fork, message);
    this.inside.add(fork);
    this.valves.add(message.origin.valve);
    return fork;
  }

  left(message: Message): void {
    this.inside.delete(message.root);
  }

  settled(fork: Message, status: Status): void {
    const parent = this.parents.get(fork);
    this.parents.delete(fork);
    this.inside.delete(fork);
    parent?.settle(status);
  }

  /** Fails what the operator still holds. */
  fail(thrown: unknown): void {
    for (const parent of this.abandon()) failStep(this.name, parent, thrown);
  }

  /** Nacks what the operator still holds. */
  giveBack(): void {
    for (const parent of this.abandon()) parent.giveBack('step-ended');
  }

  hold(holder: Holder): void {
    for (const valve of this.valves) valve.hold(holder);
  }

  release(holder: Holder): void {
    for (const valve of this.valves) valve.release(holder);
  }

  private abandon(): Message[] {
    const parents: Message[] = [];
    for (const fork of this.inside) {
      const parent = this.parents.get(fork);
      this.parents.delete(fork);
      if (parent !== undefined) parents.push(parent);
    }
    this.inside.clear();
    return parents;
  }
}
