import { describe, expect, it } from 'vitest';
import { AraldoError } from '../../../src/core/errors.ts';
import { Leg } from '../../../src/core/leg.ts';
import { Message } from '../../../src/core/message.ts';
import { Wire } from '../../../src/core/wire.ts';
import { elapse, turn } from '../../virtual-time.ts';
import { fakeRedis, reply } from './fake-redis.ts';

const bytes = (text: string): Wire => Wire.of(Buffer.from(text));

const both = { subscriptions: { channels: ['news'], patterns: [] }, publishes: 'out' };

describe('endpoint-redis › connections', () => {
  it('has one for each role that it plays', async () => {
    const roles = [
      { settings: both, count: 2 },
      { settings: { publishes: 'out' }, count: 1 },
      { settings: { subscriptions: { channels: ['a', 'b'], patterns: ['c*'] } }, count: 1 },
    ];
    for (const { settings, count } of roles) {
      const { scheduler, supervisor, endpoint, connections } = fakeRedis(settings);
      supervisor.start();
      await elapse(scheduler, 10);
      expect(endpoint.state).toBe('open');
      expect(connections).toHaveLength(count);
    }
  });

  it('are all closed when one of them cannot be opened, and opened anew', async () => {
    const { scheduler, supervisor, endpoint, connections, refusals } = fakeRedis(both);
    refusals.push(new AraldoError('connect-failed', 'no'));
    supervisor.start();
    await elapse(scheduler, 10);
    expect(connections.map(({ isClosed }) => isClosed)).toEqual([true]);
    expect(endpoint.lastError?.message).toBe('no');
    await elapse(scheduler, 100);
    expect(connections.map(({ isClosed }) => isClosed)).toEqual([true, false, false]);
    expect(endpoint.state).toBe('open');
  });

  it('are closed when they come after it was given up', async () => {
    const { scheduler, supervisor, connections, refusals } = fakeRedis(both);
    refusals.push(new AraldoError('connect-failed', 'no'), 'slow');
    supervisor.start();
    await elapse(scheduler, 2_999);
    expect(connections).toHaveLength(2);
    await elapse(scheduler, 10);
    expect(connections.map(({ isClosed }) => isClosed)).toEqual([false, false, true]);
  });

  it('are closed when one of two hangs until the deadline', async () => {
    const { scheduler, supervisor, connections, refusals, endpoint } = fakeRedis(both);
    refusals.push('hang');
    supervisor.start();
    await elapse(scheduler, 10_000);
    expect(endpoint.lastError?.code).toBe('open-timeout');
    expect(connections.map(({ isClosed }) => isClosed)).toEqual([true]);
  });

  it('are closed by stop, and no timer is left', async () => {
    const { scheduler, supervisor, connections } = fakeRedis(both);
    supervisor.start();
    await elapse(scheduler, 100);
    await supervisor.stop();
    await elapse(scheduler, 60_000);
    expect(connections.map(({ isClosed }) => isClosed)).toEqual([true, true]);
    expect(scheduler.actions).toHaveLength(0);
  });

  it('are asked with PING every 25 s, each, and are lost when one does not answer within 15 s', async () => {
    for (const dead of [0, 1]) {
      const { scheduler, supervisor, endpoint, connections } = fakeRedis(both);
      supervisor.start();
      await elapse(scheduler, 100_001);
      expect(connections.map(({ pings }) => pings)).toEqual([4, 4]);
      (connections[dead] as { isAlive: boolean }).isAlive = false;
      await elapse(scheduler, 39_900);
      expect(endpoint.reconnects).toBe(0);
      await elapse(scheduler, 1_300);
      expect(endpoint.reconnects).toBe(1);
      expect(connections.map(({ isClosed }) => isClosed)).toEqual([true, true, false, false]);
    }
  });

  it('are not taken for dead while messages arrive', async () => {
    const { scheduler, supervisor, endpoint, connections } = fakeRedis({
      subscriptions: { channels: ['news'], patterns: [] },
    });
    supervisor.start();
    await elapse(scheduler, 10);
    const connection = connections[0]!;
    connection.isAlive = false;
    for (let seconds = 0; seconds < 200; seconds += 10) {
      connection.options.onMessage('news', bytes('x'));
      await elapse(scheduler, 10_000);
    }
    expect(endpoint.reconnects).toBe(0);
    await elapse(scheduler, 60_000);
    expect(endpoint.reconnects).toBe(1);
  });
});

