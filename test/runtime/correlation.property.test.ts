import fc from 'fast-check';
import { of, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { marshalMessage } from '../../operators/marshal.ts';
import { createCbor } from '../../plugins/marshal-cbor/index.ts';
import { createCloudEvents } from '../../plugins/marshal-cloudevents/index.ts';
import { createJson } from '../../plugins/marshal-json/index.ts';
import type { Marshaller } from '../../src/core/marshaller.ts';
import { Message, type Meta } from '../../src/core/message.ts';
import type { Sender } from '../../src/core/sink.ts';
import { createRequests } from '../../src/replies/requests.ts';
import { answering, unmarshalRequests } from '../../src/runtime/correlation.ts';
import { createLedger } from '../operators/ledger.ts';
import { runs } from '../runs.ts';

const ignore = (): void => undefined;
const leg: Sender = {
  name: 'answers → ask',
  waits: true,
  confirm: ignore,
  confirmThrough: ignore,
  fail: ignore,
  dismiss: ignore,
};
const events = {
  mode: 'structured',
  headers: 'http',
  source: '/a',
  type: 'a',
  bigNumbers: 'refuse',
} as const;
const carryMeta = [
  createJson('json', { bigNumbers: 'refuse', envelope: true }),
  createCbor('cbor', { bigNumbers: 'refuse', envelope: true }),
  createCloudEvents('events', events),
];

function world(marshaller: Marshaller) {
  const scheduler = new VirtualTimeScheduler();
  const requests = createRequests<string>({ scheduler, timeoutMs: 1_000, max: 100 });
  const ledger = createLedger();
  const plain = marshalMessage(marshaller);
  const { marshal } = answering({ marshal: plain, marshaller }, requests);
  const bytesOf = (message: Message): Uint8Array => message.wire?.bytes ?? new Uint8Array();
  return {
    ledger,
    requests,
    /** What becomes of the bytes of an asker, under meta that its source gives them. */
    read(bytes: Uint8Array, meta: Meta): Message | undefined {
      let read: Message | undefined;
      of(ledger.claimedBytes(bytes, meta))
        .pipe(unmarshalRequests(marshaller, requests))
        .subscribe((message) => {
          read = message;
        });
      return read;
    },
    /** What an asker, or whoever is asked, puts into bytes. */
    pack: (payload: unknown, meta: Meta): Uint8Array => bytesOf(plain(Message.of(payload, meta))),
    answer(
      payload: unknown,
      correlationId: string,
    ): { readonly message: Message; readonly bytes: Uint8Array } {
      const message = marshal?.(Message.of(payload, { correlationId })) as Message;
      return { message, bytes: bytesOf(message) };
    },
  };
}

/** What a reader of the bytes finds in them. */
function opened(marshaller: Marshaller, bytes: Uint8Array): { payload: unknown; correlationId: unknown } {
  const { read } = world(marshaller);
  const message = read(bytes, {});
  return { payload: message?.payload, correlationId: message?.meta.correlationId };
}

const ids = fc.option(fc.string({ minLength: 1, maxLength: 1_024 }).filter(isWhole), { nil: undefined });

/** What no format takes: half of a pair. */
function isWhole(text: string): boolean {
  return text.isWellFormed();
}

describe.each(carryMeta.map((marshaller) => [marshaller.name, marshaller] as const))(
  'requests in bytes that carry meta: %s',
  (_name, marshaller) => {
    it('go on under our correlation id, and are answered with the asker’s own', () => {
      const asked = fc.record({ own: ids, given: ids });
      fc.assert(
        fc.property(fc.array(asked, { minLength: 1, maxLength: 5 }), (all) => {
          const { read, pack, answer, requests } = world(marshaller);
          const ours = all.map(({ own, given }, place) => {
            const correlationId = requests.ask('anna', given);
            const meta = own === undefined ? {} : { correlationId: own };
            const message = read(pack(place, meta), { correlationId });
            expect(message?.payload).toBe(place);
            expect(message?.meta.correlationId).toBe(correlationId);
            return correlationId;
          });
          for (const [place, { own, given }] of [...all.entries()].toReversed()) {
            const { message, bytes } = answer(place, ours[place] as string);
            // The endpoint finds it by ours.
            expect(message.meta.correlationId).toBe(ours[place]);
            expect(opened(marshaller, bytes)).toEqual({ payload: place, correlationId: own ?? given });
            // And what its system has a place for stays there.
            expect(requests.take(message, leg)).toMatchObject({ way: 'anna', correlationId: given });
          }
        }),
        runs({ share: 0.2 }),
      );
    });

    it('keep the id of a message that is no request', () => {
      const { read, pack } = world(marshaller);
      expect(read(pack(1, { correlationId: 'mine' }), {})?.meta.correlationId).toBe('mine');
      const given = read(pack(1, { correlationId: 'mine' }), { correlationId: 'by its system' });
      expect(given?.meta.correlationId).toBe('by its system');
    });

    it('fail with an id that is too long to be kept', () => {
      const { read, pack, requests, ledger } = world(marshaller);
      const correlationId = requests.ask('anna', undefined);
      expect(read(pack(1, { correlationId: 'x'.repeat(1_025) }), { correlationId })).toBeUndefined();
      expect(ledger.failed.map(({ code, message }) => [code, message])).toEqual([
        ['malformed-payload', 'expected a correlation id of 1024 characters at most, found one of 1025'],
      ]);
      expect(ledger.statuses).toEqual(['reject']);
    });
  },
);

it('what carries no meta passes as it is', () => {
  const json = createJson('json', { bigNumbers: 'refuse', envelope: false });
  const { requests, read, pack } = world(json);
  const plain = { marshal: marshalMessage(json), marshaller: json };
  expect(answering(plain, requests)).toBe(plain);
  expect(answering(plain, undefined)).toBe(plain);
  const correlationId = requests.ask('anna', undefined);
  expect(read(pack({ correlationId: 'mine' }, {}), { correlationId })?.meta).toEqual({ correlationId });
  expect(requests.find(correlationId)?.correlationId).toBeUndefined();
});
