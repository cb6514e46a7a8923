// endpoint-mqtt as it is really deployed: sessions, wills, retained messages, shared subscriptions, MQTT 3.1.1.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { MockEndpoint } from '../../plugins/endpoint-mock/index.ts';
import { plugin } from '../../plugins/endpoint-mqtt/index.ts';
import { Message } from '../../src/core/message.ts';
import { endpointBattery, faultProxy } from '../../src/testing/index.ts';
import { type Mounted, type MountOptions, mount } from '../endpoint-bench.ts';
import { freePort } from '../servers/free-port.ts';
import { type MosquittoServer, startMosquitto } from '../servers/mosquitto.ts';
import { describeWith } from '../servers/requires.ts';
import { araldo, start } from './support/command.ts';
import { isDeep } from './support/kill-loop.ts';
import { mqttTap } from './support/mqtt-tap.ts';
import { mqttWorld } from './support/mqtt-world.ts';
import { outcome } from './support/outcome.ts';
import { serve, until } from './support/server.ts';

const text = (message: Message): string => Buffer.from(message.payload as Uint8Array).toString();
const numbered = (count: number): string[] => Array.from({ length: count }, (_, n) => `message ${n}`);

describeWith(['mosquitto', 'mosquitto-clients'], 'endpoint-mqtt, as it is deployed', () => {
  let broker: MosquittoServer;
  let names = 0;
  const fresh = (): string => `place${(names += 1)}`;
  beforeAll(async () => {
    broker = await startMosquitto({ config: { autosave_on_changes: 'false', autosave_interval: '600' } });
  });
  afterAll(() => broker?.stop());

  async function open(options: object, more?: MountOptions): Promise<Mounted> {
    const it = await mount(plugin, { url: broker.url, ...options }, more);
    await it.until(() => it.endpoint.state === 'open');
    return it;
  }
  /** A source whose messages are kept, in place of settled at once. */
  async function keeping(
    options: object,
    more?: MountOptions,
  ): Promise<Mounted & { readonly kept: Message[] }> {
    const it = await mount(plugin, { url: broker.url, ...options }, more);
    const kept: Message[] = [];
    it.endpoint.messages.subscribe((root) => {
      kept.push(root.claim());
    });
    await it.until(() => it.endpoint.state === 'open');
    return Object.assign(it, { kept });
  }

  it('is sent no more than its window at a time, as is seen on the wire', async () => {
    const topic = fresh();
    await using tap = await mqttTap(broker.port);
    const source = await keeping({ url: tap.url, subscribe: topic }, { maxInFlight: 8 });
    await using _source = source;
    await using sink = await open({ publish: topic });
    await Promise.all(numbered(100).map((payload) => outcome(sink, payload)));
    await source.until(() => source.kept.length === 8);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([tap.most, source.kept.length]).toEqual([8, 8]);
  });

  // mosquitto 2.0 does so with every answer, and 3.1.1 has no receive maximum at all.
  it.each([5, '3.1.1'])(
    'reads no further when the broker sends more than the window: MQTT %s',
    async (version) => {
      const topic = fresh();
      await using tap = await mqttTap(broker.port);
      const source = await keeping({ url: tap.url, version, subscribe: topic }, { maxInFlight: 8 });
      await using _source = source;
      await using sink = await open({ publish: topic });
      const wanted = numbered(500);
      await Promise.all(wanted.map((payload) => outcome(sink, payload)));
      const settled: string[] = [];
      await source.until(() => {
        // In another order than they came.
        for (const message of source.kept.splice(0).toReversed()) {
          settled.push(text(message));
          message.ack();
        }
        return settled.length === 500;
      });
      // Else this would be a test of nothing.
      expect(tap.most).toBeGreaterThan(100);
      // One more than the window is read before it is known to be too many.
      expect(source.endpoint.inbound.stashedPeak).toBeLessThanOrEqual(9);
      expect(settled.toSorted()).toEqual(wanted.toSorted());
    },
  );

  it('brings each message of QoS 2 once, however often its connection is cut', async () => {
    const topic = fresh();
    await using proxy = Object.assign(await faultProxy({ to: { port: broker.port } }), {
      [Symbol.asyncDispose]: () => proxy.stop(),
    });
    await using source = await open({
      url: `mqtt://127.0.0.1:${proxy.port}`,
      'client-id': fresh(),
      subscribe: topic,
      qos: 2,
    });
    await using sink = await open({ publish: topic, qos: 2 });
    const wanted = numbered(600);
    for (const [n, payload] of wanted.entries()) {
      sink.send(Message.of(payload));
      if (n % 150 !== 149) continue;
      await source.until(() => source.received.length > n - 100);
      proxy.reset();
    }
    await source.until(() => new Set(source.received.map(text)).size === wanted.length, 15_000);
    expect(proxy.accepted).toBeGreaterThanOrEqual(4);
    expect(source.received.map(text).toSorted()).toEqual(wanted.toSorted());
  });

  it('keeps what is published with retain, and says of what comes whether it was kept', async () => {
    const topic = fresh();
    await using sink = await open({
      'topic-from': 'meta.key',
      topics: `${topic}/#`,
      retain: 'keep',
      version: 5,
    });
    await using always = await open({ publish: `${topic}/always`, retain: true });
    expect(await outcome(sink, 'kept', { key: `${topic}/kept`, retained: true })).toBe('ack');
    expect(await outcome(sink, 'gone', { key: `${topic}/gone`, retained: false })).toBe('ack');
    expect(await outcome(always, 'always')).toBe('ack');
    await using late = await open({ subscribe: `${topic}/#`, retained: 'always' });
    await late.until(() => late.received.length === 2);
    expect(await outcome(sink, 'now', { key: `${topic}/kept` })).toBe('ack');
    await late.until(() => late.received.length === 3);
    const seen = late.received.map((message) => `${text(message)} ${String(message.meta['retained'])}`);
    expect(seen.slice(0, 2).toSorted()).toEqual(['always true', 'kept true']);
    expect(seen[2]).toBe('now false');
    await using never = await open({ subscribe: `${topic}/#`, retained: 'never', 'client-id': fresh() });
    // With a program that is none of ours: it prints a retained message, and ends.
    await using outside = start(
      'mosquitto_sub',
      ['-p', `${broker.port}`, '-t', `${topic}/#`, '-C', '2', '-F', '%r %p'],
      {},
    );
    await outside.code;
    expect(outside.out.stdout.split('\n').toSorted()).toEqual(['', '1 always', '1 kept']);
    expect(never.received).toEqual([]);
  });

  it('shares a subscription: each message comes to one of two, and all to the other when one has left', async () => {
    const topic = fresh();
    const options = { subscribe: `${topic}/#`, share: 'workers', 'session-expiry': '0s' };
    const one = await open(options, { name: 'one' });
    await using _one = one;
    await using two = await open(options, { name: 'two' });
    await using sink = await open({ publish: `${topic}/job` });
    const send = (count: number) => Promise.all(numbered(count).map((payload) => outcome(sink, payload)));
    await send(100);
    await one.until(() => one.received.length + two.received.length === 100);
    expect(Math.min(one.received.length, two.received.length)).toBeGreaterThan(20);
    expect([...one.received, ...two.received].map(text).toSorted()).toEqual(numbered(100).toSorted());
    const before = two.received.length;
    await one.supervisor.stop();
    await send(50);
    await two.until(() => two.received.length === before + 50);
  });

  it('has its will published when it is killed, and not when it stops; and what it held comes again', async () => {
    const [topic, wills, clientId] = [fresh(), fresh(), fresh()];
    const folder = mkdtempSync(join(tmpdir(), 'araldo-mqtt-'));
    // A sink that is never there: what is read stays unsettled.
    const away = `mqtt://127.0.0.1:${await freePort()}`;
    const plugins = [
      {
        name: 'in',
        id: 'endpoint-mqtt',
        url: broker.url,
        'client-id': clientId,
        subscribe: `${topic}/#`,
        'max-in-flight': 4,
        will: { topic: wills, payload: 'gone' },
      },
      { name: 'out', id: 'endpoint-mqtt', url: away, publish: 'x' },
    ];
    writeFileSync(
      join(folder, 'araldo.yaml'),
      JSON.stringify({ 'server-port': 0, 'log-level': 'debug', plugins, routes: { in: ['out'] } }),
    );
    try {
      await using watching = await open({ subscribe: wills });
      await using sink = await open({ publish: `${topic}/1` });
      const subscribed = async (run: ReturnType<typeof araldo>): Promise<void> => {
        await until(`it is open; ${run.out.stderr}`, () =>
          /endpoint.?"?:\s*"?in\b.*open/s.test(run.out.stderr),
        );
      };
      {
        await using run = araldo(folder);
        await subscribed(run);
        await Promise.all(numbered(10).map((payload) => outcome(sink, payload)));
        run.child.kill('SIGKILL');
        await run.code;
      }
      await watching.until(() => watching.received.length === 1);
      expect(watching.received.map(text)).toEqual(['gone']);
      const again = await keeping({ 'client-id': clientId, subscribe: `${topic}/#` });
      {
        await using _again = again;
        await again.until(() => again.kept.length === 10);
        expect(again.kept.map(text)).toEqual(numbered(10));
        for (const message of again.kept) message.ack();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      {
        await using run = araldo(folder);
        await subscribed(run);
        run.child.kill('SIGTERM');
        expect(await run.code).toBe(0);
      }
      expect(watching.received).toHaveLength(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  // The broker looks for sessions that have ended every few seconds.
  it.runIf(isDeep)('begins anew when its session has expired', async () => {
    const [topic, clientId] = [fresh(), fresh()];
    const options = { 'client-id': clientId, subscribe: topic, 'session-expiry': '1s' };
    await using sink = await open({ publish: topic });
    const first = await keeping(options);
    expect(await outcome(sink, 'held')).toBe('ack');
    await first.until(() => first.kept.length === 1);
    await first.supervisor.stop();
    {
      await using soon = await open(options);
      await soon.until(() => soon.received.length === 1);
    }
    expect(await outcome(sink, 'missed')).toBe('ack');
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    await using late = await open(options);
    expect(await outcome(sink, 'new')).toBe('ack');
    await late.until(() => late.received.length === 1);
    expect(late.received.map(text)).toEqual(['new']);
  });

  describe('with MQTT 3.1.1', () => {
    it('carries meta in an envelope', async () => {
      const topic = fresh();
      const at = { id: 'endpoint-mqtt', url: broker.url, version: '3.1.1' };
      await using it = await serve({
        plugins: [
          { name: 'json', id: 'marshal-json', envelope: true },
          { name: 'begin', id: 'endpoint-mock' },
          { name: 'out', ...at, publish: topic },
          { name: 'in', ...at, subscribe: topic },
          { name: 'end', id: 'endpoint-mock' },
        ],
        routes: { begin: ['out'], in: ['end'] },
      });
      await until('it is ready', async () => (await it.get('/readyz')).ok);
      const meta = { id: 'm1', key: 'k', headers: { tenant: 'acme' }, correlationId: 'c', timestamp: 5 };
      it.server.endpoint<MockEndpoint>('begin').emit({ n: 1 }, meta);
      const end = it.server.endpoint<MockEndpoint>('end');
      await until('it has come', () => end.sent.length === 1);
      expect(end.sent[0]).toMatchObject({ payload: { n: 1 }, meta: { ...meta, topic } });
    });

    // One at a time: with more mosquitto sends beyond its limit, and what it has not seen answered when the connection
    // is cut comes twice, beyond the window.
    const single: { broker?: MosquittoServer } = {};
    beforeAll(async () => {
      // On disk at once only where it is killed: that is slow.
      single.broker = await startMosquitto({
        config: { max_inflight_messages: '1', ...(!isDeep && { autosave_on_changes: 'false' }) },
      });
    });
    afterAll(() => single.broker?.stop());
    const cases = endpointBattery('endpoint-mqtt', {
      start: () => mqttWorld(single.broker as MosquittoServer, fresh(), '3.1.1'),
      messages: 40,
    }).filter(({ name }) => (isDeep ? /cut|server was killed|half-open/ : /cut/).test(name));
    for (const one of cases) {
      test(one.name, async (context) => {
        const skipped = await one.check();
        if (skipped !== undefined) context.skip(skipped.skipped);
      });
    }
  });
});
