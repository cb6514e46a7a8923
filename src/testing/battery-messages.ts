/** The cases of the endpoint battery in which nothing breaks: what is sent arrives, as it was sent. */
import { isDeepStrictEqual } from 'node:util';
import type { Message, Meta } from '../core/message.ts';
import { type PlayedCase, payloadOf, payloadsOf } from './battery-case.ts';
import { expectSame } from './battery-count.ts';
import { bytesOf } from './battery-stage.ts';
import type { MetaWord } from './battery-world.ts';
import { shown } from './shown.ts';

/** Long enough for a message that must not come. */
const NOTHING_MORE_MS = 200;

export const messageCases: readonly PlayedCase[] = [
  {
    name: 'emits what is put in, once and in order',
    needs: ['source', 'put'],
    async play({ world, at, mount, until }, { messages }) {
      const source = await mount(world.source?.(at) ?? {});
      if (source.capabilities.source === undefined) return { skipped: 'it is no source' };
      await source.isOpen();
      const given = [...payloadsOf(world, messages), { payload: large(world.isText) }];
      const half = given.length >> 1;
      await world.put?.(given.slice(0, half));
      await world.put?.(given.slice(half));
      const isAll = (): boolean => source.emitted.length >= given.length;
      await until(`all ${given.length} have come`, isAll, { more: () => `${source.emitted.length} have` });
      await pause(NOTHING_MORE_MS);
      const sent = given.map(({ payload }) => payload);
      const { ordered } = source.capabilities.source;
      if (ordered === 'all') expectSame(sent, payloadsIn(source.emitted), 'emitted');
      else expectSame(sorted(sent), sorted(payloadsIn(source.emitted)), 'emitted, in some order');
      return undefined;
    },
  },
  {
    name: 'writes what it is given, once and in order',
    needs: ['sink', 'taken'],
    async play({ world, at, mount, until }, { messages }) {
      const sink = await mount(world.sink?.(at) ?? {});
      if (sink.capabilities.sink === undefined) return { skipped: 'it is no sink' };
      if (sink.listens) await sink.isOpen();
      const given = [...payloadsOf(world, messages).map(({ payload }) => payload), large(world.isText)];
      for (const payload of given) sink.write(payload);
      await until('all is confirmed', () => sink.leg.held === 0 && sink.leg.delivered === given.length, {
        more: () => `${sink.leg.delivered} are, ${sink.leg.failed} failed`,
      });
      let came: readonly Uint8Array[] = [];
      await until(
        `all ${given.length} have arrived`,
        async () => {
          came = ((await world.taken?.()) ?? []).map(({ payload }) => payload);
          return came.length >= given.length;
        },
        { everyMs: 50, more: () => `${came.length} have` },
      );
      if (sink.capabilities.sink.ordered === 'key')
        expectSame(sorted(given), sorted(came), 'written, in some order');
      else expectSame(given, came, 'written');
      return undefined;
    },
  },
  {
    name: 'carries meta from sink to source',
    needs: ['sink', 'loop', 'carries'],
    async play({ world, at, mount, until }) {
      const carries = world.carries ?? [];
      const sink = await mount(world.sink?.(at) ?? {});
      await sink.isOpen();
      const source = await mount(world.loop?.(at) ?? {});
      await source.isOpen();
      const given = metas.map((meta) => pick(meta, carries));
      const words = (meta: Meta): readonly MetaWord[] =>
        carries.filter((word) => word === 'headers' || meta[word] !== undefined);
      for (const [place, meta] of given.entries()) sink.write(payloadOf(place, true), meta);
      await until('all have come', () => source.emitted.length >= given.length, {
        more: () => `${source.emitted.length} of ${given.length} have; ${sink.leg.failed} failed`,
      });
      const came = new Map(source.emitted.map((message) => [bytesOf(message.payload).toString(), message]));
      for (const [place, meta] of given.entries()) {
        const found = pick(came.get(Buffer.from(payloadOf(place, true)).toString())?.meta ?? {}, words(meta));
        if (!isDeepStrictEqual(found, meta))
          throw new Error(`${shown(meta)} was sent, and came as ${shown(found)}`);
      }
      return undefined;
    },
  },
  {
    name: 'never has more unsettled than its window, and reads on when that is settled',
    needs: ['source', 'put'],
    async play({ world, at, mount, until }) {
      const window = 16;
      const kept: Message[] = [];
      const source = await mount(world.source?.(at) ?? {}, {
        maxInFlight: window,
        route: (message) => kept.push(message),
      });
      const { source: can } = source.capabilities;
      if (can?.canPause !== true) return { skipped: 'its system cannot be kept from sending' };
      await source.isOpen();
      const given = payloadsOf(world, window * 8);
      await world.put?.(given);
      await until('the window is full', () => kept.length >= window);
      await pause(NOTHING_MORE_MS);
      if (kept.length > window)
        throw new Error(`${kept.length} messages are unsettled in a window of ${window}`);
      const { stashedPeak } = source.endpoint.inbound;
      if (can.acks && stashedPeak > window) {
        throw new Error(
          `${stashedPeak} messages were read beyond a window of ${window}: it reads at a shut gate`,
        );
      }
      // The newest first: order of settling is nobody's promise.
      for (let done = 0; done < given.length; ) {
        for (let one = kept.pop(); one !== undefined; one = kept.pop()) {
          one.ack();
          done += 1;
        }
        if (done < given.length) await until(`more than ${done} come`, () => kept.length > 0);
      }
      if (source.peakInFlight > window)
        throw new Error(`${source.peakInFlight} messages were unsettled in a window of ${window}`);
      const sent = given.map(({ payload }) => payload);
      expectSame(sorted(sent), sorted(payloadsIn(source.emitted)), 'emitted');
      return undefined;
    },
  },
];

/** What is found in other systems as well: nothing exotic, and one that looks like a name of ours. */
const metas: readonly Meta[] = [
  {
    id: 'order-7',
    key: 'customer 12',
    headers: { tenant: 'acme', 'x-trace': '00-4bf9-01', umlaut: 'Grüße 😀', empty: '' },
    contentType: 'application/json',
    correlationId: 'question-3',
    replyTo: 'answers',
    timestamp: 1_700_000_000_123,
  },
  {},
  { key: 'k', headers: { 'content-length': '3' } },
];

/** Some words of a meta, those that it has. */
function pick(meta: Meta, wanted: readonly MetaWord[]): Meta {
  const words = wanted.filter((word) => meta[word] !== undefined && !isEmpty(meta[word]));
  return Object.fromEntries(words.map((word) => [word, meta[word]]));
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

export function payloadsIn(messages: readonly Message[]): readonly unknown[] {
  return messages.map(({ payload }) => payload);
}

function sorted(payloads: readonly unknown[]): readonly unknown[] {
  return payloads.map(bytesOf).toSorted((one, other) => Buffer.compare(one, other));
}

/** More than fits into one read of a socket. */
function large(isText = false): Uint8Array {
  return isText ? Buffer.alloc(200_000, 'z') : Buffer.alloc(200_000, Buffer.from([0, 1, 0xfe, 0xff]));
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
