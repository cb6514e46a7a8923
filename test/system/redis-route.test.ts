// Browsers and a backend, with a real Redis in between: araldo, redis-server, and clients that are none of ours.

import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { runPython } from '../servers/python.ts';
import { startRedis } from '../servers/redis.ts';
import { describeWith } from '../servers/requires.ts';
import { connect } from './support/peer.ts';
import { serve, until } from './support/server.ts';

/** Prints what it receives on one channel, and publishes what it is told on another. */
const client = `
import sys, threading, redis
url, listen, publish = sys.argv[1:]
connection = redis.Redis.from_url(url)
subscription = connection.pubsub(ignore_subscribe_messages=False)
subscription.subscribe(listen)
def receive():
    for message in subscription.listen():
        if message['type'] == 'subscribe': print('ready')
        else: print(message['data'].decode())
threading.Thread(target=receive, daemon=True).start()
for line in sys.stdin:
    connection.publish(publish, line.rstrip('\\n'))
`;

/** A backend that knows nothing of araldo but its envelope: it answers each question to the one who asked. */
const backend = `
import sys, json, redis
connection = redis.Redis.from_url(sys.argv[1])
subscription = connection.pubsub()
subscription.subscribe('questions')
for message in subscription.listen():
    if message['type'] == 'subscribe':
        print('ready')
        continue
    question = json.loads(message['data'])
    answer = {'meta': {'peer': question['meta']['peer']}, 'payload': {'answer': question['payload']['ask'].upper()}}
    connection.publish('answers', json.dumps(answer))
`;

