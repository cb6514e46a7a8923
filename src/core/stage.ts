/** A stage of a pipeline that does its work within `next`: claim, filter, map and their like. */
import { Observable, type OperatorFunction, Subscriber } from 'rxjs';
import type { Message } from './message.ts';

/** Takes a message and passes on what comes of it, if anything. Must not throw. */
export type Take = (message: Message) => void;

/**
 * An operator of one message at a time. `begin` is called for each subscription, with whom to pass messages on to;
 * errors, completion and unsubscribing pass by themselves.
 *
 * An observer given to `subscribe` is wrapped twice by RxJS, and a message passes four functions a stage; a
 * `Subscriber` is taken as it is, and a message passes one. It is exported, and its `next` may be overridden.
 *
 * @example
 * const passing = stage((target) => (message) => target.next(message));
 */
export function stage(begin: (target: Subscriber<Message>) => Take): OperatorFunction<Message, Message> {
  return (source) => new Observable((target) => source.subscribe(new Stage(target, begin(target))));
}

class Stage extends Subscriber<Message> {
  private readonly take: Take;

  constructor(target: Subscriber<Message>, take: Take) {
    super(target);
    this.take = take;
  }

  override next(message: Message): void {
    if (!this.closed) this.take(message);
  }
}
