/** The origin of a copy of what is settled already: nobody waits for it, and what keeps it holds the source all the same. */
import { type Message, nowhere, type Origin, type Valve } from './message.ts';

export class Detached implements Origin {
  readonly address: string = nowhere.address;
  readonly valve: Valve;
  private readonly message: Message;

  constructor(message: Message) {
    this.valve = message.origin.valve;
    this.message = message;
  }

  settled(): void {}

  parentOf(): Message {
    return this.message;
  }
}