describeWith(['redis-server', 'python3'], 'browsers and Redis', () => {
  const config = (url: string) => ({
    plugins: [
      { name: 'browsers', id: 'endpoint-websocket', path: '/ws' },
      { name: 'redis', id: 'endpoint-redis', url, subscribe: ['to-browsers'], publish: 'from-browsers' },
    ],
    routes: { browsers: ['redis'], redis: ['browsers'] },
  });

  test('a browser reaches a second Redis client and is reached by it, also after Redis was killed', async () => {
    await using redis = await startRedis();
    await using araldo = await serve(config(redis.url));
    using browser = await connect(araldo.port, '/ws');
    await until('Redis is connected', () => araldo.server.endpoint('redis').state === 'open');

    await using other = runPython(client, { args: [redis.url, 'from-browsers', 'to-browsers'] });
    expect(await other.line()).toBe('ready');
    browser.send('from the browser');
    expect(await other.line()).toBe('from the browser');
    other.send('from the backend');
    expect(await browser.has(1)).toEqual(['from the backend']);

    await redis.kill();
    await until('the loss is noticed', () => araldo.server.endpoint('redis').state !== 'open');
    browser.send('while Redis is away');
    await redis.restart();
    await until('Redis is connected again', () => araldo.server.endpoint('redis').state === 'open');
    await using again = runPython(client, { args: [redis.url, 'from-browsers', 'to-browsers'] });
    expect(await again.line()).toBe('ready');
    again.send('back again');
    expect((await browser.has(2))[1]).toBe('back again');
    browser.send('as before');
    expect(await again.line()).toBe('as before');
    expect(browser.socket.readyState).toBe(browser.socket.OPEN);
    expect(await araldo.metric('araldo_endpoint_reconnects_total', { endpoint: 'redis' })).toBe(1);
  });

  test('an answer of a backend in Python reaches only the browser that asked', async () => {
    await using redis = await startRedis();
    await using araldo = await serve({
      plugins: [
        { name: 'json', id: 'marshal-json' },
        { name: 'enveloped', id: 'marshal-json', envelope: true },
        { name: 'browsers', id: 'endpoint-websocket', path: '/ws', reach: 'peer', marshal: 'json' },
        {
          name: 'questions',
          id: 'endpoint-redis',
          url: redis.url,
          publish: 'questions',
          marshal: 'enveloped',
        },
        {
          name: 'answers',
          id: 'endpoint-redis',
          url: redis.url,
          subscribe: ['answers'],
          marshal: 'enveloped',
        },
      ],
      routes: { browsers: ['questions'], answers: ['browsers'] },
    });
    await until('Redis is connected', () => araldo.server.endpoint('answers').state === 'open');
    await using python = runPython(backend, { args: [redis.url] });
    expect(await python.line()).toBe('ready');
    const browsers = await Promise.all(Array.from({ length: 5 }, () => connect(araldo.port, '/ws')));
    for (const [number, browser] of browsers.entries()) {
      for (let question = 0; question < 20; question += 1) browser.send(`{"ask":"a${number}-${question}"}`);
    }
    for (const [number, browser] of browsers.entries()) {
      const answers = Array.from({ length: 20 }, (_, question) => `{"answer":"A${number}-${question}"}`);
      expect(await browser.has(20)).toEqual(answers);
      browser.socket.terminate();
    }
  });

  test('a message larger than max-payload meets on-error without its payload, and one as large passes', async () => {
    await using redis = await startRedis();
    await using araldo = await serve({
      plugins: [
        { name: 'json', id: 'marshal-json', envelope: true },
        { name: 'news', id: 'endpoint-redis', url: redis.url, subscribe: 'news', marshal: 'none' },
        { name: 'browsers', id: 'endpoint-websocket', path: '/ws', marshal: 'none' },
        { name: 'dead', id: 'endpoint-websocket', path: '/dead', marshal: 'json' },
      ],
      routes: { news: { to: ['browsers'], 'on-error': { 'dead-letter': 'dead' } } },
    });
    using browser = await connect(araldo.port, '/ws');
    using undertaker = await connect(araldo.port, '/dead');
    await until('Redis is connected', () => araldo.server.endpoint('news').state === 'open');
    const admin = new Redis(redis.url);
    for (const size of [1_048_576, 1_048_577]) await admin.publish('news', 'x'.repeat(size));
    admin.disconnect();
    expect((await browser.has(1)).map((text) => text.length)).toEqual([1_048_576]);
    const [letter = ''] = await undertaker.has(1);
    expect(JSON.parse(letter.toString())).toMatchObject({
      meta: {
        error: {
          code: 'payload-too-large',
          message: 'a payload of 1048577 bytes; max-payload is 1048576',
          at: 'claim',
          original: { size: 1_048_577 },
        },
      },
      payload: '',
    });
    expect(letter.length).toBeLessThan(1_000);
    expect(await araldo.metric('araldo_route_failed_total', { route: 'news' })).toBe(1);
  });

  test('with Redis away, araldo runs, says so, and cuts off no peer for a pong it kept it from sending', async () => {
    await using redis = await startRedis();
    await redis.kill();
    await using araldo = await serve({
      plugins: [
        {
          name: 'browsers',
          id: 'endpoint-websocket',
          path: '/ws',
          'max-in-flight': 16,
          ping: { every: '250ms', timeout: '250ms' },
        },
        { name: 'redis', id: 'endpoint-redis', url: redis.url, publish: 'from-browsers' },
      ],
      routes: { browsers: { to: [{ to: 'redis', overflow: 'pause', buffer: 16 }] } },
    });
    using talker = await connect(araldo.port, '/ws');
    using listener = await connect(araldo.port, '/ws');
    expect((await araldo.get('/readyz')).status).toBe(503);
    // Far more than the leg and the window hold: the talker's socket is not read any more.
    const line = 'x'.repeat(1024);
    for (let number = 0; number < 2_000; number += 1) talker.send(`${number} ${line}`);
    await until(
      'the route holds its source',
      () => araldo.server.status().routes[0]?.legs[0]?.isHolding === true,
    );
    // Five times as long as a silent peer would be given.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect([talker.socket.readyState, listener.socket.readyState]).toEqual([1, 1]);
    expect(araldo.server.endpoint('browsers').peers?.refused).toEqual({});

    await redis.restart();
    await until(
      'all have been published',
      () => araldo.server.status().routes[0]?.legs[0]?.delivered === 2_000,
    );
    expect((await araldo.get('/readyz')).status).toBe(200);
    expect([talker.socket.readyState, listener.socket.readyState]).toEqual([1, 1]);
  });
});
