/** What a leg has sent and its sink has not confirmed yet: by ticket, the oldest first. */
import type { Message } from './message.ts';
import { Ring } from './ring.ts';

/** Stands in for a message whose confirmation came before that of an older one. */
const CONFIRMED = undefined;

/** Tickets rise by one; one that is stale, or was answered before, has no message. */
export class Unconfirmed {
  /** How many messages wait for an answer, with the one that is being written. */
  count = 0;
  /** Of their wire forms, without the one that is being written. */
  bytes = 0;
  private readonly messages = new Ring<Message | typeof CONFIRMED>();
  private firstTicket = 0;
  /** The message that the sink is being given now: most are confirmed before they would need a place. */
  private writing: Message | undefined;

  /** How many places are taken, with those that were answered out of order. */
  get length(): number {
    return this.messages.length;
  }

  /** The ticket of a message that is about to be written. */
  begin(message: Message): number {
    this.writing = message;
    this.count += 1;
    return this.firstTicket + this.messages.length;
  }

  /** It has been written. Answered within the write, or lost with the sink, it takes no place. */
  end(message: Message): void {
    if (this.writing !== message) return;
    this.writing = undefined;
    this.messages.push(message);
    this.bytes += wireSize(message);
  }

  isWriting(ticket: number): boolean {
    return this.writing !== undefined && ticket === this.firstTicket + this.messages.length;
  }

  /** Takes the message of a ticket. */
  take(ticket: number): Message | undefined {
    const place = ticket - this.firstTicket;
    if (place === this.messages.length) return this.takeWriting();
    const message = this.messages.at(place);
    if (message === CONFIRMED) return undefined;
    this.messages.set(place, CONFIRMED);
    this.count -= 1;
    this.bytes -= wireSize(message);
    this.forgetConfirmed();
    return message;
  }

  /** Takes the oldest message up to a ticket that is not being written. */
  takeThrough(ticket: number): Message | undefined {
    while (this.messages.length > 0 && this.firstTicket <= ticket) {
      const message = this.messages.shift();
      this.firstTicket += 1;
      if (message === CONFIRMED) continue;
      this.count -= 1;
      this.bytes -= wireSize(message);
      return message;
    }
    this.forgetConfirmed();
    return undefined;
  }

  /** Takes all, the newest first: their tickets are stale from here on. */
  *takeAll(): Generator<Message> {
    const { writing } = this;
    const stale = this.messages.length + (writing === undefined ? 0 : 1);
    this.writing = undefined;
    if (writing !== undefined) yield writing;
    for (let left = this.messages.length; left > 0; left -= 1) {
      const message = this.messages.pop();
      if (message !== CONFIRMED) yield message;
    }
    this.firstTicket += stale;
    this.count = 0;
    this.bytes = 0;
  }

  /** The oldest place is that of a message which is still unconfirmed. */
  private forgetConfirmed(): void {
    while (this.messages.length > 0 && this.messages.at(0) === CONFIRMED) {
      this.messages.shift();
      this.firstTicket += 1;
    }
  }

  private takeWriting(): Message | undefined {
    const message = this.writing;
    if (message === undefined) return undefined;
    this.writing = undefined;
    this.count -= 1;
    // Its ticket is used up; behind older ones it needs a place, so that theirs stay where they are.
    if (this.messages.length === 0) this.firstTicket += 1;
    else this.messages.push(CONFIRMED);
    return message;
  }
}

/** Values without a wire form stay in this process, where the count bounds them well enough. */
function wireSize(message: Message): number {
  return message.wire === undefined ? 0 : message.wire.size;
}
