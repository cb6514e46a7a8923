import { from, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { Envelope } from '../../operators/envelope.ts';
import { map } from '../../operators/map.ts';
import { marshal, marshalMessage, wireOf } from '../../operators/marshal.ts';
import { unmarshal } from '../../operators/unmarshal.ts';
import { createCbor } from '../../plugins/marshal-cbor/index.ts';
import { createJson } from '../../plugins/marshal-json/index.ts';
import { Message } from '../../src/core/message.ts';
import { Wire } from '../../src/core/wire.ts';
import { walkCases } from './cases.ts';
import { createLedger } from './ledger.ts';

const json = createJson('json', { bigNumbers: 'refuse', envelope: false });
const other = createJson('other', { bigNumbers: 'refuse', envelope: false });
const enveloped = createJson('enveloped', { bigNumbers: 'refuse', envelope: true });

walkCases('marshal', { passing: () => marshal(json), message: (ledger, payload) => ledger.claimed(payload) });
walkCases('marshal without a marshaller', {
  passing: () => marshal(),
  message: (ledger, payload) => ledger.claimed(payload),
});

function textOf(message: Message | undefined): string {
  return Buffer.from(message?.wire?.bytes ?? []).toString();
}

describe('marshal', () => {
  it('gives a message the bytes of its payload', () => {
    const seen: Message[] = [];
    of(createLedger().claimed({ a: 1 }))
      .pipe(marshal(json))
      .subscribe((each) => seen.push(each));
    expect(textOf(seen[0])).toBe('{"a":1}');
    expect(seen[0]?.wire).toMatchObject({ isText: true, marshaller: json });
    expect(seen[0]?.payload).toEqual({ a: 1 });
  });

  it('leaves the bytes that came in as they are, when nobody changed the payload', () => {
    const ledger = createLedger();
    const source = '{ "a" : 1.0 }';
    const seen: Message[] = [];
    of(ledger.claimedBytes(source))
      .pipe(unmarshal(json), marshal(json))
      .subscribe((each) => seen.push(each));
    expect(textOf(seen[0])).toBe(source);
  });

  it.each([
    ['the payload was mapped', [unmarshal(json), map(({ payload }) => payload), marshal(json)]],
    ['another marshaller had read them', [unmarshal(other), marshal(json)]],
  ] as const)('makes new bytes when %s', (_why, operators) => {
    const seen: Message[] = [];
    operators
      .reduce((stream, operator) => stream.pipe(operator), of(createLedger().claimedBytes(`{ "a" : 1.0 }`)))
      .subscribe((each) => seen.push(each));
    expect(textOf(seen[0])).toBe('{"a":1}');
  });

  it('fails a value without a form in bytes, and no other', () => {
    const ledger = createLedger();
    const seen: string[] = [];
    from([1, 2n, () => 3, 4].map((payload) => ledger.claimed(payload)))
      .pipe(marshal(json))
      .subscribe((message) => seen.push(textOf(message)));
    expect(seen).toEqual(['1', '4']);
    expect(ledger.failed.map(({ code }) => code)).toEqual([
      'unmarshallable-payload',
      'unmarshallable-payload',
    ]);
    expect(ledger.statuses).toEqual(['open', 'reject', 'reject', 'open']);
    expect(ledger.failedAt).toEqual(['marshal json', 'marshal json']);
  });

  it('gives a code and its place to whatever a marshaller throws', () => {
    const ledger = createLedger();
    const own = { ...json, name: 'own', marshal: () => expect.fail('not ours') };
    of(ledger.claimed(1)).pipe(marshal(own)).subscribe();
    expect(ledger.failed[0]).toMatchObject({ code: 'unmarshallable-payload', message: 'not ours' });
    of(ledger.claimed(1)).pipe(marshal()).subscribe();
    expect(ledger.failedAt).toEqual(['marshal own', 'marshal']);
  });

  it('packs id, meta and payload where the marshaller carries envelopes', () => {
    const message = Message.of({ a: 1 }, { id: 'i', key: 'k', peer: 'x.1', deliveries: 3, hops: 1 });
    expect(JSON.parse(textOf(marshalMessage(enveloped)(message)))).toEqual({
      id: 'i',
      meta: { key: 'k', peer: 'x.1', hops: 2 },
      payload: { a: 1 },
    });
  });

  it.each<[string, Uint8Array, boolean | undefined, object]>([
    ['of any bytes as base64', Uint8Array.of(0, 255), undefined, { payload: 'AP8=', encoding: 'base64' }],
    ['of UTF-8 as text', Buffer.from('\ufeffÜ'), undefined, { payload: '\ufeffÜ' }],
    ['that is called binary as base64', Buffer.from('a'), false, { payload: 'YQ==', encoding: 'base64' }],
    ['without a byte as text', Buffer.alloc(0), undefined, { payload: '' }],
  ])('packs a payload %s into an envelope of text', (_what, bytes, isText, packed) => {
    const message = Message.of(bytes).withWire(bytes, Wire.of(bytes, isText));
    const { payload, encoding } = JSON.parse(textOf(marshalMessage(enveloped)(message)));
    expect({ payload, encoding }).toEqual({ encoding: undefined, ...packed });
  });

  it('packs bytes as they are where the marshaller has a form for them', () => {
    const cbor = createCbor('cbor', { bigNumbers: 'refuse', envelope: true });
    const packed = marshalMessage(cbor)(Message.of(Uint8Array.of(0, 255)));
    const { payload, encoding } = cbor.unmarshal(packed.wire?.bytes ?? new Uint8Array()) as Envelope;
    expect([Buffer.from(payload as Uint8Array), encoding]).toEqual([Buffer.from([0, 255]), undefined]);
  });

  it('packs anew after meta has changed', () => {
    const packed = marshalMessage(enveloped)(Message.of(1, { id: 'i', key: 'old' }));
    const again = marshalMessage(enveloped)(packed.withMeta({ ...packed.meta, key: 'new' }));
    expect(JSON.parse(textOf(again)).meta).toEqual({ key: 'new', hops: 1 });
  });
});

describe('wireOf', () => {
  it('takes text and bytes as what they are', () => {
    const bytes = Uint8Array.of(1, 2);
    expect(wireOf(Message.of(bytes)).wire).toMatchObject({ bytes, isText: undefined });
    expect(wireOf(Message.of('é')).wire).toMatchObject({
      bytes: Uint8Array.from(Buffer.from('é')),
      isText: true,
    });
  });

  it('leaves bytes that are known untouched, without reading them', () => {
    const message = createLedger().claimedBytes(Uint8Array.of(0xff, 0xfe));
    expect(wireOf(message)).toBe(message);
  });

  it.each([
    [{ a: 1 }, 'object'],
    [7, 'number'],
    [null, 'null'],
    [undefined, 'undefined'],
  ])('refuses %j, and says what would take it', (payload, type) => {
    const reason = `expected bytes or text to send, found a payload of type ${type}: declare a marshaller`;
    expect(() => wireOf(Message.of(payload))).toThrow(reason);
  });

  it('refuses text that UTF-8 cannot write', () => {
    expect(() => wireOf(Message.of('\ud800'))).toThrow('found text with half of a surrogate pair');
  });
});
