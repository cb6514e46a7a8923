/** One message for several legs that is settled as soon as one of them has it: `ack: first`. */
import type { End, Message, Origin, Status, Valve } from './message.ts';

/**
 * Each leg gets a fork of the message, with this as its origin. The first that is confirmed acks the message; what
 * becomes of the others then is counted at their legs, and concerns the source no more. When all have ended and none
 * was confirmed, the message is settled with the worst status among them: a leg that filters a message, or that may
 * lose what it takes, has not confirmed it.
 */
export class FirstAck implements Origin {
  readonly address = 'first';
  private readonly message: Message;
  private left: number;
  private worst: Status = 'ack';
  private isConfirmed = false;

  /** @param forks how many there will be: all are counted before the first can end */
  constructor(message: Message, forks: number) {
    this.message = message;
    this.left = forks;
  }

  get valve(): Valve {
    return this.message.origin.valve;
  }

  confirmed(): void {
    if (this.isConfirmed) return;
    this.isConfirmed = true;
    this.message.ack();
  }

  explained(_fork: Message, end: End, reason: string): void {
    if (!this.isConfirmed) this.message.explain(end, reason);
  }

  parentOf(): Message {
    return this.message;
  }

  settled(_fork: Message, status: Status): void {
    this.left -= 1;
    if (status === 'reject' || (status === 'nack' && this.worst === 'ack')) this.worst = status;
    if (this.left === 0 && !this.isConfirmed) this.message.settle(this.worst);
  }
}