describe('endpoint-redis › source', () => {
  it('gives each subscription a lane that lives on when the connection is opened again', async () => {
    const { scheduler, supervisor, connections, received } = fakeRedis({
      subscriptions: { channels: ['a', 'b'], patterns: ['c*'] },
    });
    supervisor.start();
    await elapse(scheduler, 10);
    expect(connections[0]?.subscribed).toEqual(['a', 'b', 'c*']);
    const deliver = (at: number): void => {
      const { onMessage } = connections[at]!.options;
      onMessage('a', bytes('1'));
      onMessage('b', bytes('2'));
      onMessage('c1', bytes('3'), 'c*');
      onMessage('unknown', bytes('4'));
    };
    deliver(0);
    await connections[0]?.lose();
    await elapse(scheduler, 100);
    expect(connections[1]?.subscribed).toEqual(['a', 'b', 'c*']);
    deliver(1);
    expect(received.map(({ meta }) => [meta.lane, meta['channel']])).toEqual([
      ['a', 'a'],
      ['b', 'b'],
      ['c*', 'c1'],
      ['a', 'a'],
      ['b', 'b'],
      ['c*', 'c1'],
    ]);
    expect(new Set(received.map(({ id }) => id)).size).toBe(6);
  });

  it('takes nothing in when it drains, not after a reconnect either, and goes on publishing', async () => {
    const { scheduler, supervisor, endpoint, connections, received, leg } = fakeRedis(both);
    supervisor.start();
    await elapse(scheduler, 10);
    const [subscriber, sender] = connections;
    endpoint.drain();
    expect(subscriber?.isClosed).toBe(true);
    subscriber?.options.onMessage('news', bytes('late'));
    leg.offer(Message.of('last'));
    await elapse(scheduler, 10);
    expect(sender?.published.map(({ payload }) => payload)).toEqual(['last']);
    await sender?.lose();
    await elapse(scheduler, 100);
    expect(connections).toHaveLength(3);
    expect(connections[2]?.published.map(({ payload }) => payload)).toEqual(['last']);
    expect(received).toEqual([]);
  });
});

