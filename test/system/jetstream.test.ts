import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { plugin } from '../../plugins/endpoint-jetstream/index.ts';
import type { Log } from '../../src/core/log.ts';
import { Message, type Status } from '../../src/core/message.ts';
import { type Mounted, type MountOptions, mount } from '../endpoint-bench.ts';
import { type NatsServer, startNats } from '../servers/nats.ts';
import { natsClient } from '../servers/nats-client.ts';
import { describeWith } from '../servers/requires.ts';

const text = (message: Message): string => Buffer.from(message.payload as Uint8Array).toString();
const numbers = (count: number): string[] => Array.from({ length: count }, (_, n) => String(n));

interface Opened extends Mounted {
  /** What its route has not settled yet; the test does. */
  readonly kept: Message[];
  readonly seen: Message[];
}

/** An endpoint with a route that settles at once as `always` says, or keeps each message for the test. */
async function opened(
  options: object,
  more: MountOptions = {},
  always?: (message: Message) => Status,
): Promise<Opened> {
  const it = await mount(plugin, options, more);
  const kept: Message[] = [];
  const seen: Message[] = [];
  it.endpoint.messages.subscribe((root) => {
    const message = root.claim();
    seen.push(message);
    if (always === undefined) kept.push(message);
    else message.settle(always(message));
  });
  await it.until(() => it.endpoint.state === 'open');
  return { ...it, kept, seen };
}

const ack = (): Status => 'ack';

