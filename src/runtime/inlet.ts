/** Where a route that has changed waits for the one it was: what came first leaves the steps first. */
import type { OperatorFunction, Subscriber } from 'rxjs';
import type { Message } from '../core/message.ts';
import { Ring } from '../core/ring.ts';
import { stage } from '../core/stage.ts';

export interface Inlet {
  /** Keeps what comes in while it is shut; bounded by the windows of the sources, which count it as unsettled. */
  readonly operator: OperatorFunction<Message, Message>;
  /** How many wait. */
  readonly held: number;
  readonly isOpen: boolean;
  /** Lets what waits through, in its order, and from then on everything. Once. */
  open(): void;
  /** Gives back what waits: nobody will receive it. */
  end(): void;
}

/**
 * Shut when it is made. One stands in one pipeline.
 *
 * @example
 * const inlet = createInlet();
 * merge(...sources).pipe(inlet.operator, ...steps).subscribe(…);
 * whenTheStepsBeforeAreEmpty(() => inlet.open());
 */
export function createInlet(): Inlet {
  const waiting = new Ring<Message>();
  let target: Subscriber<Message> | undefined;
  let isOpen = false;
  let isLeaving = false;

  return {
    operator: stage((subscriber) => {
      target = subscriber;
      return (message) => {
        // What is emitted while the others leave comes after them.
        if (isOpen && !isLeaving) subscriber.next(message);
        else waiting.push(message);
      };
    }),
    get held() {
      return waiting.length;
    },
    get isOpen() {
      return isOpen;
    },
    open() {
      if (isOpen) return;
      isOpen = true;
      isLeaving = true;
      for (let first = waiting.shift(); first !== undefined; first = waiting.shift()) target?.next(first);
      isLeaving = false;
    },
    end() {
      isOpen = true;
      for (let message = waiting.shift(); message !== undefined; message = waiting.shift()) {
        message.giveBack('step-ended');
      }
    },
  };
}
