/** The books of one case: what came, what each message has come to, and everything that happened, line by line. */
import type { VirtualTimeScheduler } from 'rxjs';
import {
  type Holder,
  Message,
  type Meta,
  type Origin,
  type RoutePort,
  type Status,
} from '../core/message.ts';
import { Wire } from '../core/wire.ts';

export interface BookOptions {
  readonly scheduler: VirtualTimeScheduler;
  /** The reasons of discards that give a message back to its source. */
  readonly givesBack: readonly string[];
  /** Whether the operator counts what it drops and gives back by itself: then what the route counts proves nothing. */
  readonly hasOwnBooks: boolean;
}

export interface Books {
  /** How each root was settled, in the order in which they came; `open` for what is not. */
  readonly statuses: readonly (Status | 'open')[];
  readonly peakInside: number;
  readonly isHeld: boolean;
  readonly failed: number;
  /** A line of the timeline. */
  note(who: string, text: string): void;
  /** An error of a law, with the timeline. */
  readonly broken: (law: string) => Error;
  /** A message as a step receives it: claimed, its source done with emitting it. */
  enter(payload: unknown, meta: Meta, isText: boolean): Message;
  left(message: Message): void;
  /** What follows is about to settle a message. */
  settling(status: Status): void;
  /** After each action: throws what has gone wrong by it. */
  balance(): void;
  /** Throws unless everything that came has been settled, once and well, and nothing is left inside. */
  expectAllSettled(): void;
}

interface Root {
  readonly message: Message;
  open: number;
  status: Status | undefined;
  /** The least and the most severe that its status can be, from what was seen. */
  least: number;
  most: number;
}

const severity: readonly Status[] = ['ack', 'nack', 'reject'];

export function createBooks({ scheduler, givesBack, hasOwnBooks }: BookOptions): Books {
  const roots: Root[] = [];
  const holders = new Set<Holder>();
  const events: string[] = [];
  const counts = { received: 0, made: 0, forwarded: 0, discarded: 0, failed: 0 };
  /** The statuses that the present action has given: those of the roots that lose an obligation by it. */
  const given = new Set<number>();
  /** The first that went wrong within an operator, which might catch what is thrown there. */
  let breach: Error | undefined;

  const note = (who: string, text: string): void => {
    events.push(`${String(scheduler.frame).padStart(8)} ms  ${who.padEnd(9)}  ${text}`);
  };
  const broken = (law: string): Error => new Error(`${law}\n\n${events.join('\n')}\n`);
  const report = (law: string): void => {
    breach ??= broken(law);
  };

  const origin: Origin = {
    address: 'laws',
    valve: {
      hold(holder) {
        if (!holders.has(holder)) note('source', `is held by ${holder.name}`);
        holders.add(holder);
      },
      release(holder) {
        if (holders.delete(holder)) note('source', `is released by ${holder.name}`);
      },
    },
    settled(message, status) {
      const root = roots[message.sequence] as Root;
      note('source', `${message.sequence} is settled: ${status}`);
      if (root.status !== undefined) report(`the root ${message.sequence} was settled twice`);
      root.status = status;
    },
  };

  const route: RoutePort = {
    name: 'laws',
    claimed: () => {
      counts.received += 1;
    },
    made: (count) => {
      counts.made += count;
    },
    discarded(message, reason) {
      note('operator', `discards ${message.sequence}: ${reason}`);
      counts.discarded += 1;
      given.add(severity.indexOf(givesBack.includes(reason) ? 'nack' : 'ack'));
    },
    failed(message, error) {
      note('operator', `fails ${message.sequence}: ${error.message}`);
      counts.failed += 1;
      given.add(severity.indexOf('reject'));
      message.reject();
    },
    overSettled: ({ sequence }) => report(`${sequence} was settled more often than it had obligations`),
  };

  const inside = (): number =>
    counts.received + counts.made - counts.forwarded - counts.discarded - counts.failed;

  /** Who lost an obligation since the last look lost it by a status that was given since. */
  const attribute = (): void => {
    // Its own reasons are unknown: any status may be right.
    if (hasOwnBooks) for (const level of severity.keys()) given.add(level);
    const levels = [...given];
    given.clear();
    for (const root of roots) {
      const { open } = root;
      root.open = root.message.obligations;
      if (root.open >= open) continue;
      if (levels.length === 0)
        report(`${root.message.sequence} lost an obligation, and nobody gave it a status`);
      root.least = Math.max(root.least, Math.min(...levels));
      root.most = Math.max(root.most, ...levels);
    }
  };

  const books: Mutable<Books> = {
    peakInside: 0,
    get statuses() {
      return roots.map(({ status }) => status ?? 'open');
    },
    get isHeld() {
      return holders.size > 0;
    },
    get failed() {
      return counts.failed;
    },
    note,
    broken,
    enter(payload, meta, isText) {
      const place = roots.length;
      const message = isText
        ? Message.rootOfBytes(Wire.of(Buffer.from(String(payload)), true), meta, origin, place)
        : Message.root(payload, meta, origin, place);
      note('source', `emits ${place}${meta.key === undefined ? '' : ` of ${meta.key}`}: ${shown(message)}`);
      roots.push({ message, open: 1, status: undefined, least: 0, most: 0 });
      const claimed = message.claim(route);
      message.emitted();
      return claimed;
    },
    left(message) {
      note('operator', `emits ${message.sequence}: ${shown(message)}`);
      counts.forwarded += 1;
    },
    settling: (status) => void given.add(severity.indexOf(status)),
    balance() {
      attribute();
      if (inside() < 0 && !hasOwnBooks)
        report(`more messages left the operator than came or were made: ${inside()}`);
      if (breach !== undefined) throw breach;
      books.peakInside = Math.max(books.peakInside, inside());
    },
    expectAllSettled() {
      for (const { message, status, least, most } of roots) {
        const { sequence } = message;
        if (status === undefined) throw broken(`${sequence} came and was never settled`);
        const level = severity.indexOf(status);
        if (level < least || level > most)
          throw broken(`${sequence} was settled ${status}; the worst that came of it is ${severity[least]}`);
      }
      if (inside() !== 0 && !hasOwnBooks) throw broken(`at rest ${inside()} messages are inside`);
      if (holders.size > 0)
        throw broken(`at rest the source is held by ${[...holders].map(({ name }) => name).join(', ')}`);
    },
  };
  return books;
}

export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Some payloads throw when they are looked at. */
function shown(message: Message): string {
  try {
    return (JSON.stringify(message.payload) ?? String(message.payload)).slice(0, 60);
  } catch {
    return 'a payload that cannot be shown';
  }
}