describe('endpoint-redis › sink', () => {
  async function publishing(settings = {}) {
    const it = fakeRedis({ publishes: 'out', ...settings });
    it.supervisor.start();
    await elapse(it.scheduler, 10);
    return it;
  }

  it('sends what a turn publishes in one write', async () => {
    const { scheduler, leg, connections } = await publishing();
    for (const text of ['a', 'b', 'c']) leg.offer(Message.of(text));
    await elapse(scheduler, 1);
    leg.offer(Message.of('d'));
    await elapse(scheduler, 1);
    expect(connections[0]?.writes).toEqual([['a', 'b', 'c'], ['d']]);
  });

  it('confirms what Redis has answered, and nothing before', async () => {
    const { scheduler, leg, connections } = await publishing();
    for (const text of ['a', 'b']) leg.offer(Message.of(text));
    await elapse(scheduler, 1);
    expect(leg.delivered).toBe(0);
    connections[0]?.published[0]?.resolve();
    await turn();
    expect(leg.delivered).toBe(1);
    expect(leg.held).toBe(1);
  });

  it('fails the message that Redis refuses, and goes on', async () => {
    const { scheduler, endpoint, leg, connections } = await publishing();
    for (const text of ['a', 'b']) leg.offer(Message.of(text));
    await elapse(scheduler, 1);
    connections[0]?.published[0]?.reject(
      reply('NOPERM this user has no permissions to access one of the channels'),
    );
    connections[0]?.published[1]?.resolve();
    await elapse(scheduler, 100);
    expect(leg.failed).toBe(1);
    expect(leg.delivered).toBe(1);
    expect(endpoint.state).toBe('open');
    expect(connections).toHaveLength(1);
  });

  it.each([
    'LOADING',
    'READONLY',
    'MASTERDOWN',
    'TRYAGAIN',
    'CLUSTERDOWN',
    'BUSY',
    'NOAUTH',
    'MISCONF',
    'OOM',
    'no upstream host:',
  ])('keeps the messages and opens again when Redis answers %s', async (code) => {
    const { scheduler, endpoint, leg, connections } = await publishing();
    for (const text of ['a', 'b']) leg.offer(Message.of(text));
    await elapse(scheduler, 1);
    for (const { reject } of connections[0]?.published.splice(0) ?? []) reject(reply(`${code} not now`));
    await turn();
    expect(endpoint.state).toBe('broken');
    expect(endpoint.lastError?.message).toContain(code);
    await elapse(scheduler, 100);
    expect(leg.failed).toBe(0);
    expect(connections).toHaveLength(2);
    expect(connections[1]?.published.map(({ payload }) => payload)).toEqual(['a', 'b']);
  });

  it('breaks once when the connection is lost, and takes refusals that come of it for no failure', async () => {
    const { scheduler, endpoint, leg, connections } = await publishing();
    for (const text of ['a', 'b', 'c']) leg.offer(Message.of(text));
    await elapse(scheduler, 1);
    connections[0]?.published.shift()?.resolve();
    await turn();
    await connections[0]?.lose('reset');
    await connections[0]?.lose('reset');
    expect(endpoint.lastError?.message).toBe('reset');
    await elapse(scheduler, 100);
    expect(leg.failed).toBe(0);
    expect(leg.delivered).toBe(1);
    expect(connections).toHaveLength(2);
    expect(connections[1]?.published.map(({ payload }) => payload)).toEqual(['b', 'c']);
  });

  it('opens again when the connection refuses what it is given and does not say that it has ended', async () => {
    const { scheduler, endpoint, leg, connections } = await publishing();
    for (const text of ['a', 'b']) leg.offer(Message.of(text));
    await elapse(scheduler, 1);
    connections[0]?.published.shift()?.reject(new Error("Stream isn't writeable"));
    await turn();
    leg.offer(Message.of('c'));
    expect(connections[0]?.published.map(({ payload }) => payload)).toEqual(['b']);
    await elapse(scheduler, 100);
    expect(endpoint.reconnects).toBe(1);
    expect(leg.failed).toBe(0);
    expect(connections[1]?.published.map(({ payload }) => payload)).toEqual(['a', 'b', 'c']);
  });

  it('takes no more than 4 MiB that Redis has not answered, and takes more at half of it', async () => {
    const { scheduler, leg, connections } = await publishing();
    const megabyte = 'x'.repeat(1024 * 1024);
    for (let n = 0; n < 8; n += 1) leg.offer(Message.of(megabyte));
    await elapse(scheduler, 1);
    const { published } = connections[0]!;
    expect(published).toHaveLength(4);
    published[0]?.resolve();
    await elapse(scheduler, 1);
    expect(leg.delivered).toBe(1);
    expect(published).toHaveLength(4);
    published[1]?.resolve();
    await elapse(scheduler, 1);
    expect(published).toHaveLength(6);
  });

  it('takes from a leg again that had nothing to be answered', async () => {
    const { scheduler, endpoint, leg, connections } = await publishing();
    for (let n = 0; n < 4; n += 1) leg.offer(Message.of('x'.repeat(1024 * 1024)));
    const other = new Leg(endpoint.outbound, {
      name: 'other',
      overflow: 'pause',
      capacity: { messages: 8, bytes: 1_000 },
    });
    other.offer(Message.of('waits'));
    await elapse(scheduler, 1);
    const { published } = connections[0]!;
    expect(published).toHaveLength(4);
    for (const { resolve } of published.splice(0)) resolve();
    await elapse(scheduler, 1);
    expect(published.map(({ payload }) => payload)).toEqual(['waits']);
  });

  it('waits for answers to what it published before it breaks for a lost subscription: nothing goes out twice', async () => {
    const { scheduler, endpoint, leg, connections } = await publishing(both);
    const [subscriber, sender] = connections;
    leg.offer(Message.of('a'));
    await elapse(scheduler, 1);
    await subscriber?.lose('cut off');
    leg.offer(Message.of('b'));
    await elapse(scheduler, 10);
    expect(endpoint.state).toBe('open');
    sender?.published.shift()?.resolve();
    await turn();
    expect(endpoint.state).toBe('broken');
    expect(endpoint.lastError?.message).toBe('cut off');
    await elapse(scheduler, 100);
    expect(leg.delivered).toBe(1);
    expect(connections.slice(2).flatMap(({ published }) => published.map(({ payload }) => payload))).toEqual([
      'b',
    ]);
  });

  it('waits for them a second at most', async () => {
    const { scheduler, endpoint, leg, connections } = await publishing(both);
    leg.offer(Message.of('a'));
    await elapse(scheduler, 1);
    await connections[0]?.lose('cut off');
    await elapse(scheduler, 999);
    expect(endpoint.reconnects).toBe(0);
    await elapse(scheduler, 100);
    expect(endpoint.reconnects).toBe(1);
  });

  it('flushes when all is answered, or the connection is lost', async () => {
    const { scheduler, endpoint, leg, connections } = await publishing();
    for (const end of ['answer', 'loss']) {
      let isFlushed = false;
      leg.offer(Message.of('a'));
      void endpoint.outbound.flush().then(() => {
        isFlushed = true;
      });
      await elapse(scheduler, 10);
      expect(isFlushed).toBe(false);
      const connection = connections.at(-1)!;
      if (end === 'answer') connection.published.shift()?.resolve();
      else await connection.lose();
      await turn();
      expect(isFlushed).toBe(true);
    }
  });

  it('publishes a message as large as max-payload, and fails one that is a byte larger', async () => {
    const { scheduler, leg, connections } = await publishing({ maxPayload: 100 });
    const errors: AraldoError[] = [];
    const route = {
      name: 'r',
      discarded: () => 0,
      made: () => 0,
      claimed: () => undefined,
      failed: (_: Message, error: AraldoError) => errors.push(error),
    };
    for (const size of [100, 101]) leg.offer(Message.of('x'.repeat(size)).claim(route));
    await elapse(scheduler, 1);
    expect(connections[0]?.published.map(({ payload }) => payload.length)).toEqual([100]);
    expect(errors.map(({ code, message }) => [code, message])).toEqual([
      ['payload-too-large', 'a payload of 101 bytes; max-payload is 100'],
    ]);
  });

  it('fails a message that is neither bytes nor text, by name', async () => {
    const { leg, connections } = await publishing();
    const errors: AraldoError[] = [];
    const route = {
      name: 'r',
      discarded: () => 0,
      made: () => 0,
      claimed: () => undefined,
      failed: (_: Message, error: AraldoError) => errors.push(error),
    };
    leg.offer(Message.of({ a: 1 }).claim(route));
    expect(errors[0]?.code).toBe('unmarshallable-payload');
    expect(connections[0]?.published).toEqual([]);
  });
});