describeWith(['nats-server', 'python3'], 'endpoint-jetstream', () => {
  let nats: NatsServer;
  let client: NatsConnection;
  let manager: JetStreamManager;
  let streams = 0;
  beforeAll(async () => {
    nats = await startNats();
    client = await connect({ servers: nats.url });
    manager = await jetstreamManager(client);
  });
  afterAll(async () => {
    await client?.close();
    await nats?.stop();
  });

  /** Options for a stream of its own: each test has one. */
  function fresh(): { url: string; stream: string; create: { subjects: string[] }; subject: string } {
    streams += 1;
    const stream = `S${streams}`;
    return { url: nats.url, stream, create: { subjects: [`s${streams}.>`] }, subject: `s${streams}.a` };
  }

  it('reads what it publishes, once, in order, confirmed by the stream and acked to it', async () => {
    const { subject, ...at } = fresh();
    await using it = await opened({ ...at, durable: 'd', publish: subject }, { maxInFlight: 64 }, ack);
    const { seen } = it;
    for (const one of numbers(3_000))
      it.send(Message.of(one, { id: `m-${one}`, key: 'k', headers: { a: 'b' } }));
    await it.until(() => seen.length >= 3_000 && it.leg.held === 0);
    expect(seen.map(text)).toEqual(numbers(3_000));
    expect(seen[7]?.meta).toMatchObject({
      id: 'm-7',
      key: 'k',
      endpoint: 'it',
      stream: at.stream,
      subject,
      sequence: 8,
    });
    expect(seen[7]?.meta.headers).toMatchObject({ a: 'b' });
    expect(Math.abs((seen[7]?.meta.timestamp ?? 0) - Date.now())).toBeLessThan(60_000);
    await expect.poll(async () => (await manager.consumers.info(at.stream, 'd')).num_ack_pending).toBe(0);
    const { delivered, num_redelivered: redelivered } = await manager.consumers.info(at.stream, 'd');
    expect([delivered.stream_seq, redelivered]).toEqual([3_000, 0]);
  });

  it('never has more unsettled than its window, and reads on as that is settled', async () => {
    const { subject, ...at } = fresh();
    await using out = await opened({ ...at, publish: subject });
    for (const one of numbers(100)) out.send(Message.of(one));
    await out.until(() => out.leg.delivered === 100);
    for (const window of [1, 8]) {
      await using it = await opened({ ...at, durable: `w${window}` }, { maxInFlight: window });
      const { kept, seen } = it;
      for (let settled = 0; settled < 100; ) {
        await it.until(() => kept.length === Math.min(window, 100 - settled) || kept.length > window);
        expect(kept.length).toBeLessThanOrEqual(window);
        settled += kept.length;
        for (const message of kept.splice(0)) message.ack();
      }
      expect(seen.map(text)).toEqual(numbers(100));
      expect(it.endpoint.inbound.stashedPeak).toBe(0);
    }
  });

  it('brings again at once what is nacked, with its count, and never what is rejected', async () => {
    const { subject, ...at } = fresh();
    const tries = new Map<string, number[]>();
    await using it = await opened({ ...at, durable: 'd', publish: subject }, {}, (message) => {
      const one = text(message);
      const own = tries.get(one) ?? [];
      own.push(message.meta.deliveries ?? 1);
      tries.set(one, own);
      if (one === 'bad') return 'reject';
      return one === 'late' && own.length < 4 ? 'nack' : 'ack';
    });
    for (const one of ['good', 'bad', 'late']) it.send(Message.of(one));
    await it.until(() => tries.get('late')?.length === 4);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(Object.fromEntries(tries)).toEqual({ good: [1], bad: [1], late: [1, 2, 3, 4] });
  });

  it('loses none of 2,000 when one in ten is nacked', async () => {
    const { subject, ...at } = fresh();
    const acked: string[] = [];
    let n = 0;
    const options = { ...at, durable: 'd', publish: subject };
    await using it = await opened(options, { maxInFlight: 100 }, (message) => {
      n += 1;
      if (n % 10 === 0 && (message.meta.deliveries ?? 1) < 5) return 'nack';
      acked.push(text(message));
      return 'ack';
    });
    for (const one of numbers(2_000)) it.send(Message.of(one));
    await it.until(() => acked.length >= 2_000);
    expect(acked.toSorted()).toEqual(numbers(2_000).toSorted());
  });

  it('goes on holding what it holds beyond ack-wait, and gives back what it held when it ends', async () => {
    const { subject, ...at } = fresh();
    const options = { ...at, durable: 'd', 'ack-wait': '2s' };
    await using out = await opened({ ...at, publish: subject });
    for (const one of numbers(20)) out.send(Message.of(one));
    const first = await opened(options);
    const { kept } = first;
    await first.until(() => kept.length === 20);
    await new Promise((resolve) => setTimeout(resolve, 3_200));
    expect((await manager.consumers.info(at.stream, 'd')).num_redelivered).toBe(0);
    for (const message of kept.splice(0, 10)) message.ack();
    await first.supervisor.stop();
    await using again = await opened(options, {}, ack);
    await again.until(() => new Set(again.seen.map(text)).size === 10);
    // Nobody waits when they are given back: Debian's server then brings one after ack-wait, and another twice.
    expect(new Set(again.seen.map(text))).toEqual(new Set(numbers(20).slice(10)));
    const ids = again.seen.map((message) => [text(message), message.id]);
    for (const [one, id] of ids) expect(id).toBe(`it/${at.stream}-${Number(one) + 1}`);
    expect(again.seen[0]?.meta.deliveries).toBe(2);
  });

  it('emits once what comes again because the process stood still for longer than ack-wait', async () => {
    const { subject, ...at } = fresh();
    await using out = await opened({ ...at, publish: subject });
    for (const one of numbers(20)) out.send(Message.of(one));
    await using it = await opened({ ...at, durable: 'd', 'ack-wait': '1s' });
    await it.until(() => it.kept.length === 20);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_000);
    await expect.poll(async () => (await manager.consumers.info(at.stream, 'd')).num_redelivered).toBe(20);
    out.send(Message.of('last'));
    await it.until(() => it.seen.some((message) => text(message) === 'last'));
    expect(it.seen.map(text)).toEqual([...numbers(20), 'last']);
    for (const message of it.kept) message.ack();
    await expect.poll(async () => (await manager.consumers.info(at.stream, 'd')).num_ack_pending).toBe(0);
  });

  it('is one of several that share a consumer, each message once', async () => {
    const { subject, ...at } = fresh();
    await using one = await opened({ ...at, durable: 'd' }, { maxInFlight: 50 }, ack);
    await using two = await opened({ ...at, durable: 'd' }, { maxInFlight: 50 }, ack);
    const seen = [one.seen, two.seen];
    await using out = await opened({ ...at, publish: subject });
    for (const n of numbers(500)) out.send(Message.of(n));
    await out.until(() => seen.flat().length >= 500);
    expect(seen.flat().map(text).toSorted()).toEqual(numbers(500).toSorted());
    expect(Math.min(...seen.map(({ length }) => length))).toBeGreaterThan(0);
  });

  it('takes a message once however often it is sent under its id, but one of each leg', async () => {
    const { subject, ...at } = fresh();
    for (const run of [1, 2]) {
      await using it = await opened({ ...at, publish: subject }, { name: 'same' });
      for (const n of numbers(10)) it.send(Message.of(`${run}`, { id: `orders-${n}`, endpoint: 'orders' }));
      await it.until(() => it.leg.delivered === 10);
    }
    expect((await manager.streams.info(at.stream)).state.messages).toBe(10);
    await using other = await opened({ ...at, publish: subject }, { name: 'other' });
    for (const n of numbers(10)) other.send(Message.of('x', { id: `orders-${n}`, endpoint: 'orders' }));
    await other.until(() => other.leg.delivered === 10);
    expect((await manager.streams.info(at.stream)).state.messages).toBe(20);
  });

  it('fails a message that its stream does not take, and goes on', async () => {
    const { subject, ...at } = fresh();
    await manager.streams.add({ name: at.stream, subjects: at.create.subjects, max_msg_size: 1_000 });
    await using it = await opened({ ...at, publish: subject });
    for (const size of [50, 5_000, 60]) it.send(Message.of('x'.repeat(size)));
    await it.until(() => it.leg.held === 0);
    expect([it.leg.delivered, it.leg.failed, it.endpoint.state]).toEqual([2, 1, 'open']);
    const free = { 'subject-from': 'meta.key', subjects: ['>'], url: nats.url };
    await using dynamic = await opened(free);
    for (const key of [subject, 'nobody.takes.this']) dynamic.send(Message.of('small', { key }));
    await dynamic.until(() => dynamic.leg.held === 0);
    expect([dynamic.leg.delivered, dynamic.leg.failed, dynamic.endpoint.state]).toEqual([1, 1, 'open']);
  });

  it.each([
    [
      'a stream that is not there',
      { stream: 'NOWHERE', durable: 'd' },
      /has no stream NOWHERE: make it, or state create/,
    ],
    [
      'a subject that no stream takes',
      { publish: 'nobody.has' },
      /has no stream that takes the subject nobody\.has/,
    ],
  ])('says what is wrong with %s, once, and tries again', async (_title, options, says) => {
    const lines: string[] = [];
    const note = (_fields: object, line: string): void => void lines.push(line);
    const log: Log = { debug: note, info: note, warn: note, error: note };
    await using it = await mount(plugin, { url: nats.url, ...options }, { log });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(it.endpoint.lastError?.code).toBe('connect-failed');
    expect(it.endpoint.lastError?.message).toMatch(says);
    expect(lines).toHaveLength(1);
  });

  it('says what does not fit about a consumer that is there', async () => {
    const { subject, ...at } = fresh();
    await using first = await opened({ ...at, durable: 'd', filter: subject });
    expect(first.endpoint.state).toBe('open');
    await using it = await mount(plugin, { ...at, durable: 'd', filter: `${subject}.b` });
    await it.until(() => it.endpoint.lastError !== undefined);
    expect(it.endpoint.lastError?.message).toContain(`reads ${subject}; filter states ${subject}.b`);
    await manager.consumers.add(at.stream, { durable_name: 'none', ack_policy: 'none' });
    await using other = await mount(plugin, { ...at, durable: 'none' });
    await other.until(() => other.endpoint.lastError !== undefined);
    expect(other.endpoint.lastError?.message).toContain('has the ack policy none; expected explicit');
  });

  it('flows again when its consumer was deleted, or its stream', async () => {
    const { subject, ...at } = fresh();
    await using it = await opened({ ...at, durable: 'd', publish: subject }, {}, ack);
    const { seen } = it;
    it.send(Message.of('before'));
    await it.until(() => seen.length === 1);
    await manager.consumers.delete(at.stream, 'd');
    await it.until(() => it.endpoint.reconnects === 1);
    it.send(Message.of('between'));
    await it.until(() => seen.map(text).includes('between'));
    await manager.streams.delete(at.stream);
    await it.until(() => it.endpoint.reconnects === 2);
    it.send(Message.of('after'));
    await it.until(() => seen.map(text).includes('after') && it.leg.held === 0);
    expect(it.leg.failed).toBe(0);
  });

  it('is the same to a client of another hand, in both directions', async () => {
    const { subject, ...at } = fresh();
    await using it = await opened({ ...at, durable: 'd', publish: subject }, {}, ack);
    const { seen } = it;
    await using other = await natsClient(nats.port);
    await other.subscribe(at.create.subjects[0]!);
    await other.publish({
      subject: `${subject}.x`,
      headers: { 'Nats-Msg-Id': 'own', 'correlation-id': 'c' },
      payload: Buffer.from('hello').toString('base64'),
    });
    await it.until(() => seen.length === 1);
    expect(seen[0]?.meta).toMatchObject({
      subject: `${subject}.x`,
      correlationId: 'c',
      messageId: 'own',
    });
    it.send(Message.of('back', { id: 'i-1', endpoint: 'e', contentType: 'text/plain' }));
    expect((await other.next()).subject).toBe(`${subject}.x`);
    expect(await other.next()).toMatchObject({
      subject,
      headers: {
        'Nats-Msg-Id': 'test → it e i-1',
        'Nats-Expected-Stream': at.stream,
        'content-type': 'text/plain',
      },
    });
  });
});

