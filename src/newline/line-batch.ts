/** Messages that wait to be written together, a line each, and whom to tell when they are. */
import { AraldoError } from '../core/errors.ts';
import type { Message } from '../core/message.ts';
import { outgoingWire } from '../core/outgoing.ts';
import type { Sender } from '../core/sink.ts';

export interface LineBatch {
  /** How many bytes wait. Its owner takes no more messages beyond a bound. */
  readonly bytes: number;
  /** Throws an `AraldoError` for what is no line. */
  add(message: Message, ticket: number, sender: Sender): void;
  /** All that waits; nothing waits any more. Those taken are confirmed in the order in which they were taken. */
  take(): TakenLines;
}

export interface TakenLines {
  /** With a line break after each. */
  readonly bytes: Buffer;
  confirm(): void;
}

const LF = 0x0a;
const lineBreak = Buffer.from([LF]);

export function createLineBatch(): LineBatch {
  let parts: Uint8Array[] = [];
  let bytes = 0;
  /** The last ticket of each sender. */
  let tickets = new Map<Sender, number>();

  return {
    get bytes() {
      return bytes;
    },
    add(message, ticket, sender) {
      const line = outgoingWire(message).bytes;
      if (line.includes(LF)) {
        throw new AraldoError(
          'sink-rejected',
          'expected a payload that is one line, found one with a line break in it: marshal it, as marshal-json does',
        );
      }
      parts.push(line, lineBreak);
      bytes += line.byteLength + 1;
      tickets.set(sender, ticket);
    },
    take() {
      const taken = { parts, bytes, tickets };
      parts = [];
      bytes = 0;
      tickets = new Map();
      return {
        bytes: Buffer.concat(taken.parts, taken.bytes),
        confirm() {
          for (const [sender, ticket] of taken.tickets) sender.confirmThrough(ticket);
        },
      };
    },
  };
}
