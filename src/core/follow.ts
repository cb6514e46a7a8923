/** Learns what becomes of a message that a step passes on. */
import type { End, Message, Origin, Status, Valve } from './message.ts';

/**
 * Emits a message that stands for `message`, and calls `onSettled` once when all that came of it is settled, with the
 * worst status. `message` is still unsettled then: whoever follows it settles it, or passes it on once more.
 *
 * What holds the message that was emitted holds the sources of this one.
 *
 * @example
 * follow(message, (message, status) => message.settle(status), (fork) => subscriber.next(fork));
 */
export function follow(
  message: Message,
  onSettled: (message: Message, status: Status) => void,
  emit: (fork: Message) => void,
): void {
  const fork = message.fork(new Follower(message, onSettled));
  if (fork.isClaimed) {
    emit(fork);
    return;
  }
  // Nobody has claimed it: what follows gets an obligation, and the other one ends with emitting, as at a source.
  emit(fork.claim());
  fork.emitted();
}

class Follower implements Origin {
  readonly address = 'followed';
  readonly valve: Valve;
  private readonly message: Message;
  private readonly onSettled: (message: Message, status: Status) => void;

  constructor(message: Message, onSettled: (message: Message, status: Status) => void) {
    this.valve = message.origin.valve;
    this.message = message;
    this.onSettled = onSettled;
  }

  explained(_fork: Message, end: End, reason: string): void {
    this.message.explain(end, reason);
  }

  parentOf(): Message {
    return this.message;
  }

  settled(_fork: Message, status: Status): void {
    this.onSettled(this.message, status);
  }
}