describeWith(['nats-server'], 'endpoint-jetstream › faults', () => {
  it('loses nothing when the server is killed again and again under load, on both sides', async () => {
    await using nats = await startNats();
    const at = { url: nats.url, stream: 'LOAD', create: { subjects: ['load.>'] } };
    const seen = new Set<string>();
    const options = { ...at, durable: 'd', publish: 'load.a', 'ack-wait': '2s' };
    await using it = await opened(options, { maxInFlight: 256 }, (message) => {
      seen.add(text(message));
      return 'ack';
    });
    let sent = 0;
    const traffic = setInterval(() => {
      for (let n = 0; n < 20 && it.leg.held < 1_000; n += 1) it.send(Message.of(String(sent++)));
    }, 5);
    try {
      for (let kills = 1; kills <= 3; kills += 1) {
        const before = seen.size;
        await it.until(() => seen.size > before + 300);
        await nats.kill();
        await nats.restart();
        await it.until(() => it.endpoint.state === 'open');
      }
    } finally {
      clearInterval(traffic);
    }
    await it.until(() => it.leg.held === 0 && seen.size === sent);
    expect([it.leg.failed, it.leg.delivered]).toEqual([0, sent]);
  });

  it('leaves out what it has acknowledged when a killed server has forgotten that', async () => {
    await using nats = await startNats();
    const at = { url: nats.url, stream: 'KEPT', create: { subjects: ['kept.>'] } };
    await using it = await opened({ ...at, durable: 'd', publish: 'kept.a' }, {}, ack);
    const { seen } = it;
    const place = join(nats.folder, 'jetstream', '$G', 'streams', 'KEPT', 'obs', 'd', 'o.dat');
    for (const one of numbers(50)) it.send(Message.of(one));
    await it.until(() => seen.length === 50 && it.endpoint.inbound.isIdle);
    await nats.kill();
    // As if it was killed while it wrote how far the consumer is.
    truncateSync(place);
    await nats.restart();
    await it.until(() => it.endpoint.state === 'open');
    it.send(Message.of('after'));
    await it.until(() => seen.map(text).includes('after'));
    expect(seen.map(text)).toEqual([...numbers(50), 'after']);
    await using client = await connect({ servers: nats.url });
    const manager = await jetstreamManager(client);
    await expect.poll(async () => (await manager.consumers.info('KEPT', 'd')).ack_floor.stream_seq).toBe(51);
  });
});
