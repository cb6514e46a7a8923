import { of, Subject, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { marshalMessage, wireOf } from '../../operators/marshal.ts';
import { sinkOf } from '../../operators/sink-of.ts';
import { createJson } from '../../plugins/marshal-json/index.ts';
import type { Message } from '../../src/core/message.ts';
import { pass } from '../virtual-time.ts';
import { createTestEndpoint } from './endpoint.ts';
import { createLedger } from './ledger.ts';

const json = createJson('json', { bigNumbers: 'refuse', envelope: false });

describe('sinkOf', () => {
  it('sends each message, and acks it when the endpoint has confirmed it', () => {
    const ledger = createLedger();
    const sink = createTestEndpoint();
    sink.confirmsAtOnce = false;
    of(ledger.claimed('a'), ledger.claimed('b')).subscribe(sinkOf(sink.endpoint));
    expect(sink.written.map(({ message }) => message.payload)).toEqual(['a', 'b']);
    expect(ledger.statuses).toEqual(['open', 'open']);
    const [first] = sink.written;
    first?.sender.confirm(first.ticket);
    expect(ledger.statuses).toEqual(['ack', 'open']);
  });

  it('has next alone, so no stream can end the endpoint', () => {
    expect(Object.keys(sinkOf(createTestEndpoint().endpoint))).toEqual(['next']);
  });

  it('serves several streams', () => {
    const ledger = createLedger();
    const sink = createTestEndpoint();
    const observer = sinkOf(sink.endpoint);
    of(ledger.claimed('a')).subscribe(observer);
    of(ledger.claimed('b')).subscribe(observer);
    expect(sink.written.map(({ message }) => message.payload)).toEqual(['a', 'b']);
  });

  it('holds the sources of what it is sent while its buffer is full', () => {
    const ledger = createLedger();
    const sink = createTestEndpoint();
    sink.isWritable = false;
    const source = new Subject<Message>();
    source.subscribe(sinkOf(sink.endpoint, { capacity: { messages: 4 }, name: 'orders → archive' }));
    for (let place = 0; place < 3; place += 1) source.next(ledger.claimed(place));
    expect([...ledger.holders]).toEqual([]);
    source.next(ledger.claimed(3));
    expect([...ledger.holders].map(({ name }) => name)).toEqual(['orders → archive']);
    sink.isWritable = true;
    sink.port.writable();
    expect([...ledger.holders]).toEqual([]);
    expect(ledger.statuses).toEqual(['ack', 'ack', 'ack', 'ack']);
  });

  it.each([
    ['spill', '; a leg in code has no file: write the route in araldo.yaml'],
    ['disconnect', 'found disconnect'],
    ['sampel', 'expected pause, drop-oldest, drop-newest, latest, sample, error, found sampel'],
  ])('takes no policy that it cannot have: %s', (overflow, text) => {
    const make = (): unknown =>
      sinkOf(createTestEndpoint('archive').endpoint, { overflow: overflow as 'pause' });
    expect(make).toThrow(text);
    expect(make).toThrow('code → archive: ');
  });

  it('sends the newest of each key once a period where it is told so', () => {
    const ledger = createLedger();
    const sink = createTestEndpoint();
    const scheduler = new VirtualTimeScheduler();
    const observer = sinkOf(sink.endpoint, {
      overflow: 'sample',
      everyMs: 100,
      key: ({ payload }) => (payload as string)[0],
      scheduler,
    });
    for (const payload of ['a1', 'b1', 'a2']) observer.next(ledger.claimed(payload));
    expect(sink.written).toEqual([]);
    pass(scheduler, 100);
    sink.port.writable();
    expect(sink.written.map(({ message }) => message.payload)).toEqual(['a2', 'b1']);
  });

  it('keeps the newest of each key where it is told so', () => {
    const ledger = createLedger();
    const sink = createTestEndpoint();
    sink.isWritable = false;
    const observer = sinkOf(sink.endpoint, {
      overflow: 'latest',
      key: ({ payload }) => (payload as string)[0],
    });
    for (const payload of ['a1', 'b1', 'a2', 'a3']) observer.next(ledger.claimed(payload));
    expect(ledger.statuses).toEqual(['ack', 'ack', 'ack', 'ack']);
    sink.isWritable = true;
    sink.port.writable();
    expect(sink.written.map(({ message }) => message.payload)).toEqual(['a3', 'b1']);
  });

  it('gives values the bytes that the endpoint wants, and leaves those alone that have some', () => {
    const ledger = createLedger();
    const sink = createTestEndpoint();
    sink.endpoint.prepare = marshalMessage(json);
    const text = wireOf(ledger.claimed('plain'));
    of(ledger.claimed({ a: 1 }), text).subscribe(sinkOf(sink.endpoint));
    const sent = sink.written.map(({ message }) => Buffer.from(message.wire?.bytes ?? []).toString());
    expect(sent).toEqual(['{"a":1}', 'plain']);
  });

  it('fails what cannot be made ready', () => {
    const ledger = createLedger();
    const sink = createTestEndpoint();
    sink.endpoint.prepare = marshalMessage(json);
    of(ledger.claimed(1n)).subscribe(sinkOf(sink.endpoint));
    expect(ledger.failed.map(({ code }) => code)).toEqual(['unmarshallable-payload']);
    expect(ledger.statuses).toEqual(['reject']);
    expect(sink.written).toEqual([]);
  });
});
