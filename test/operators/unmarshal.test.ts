import fc from 'fast-check';
import { from, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { marshalMessage } from '../../operators/marshal.ts';
import { unmarshal } from '../../operators/unmarshal.ts';
import { createJson } from '../../plugins/marshal-json/index.ts';
import { Message, type Meta } from '../../src/core/message.ts';
import { runs } from '../runs.ts';
import { walkCases } from './cases.ts';
import { createLedger } from './ledger.ts';

const json = createJson('json', { bigNumbers: 'refuse', envelope: false });
const enveloped = createJson('enveloped', { bigNumbers: 'refuse', envelope: true });

walkCases('unmarshal', {
  passing: () => unmarshal(json),
  message: (ledger, payload) => ledger.claimedBytes(JSON.stringify(payload)),
});

walkCases('unmarshal of envelopes', {
  passing: () => unmarshal(enveloped),
  message: (ledger, payload) => ledger.claimedBytes(JSON.stringify({ payload })),
});

describe('unmarshal', () => {
  it('makes values of bytes, and keeps the bytes', () => {
    const ledger = createLedger();
    const message = ledger.claimedBytes('{"a": 1}', { key: 'k' });
    const seen: Message[] = [];
    of(message)
      .pipe(unmarshal(json))
      .subscribe((each) => seen.push(each));
    expect(seen[0]?.payload).toEqual({ a: 1 });
    expect(seen[0]?.meta).toBe(message.meta);
    expect(seen[0]?.wire).toMatchObject({ bytes: message.wire?.bytes, isText: true, marshaller: json });
  });

  it('passes what is a value already, and what it has read before', () => {
    const ledger = createLedger();
    const value = ledger.claimed({ a: 1 });
    const seen: Message[] = [];
    from([value, ledger.claimedBytes('1')])
      .pipe(unmarshal(json), unmarshal(json))
      .subscribe((each) => seen.push(each));
    expect(seen[0]).toBe(value);
    expect(seen[1]?.payload).toBe(1);
  });

  it('fails malformed bytes, and only them', () => {
    const ledger = createLedger();
    const seen: unknown[] = [];
    from(['1', '{', Uint8Array.of(0xff), '2'].map((bytes) => ledger.claimedBytes(bytes)))
      .pipe(unmarshal(json))
      .subscribe((message) => seen.push(message.payload));
    expect(seen).toEqual([1, 2]);
    expect(ledger.failed.map(({ code }) => code)).toEqual(['malformed-payload', 'malformed-payload']);
    expect(ledger.statuses).toEqual(['open', 'reject', 'reject', 'open']);
  });
});

describe('unmarshal with a marshaller of the user’s own', () => {
  it('gives a code to whatever it throws', () => {
    const ledger = createLedger();
    const own = { ...json, name: 'own', unmarshal: () => expect.fail('not ours') };
    of(ledger.claimedBytes('1')).pipe(unmarshal(own)).subscribe();
    expect(ledger.failed[0]).toMatchObject({ code: 'malformed-payload', message: 'not ours' });
    expect(ledger.failedAt).toEqual(['unmarshal own']);
  });

  it('reads bytes of another marshaller anew, and its own no more', () => {
    const ledger = createLedger();
    let reads = 0;
    const own = { ...json, name: 'own', unmarshal: () => (reads += 1) };
    const seen: unknown[] = [];
    of(ledger.claimedBytes('"a"'))
      .pipe(unmarshal(json), unmarshal(own), unmarshal(own))
      .subscribe(({ payload }) => seen.push(payload));
    expect(seen).toEqual([1]);
  });
});

describe('unmarshal of envelopes', () => {
  function opened(envelope: unknown, own: Meta = {}) {
    const ledger = createLedger();
    const seen: Message[] = [];
    of(ledger.claimedBytes(JSON.stringify(envelope), own))
      .pipe(unmarshal(enveloped))
      .subscribe((each) => seen.push(each));
    return {
      message: seen[0],
      failure: ledger.failed[0],
      discarded: ledger.discarded,
      statuses: ledger.statuses,
    };
  }

  it('takes them apart', () => {
    const { message } = opened({
      id: 'i',
      meta: { key: 'k', peer: 'x.1', hops: 2, extra: [1] },
      payload: { a: 1 },
    });
    expect(message?.payload).toEqual({ a: 1 });
    expect(message?.meta).toEqual({ id: 'i', key: 'k', peer: 'x.1', hops: 2, extra: [1] });
    expect(message?.wire).toBeUndefined();
  });

  it('needs nothing but a payload, which may be null', () => {
    expect(opened({ payload: null }).message?.payload).toBeNull();
  });

  it('reads base64 as bytes, where the envelope says that it is', () => {
    expect(opened({ payload: 'AP8=', encoding: 'base64' }).message?.payload).toEqual(Buffer.from([0, 255]));
    expect(opened({ payload: '', encoding: 'base64' }).message?.payload).toEqual(Buffer.alloc(0));
    expect(opened({ payload: 'AP8=' }).message?.payload).toBe('AP8=');
  });

  it('lets the source have its word first but for the id, and ignores what only this side can know', () => {
    const claims = {
      id: 'x',
      endpoint: 'x',
      lane: 'x',
      deliveries: 9,
      peer: 'x',
      params: { room: 'x' },
      key: 'claimed',
    };
    const own = { id: 'own', peer: 'own', params: { room: 'own' }, lane: 'own' };
    const { message } = opened({ id: 'claimed', meta: claims, payload: 1 }, own);
    expect(message?.meta).toEqual({
      id: 'claimed',
      peer: 'own',
      params: { room: 'own' },
      lane: 'own',
      key: 'claimed',
    });
    expect(opened({ meta: claims, payload: 1 }, own).message?.meta.id).toBe('own');
    expect(opened({ id: 'claimed', meta: claims, payload: 1 }).message?.meta).toEqual({
      id: 'claimed',
      peer: 'x',
      params: { room: 'x' },
      key: 'claimed',
    });
  });

  it.each([
    [1, 'an envelope {id, meta, payload}, found 1'],
    [[1], 'an envelope {id, meta, payload}, found a list'],
    [{ id: 'i' }, 'found one without a payload'],
    [{ id: 7, payload: 1 }, 'a text as the id, found 7'],
    [{ meta: [], payload: 1 }, 'a map as the meta, found a list'],
    [{ meta: { key: 1 }, payload: 1 }, 'a text as meta.key, found 1'],
    [{ meta: { peer: {} }, payload: 1 }, 'a text as meta.peer, found a map'],
    [{ meta: { headers: { a: 1 } }, payload: 1 }, 'a map of texts as meta.headers, found a map'],
    [{ meta: { contentType: 1 }, payload: 1 }, 'a text as meta.contentType, found 1'],
    [{ meta: { correlationId: 1 }, payload: 1 }, 'a text as meta.correlationId, found 1'],
    [{ meta: { replyTo: {} }, payload: 1 }, 'a text as meta.replyTo, found a map'],
    [{ meta: { timestamp: '1' }, payload: 1 }, 'milliseconds as meta.timestamp, found "1"'],
    [{ meta: { params: 'x' }, payload: 1 }, 'a map of texts as meta.params, found "x"'],
    [{ payload: 'AP8=', encoding: 'gzip' }, 'base64 as the encoding, or none, found "gzip"'],
    [{ payload: 'AP8', encoding: 'base64' }, 'base64 as the payload, found other text'],
    [{ payload: '=AP8', encoding: 'base64' }, 'base64 as the payload, found other text'],
    [{ payload: 1, encoding: 'base64' }, 'base64 as the payload, found 1'],
    [{ meta: { hops: -1 }, payload: 1 }, 'a count as meta.hops, found -1'],
    [{ meta: { hops: 0.5 }, payload: 1 }, 'a count as meta.hops, found 0.5'],
  ])('fails %j', (envelope, reason) => {
    const { message, failure, statuses } = opened(envelope);
    expect(message).toBeUndefined();
    expect(failure?.code).toBe('malformed-payload');
    expect(failure?.message).toContain(reason);
    expect(statuses).toEqual(['reject']);
  });

  it('discards what has made more than 16 hops', () => {
    expect(opened({ meta: { hops: 16 }, payload: 1 }).message?.meta.hops).toBe(16);
    const { message, discarded, statuses } = opened({ meta: { hops: 17 }, payload: 1 });
    expect([message, discarded, statuses]).toEqual([undefined, ['hops'], ['ack']]);
  });

  it('opens what marshal packed: id, meta one hop further, and payload', () => {
    const texts = fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      fc.string(),
      { maxKeys: 3 },
    );
    const bytes = fc.uint8Array({ maxLength: 8 });
    const meta = fc.record(
      {
        id: fc.string(),
        key: fc.string(),
        headers: texts,
        params: texts,
        peer: fc.string(),
        hops: fc.nat(15),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(meta, fc.oneof(fc.string({ unit: 'binary' }), bytes), (meta, payload) => {
        const sent = marshalMessage(enveloped)(Message.of(payload, meta));
        const text = Buffer.from(sent.wire?.bytes ?? []).toString();
        const ledger = createLedger();
        const seen: Message[] = [];
        of(ledger.claimedBytes(text))
          .pipe(unmarshal(enveloped))
          .subscribe((each) => seen.push(each));
        const came = seen[0]?.payload as string | Uint8Array;
        if (typeof payload === 'string') expect(came).toBe(payload);
        // Bytes that are text come as text: the same bytes, wherever they go.
        else expect(Buffer.from(came as Uint8Array)).toEqual(Buffer.from(payload));
        expect(seen[0]?.meta).toEqual({ ...meta, id: sent.id, hops: (meta.hops ?? 0) + 1 });
      }),
      runs({ share: 0.3 }),
    );
  });
});
