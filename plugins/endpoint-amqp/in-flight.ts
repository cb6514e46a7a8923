/** What was published on a confirm channel and not confirmed yet, by delivery tag, the oldest first. */
import { Ring } from '../../src/core/ring.ts';
import type { Sender } from '../../src/core/sink.ts';

export interface Published {
  readonly sender: Sender;
  readonly ticket: number;
  readonly id: string;
  readonly size: number;
}

/** Stands in for one that was answered before an older one, or failed before its confirmation. */
const ANSWERED = undefined;

export interface InFlight<P extends Published = Published> {
  /** Those that wait for an answer. The publisher bounds both. */
  readonly count: number;
  readonly bytes: number;
  /** Tags rise by one, from 1. */
  add(published: P): void;
  /** RabbitMQ has it, and with `multiple` all before it. */
  confirm(tag: number, multiple: boolean): void;
  /** The same for one that it refused. */
  refuse(tag: number, multiple: boolean, answer: (published: P) => void): void;
  /** Takes the one that came back under an id: they come back in the order in which they were published. */
  takeReturned(id: string): P | undefined;
  /** Takes all that wait, the oldest first: their channel is closed, and the tags of the next one begin anew. */
  takeAll(): P[];
}

export function createInFlight<P extends Published = Published>(): InFlight<P> {
  const places = new Ring<P | typeof ANSWERED>();
  let firstTag = 1;
  let count = 0;
  let bytes = 0;
  /** The tag up to which messages have come back: the next one is most likely behind it. */
  let returnedTag = 0;

  return {
    get count() {
      return count;
    },
    get bytes() {
      return bytes;
    },
    add(published) {
      places.push(published);
      count += 1;
      bytes += published.size;
    },
    confirm(tag, multiple) {
      if (!multiple) {
        const published = take(tag);
        if (published !== undefined) published.sender.confirm(published.ticket);
        return trim();
      }
      /** The last of a run of one sender: its confirmation is that of those before it as well. */
      let last: P | undefined;
      for (let one = firstTag; one <= tag && places.length > 0; one += 1) {
        const published = shift();
        if (published === undefined) continue;
        if (last !== undefined && last.sender !== published.sender) last.sender.confirmThrough(last.ticket);
        last = published;
      }
      last?.sender.confirmThrough(last.ticket);
      trim();
    },
    refuse(tag, multiple, answer) {
      for (let one = multiple ? firstTag : tag; one <= tag; one += 1) {
        const published = take(one);
        if (published !== undefined) answer(published);
      }
      trim();
    },
    takeReturned(id) {
      const from = Math.max(firstTag, returnedTag + 1);
      const tag = find(id, from, firstTag + places.length) ?? find(id, firstTag, from);
      if (tag === undefined) return undefined;
      returnedTag = tag;
      return take(tag);
    },
    takeAll() {
      const all: P[] = [];
      while (places.length > 0) {
        const published = shift();
        if (published !== undefined) all.push(published);
      }
      firstTag = 1;
      returnedTag = 0;
      return all;
    },
  };

  function find(id: string, from: number, end: number): number | undefined {
    for (let tag = from; tag < end; tag += 1) if (places.at(tag - firstTag)?.id === id) return tag;
    return undefined;
  }

  function take(tag: number): P | undefined {
    const published = places.at(tag - firstTag);
    if (published === ANSWERED) return undefined;
    places.set(tag - firstTag, ANSWERED);
    return counted(published);
  }

  function shift(): P | undefined {
    const published = places.shift();
    firstTag += 1;
    return published === ANSWERED ? undefined : counted(published);
  }

  function counted(published: P): P {
    count -= 1;
    bytes -= published.size;
    return published;
  }

  /** The oldest place is that of a message which still waits. */
  function trim(): void {
    while (places.length > 0 && places.at(0) === ANSWERED) {
      places.shift();
      firstTag += 1;
    }
  }
}
