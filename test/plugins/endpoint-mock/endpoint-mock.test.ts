import { describe, expect, it } from 'vitest';
import { claim } from '../../../operators/claim.ts';
import { sinkOf } from '../../../operators/sink-of.ts';
import { openChannels } from '../../../plugins/endpoint-mock/channel.ts';
import { type MockEndpoint, plugin } from '../../../plugins/endpoint-mock/index.ts';
import { Message } from '../../../src/core/message.ts';
import { createMockServer } from './mock.ts';

function received(endpoint: MockEndpoint): Message[] {
  const messages: Message[] = [];
  endpoint.subscribe((message) => messages.push(message));
  return messages;
}

function payloads(messages: readonly Message[]): unknown[] {
  return messages.map(({ payload }) => payload);
}

describe('the options of endpoint-mock', () => {
  it('are those of the sample of 2012', () => {
    expect(plugin.options['~standard'].validate({ channel: 'channel_1' })).toMatchObject({
      value: { channel: 'channel_1', messages: [] },
    });
    expect(plugin.options['~standard'].validate({})).toMatchObject({ value: { everyMs: 1000 } });
    expect(plugin.options['~standard'].validate({ channel: 7 })).toMatchObject({ value: { channel: '7' } });
  });

  it.each([
    [{ chanel: 'x' }, 'nrecognized key'],
    [{ every: 'often' }, 'expected a duration such as 250ms, found "often"'],
    [{ messages: [{}] }, 'expected a message as {payload: …} or {expression: …}'],
    [{ messages: [{ expression: 'payload.x' }] }, 'unknown variable: payload'],
    [{ channel: '' }, 'expected the name of a channel'],
  ])('refuse %j', (options, reason) => {
    const { issues } = plugin.options['~standard'].validate(options) as { issues: { message: string }[] };
    expect(issues[0]?.message).toContain(reason);
  });

  it('tell what it reads from and writes to', () => {
    expect(plugin.capabilities({ channel: 'c', messages: [], everyMs: 1 })).toMatchObject({
      writesTo: ['mock:c'],
      readsFrom: ['mock:c'],
    });
    expect(plugin.capabilities({ messages: [], everyMs: 1 })).not.toHaveProperty('writesTo');
  });
});

describe('endpoint-mock', () => {
  it('emits what code gives it, with what it knows of itself in meta', async () => {
    const mock = await createMockServer().open('orders', { channel: 'c' });
    const messages = received(mock);
    expect(mock.emit({ a: 1 }, { key: 'k' })).toBe(true);
    expect(messages[0]?.payload).toEqual({ a: 1 });
    expect(messages[0]?.meta).toEqual({ endpoint: 'orders', channel: 'c', key: 'k' });
  });

  it('takes nothing before it is open, while it drains, and when it is closed', async () => {
    const server = createMockServer();
    const mock = await server.open('orders');
    mock.drain();
    expect(mock.emit(1)).toBe(false);
    await mock.close();
    expect(mock.emit(1)).toBe(false);
  });

  it('knows when it opens whether anybody reads it', async () => {
    const mock = await createMockServer().open('orders');
    expect(mock.inbound.isRead).toBe(false);
    mock.messages.subscribe();
    await mock.reset();
    await mock.open(new AbortController().signal);
    expect(mock.inbound.isRead).toBe(true);
  });

  it('remembers the newest 1,024 of what it was sent', async () => {
    const mock = await createMockServer().open('archive');
    for (let place = 0; place < 1025; place += 1) mock.next(Message.of(place));
    expect(mock.sent).toHaveLength(1024);
    expect(mock.sent[0]?.payload).toBe(1);
    expect(mock.forgotten).toBe(1);
  });

  it('takes nothing while it is stalled, and all that waited when it proceeds', async () => {
    const mock = await createMockServer().open('archive');
    mock.stall();
    mock.next(Message.of('a'));
    expect(mock.sent).toEqual([]);
    mock.proceed();
    expect(payloads(mock.sent)).toEqual(['a']);
  });

  it('refuses what it is told to', async () => {
    const server = createMockServer();
    const source = await server.open('orders');
    const mock = await server.open('archive');
    const failed: string[] = [];
    const route = {
      name: 'orders',
      discarded: () => undefined,
      made: () => undefined,
      claimed: () => undefined,
      failed(message: Message, error: Error) {
        failed.push(error.message);
        message.ack();
      },
    };
    source.pipe(claim(route)).subscribe(sinkOf(mock));
    mock.failNext(2);
    for (const payload of [1, 2, 3]) source.emit(payload);
    expect(payloads(mock.sent)).toEqual([3]);
    expect(failed).toEqual(['archive was told to fail', 'archive was told to fail']);
  });

  it('keeps what comes in while its gate is shut, in order', async () => {
    const server = createMockServer();
    const mock = await server.open('orders', {}, 2);
    const messages: Message[] = [];
    mock.pipe(claim()).subscribe((message) => messages.push(message));
    for (const payload of [1, 2, 3, 4]) mock.emit(payload);
    expect(payloads(messages)).toEqual([1, 2]);
    for (let place = 0; place < 4; place += 1) {
      messages[place]?.ack();
      server.pass(1);
    }
    expect(payloads(messages)).toEqual([1, 2, 3, 4]);
  });
});

describe('a channel', () => {
  it('carries what is sent to one to all others on it, and not back', async () => {
    const server = createMockServer();
    const [one, two, three, apart] = [
      await server.open('one', { channel: 'c' }),
      await server.open('two', { channel: 'c' }),
      await server.open('three', { channel: 'c' }),
      await server.open('apart', { channel: 'd' }),
    ];
    const inboxes = [one, two, three, apart].map(received);
    one.next(Message.of({ a: 1 }, { id: 'i', key: 'k', endpoint: 'far', deliveries: 3, hops: 2 }));
    expect(inboxes.map(payloads)).toEqual([[], [{ a: 1 }], [{ a: 1 }], []]);
    expect(inboxes[1]?.[0]?.meta).toEqual({ id: 'i', key: 'k', endpoint: 'two', channel: 'c', hops: 3 });
  });

  it('is not shared with another server', async () => {
    const one = await createMockServer().open('one', { channel: 'c' });
    const other = await createMockServer().open('two', { channel: 'c' });
    const messages = received(other);
    one.next(Message.of('a'));
    expect(messages).toEqual([]);
  });

  it('leaves nothing behind when all are closed', async () => {
    const before = openChannels();
    const server = createMockServer();
    const [one, two] = [
      await server.open('one', { channel: 'c' }),
      await server.open('two', { channel: 'c' }),
    ];
    const messages = received(two);
    expect(openChannels()).toBe(before + 1);
    await two.close();
    one.next(Message.of('a'));
    expect(messages).toEqual([]);
    expect(payloads(one.sent)).toEqual(['a']);
    await one.close();
    expect(openChannels()).toBe(before);
  });

  it('carries a message for 16 hops, and counts the one beyond', async () => {
    const server = createMockServer();
    const one = await server.open('one', { channel: 'c' });
    const two = await server.open('two', { channel: 'c' });
    const messages = received(two);
    one.next(Message.of('a', { hops: 15 }));
    one.next(Message.of('b', { hops: 16 }));
    expect(payloads(messages)).toEqual(['a']);
    expect(two.tooManyHops).toBe(1);
  });

  it('ends a circle of routes', async () => {
    const server = createMockServer();
    const one = await server.open('one', { channel: 'c' });
    const two = await server.open('two', { channel: 'c' });
    one.pipe(claim()).subscribe(sinkOf(one));
    two.pipe(claim()).subscribe(sinkOf(two));
    one.emit('round');
    server.pass(100);
    expect(one.sent.length + two.sent.length).toBe(17);
    expect([one, two].map(({ inbound }) => inbound.inFlight)).toEqual([0, 0]);
  });

  it('makes a sink wait for a source that is held, with one message at its gate', async () => {
    const server = createMockServer();
    const orders = await server.open('orders');
    const one = await server.open('one', { channel: 'c' });
    const two = await server.open('two', { channel: 'c' });
    orders.pipe(claim()).subscribe(sinkOf(one, { capacity: { messages: 2 } }));
    const messages: Message[] = [];
    two.pipe(claim()).subscribe((message) => {
      messages.push(message);
      message.ack();
    });
    const holder = { name: 'slow' };
    two.inbound.hold(holder);
    for (const payload of [1, 2, 3, 4]) orders.emit(payload);
    expect(messages).toEqual([]);
    expect(two.inbound.stashedPeak).toBe(1);
    expect(orders.inbound.gate.holders).toEqual(['code → one']);
    two.inbound.release(holder);
    server.pass(10);
    expect(payloads(messages)).toEqual([1, 2, 3, 4]);
    expect(orders.inbound.gate.isOpen).toBe(true);
    expect(orders.inbound.inFlight).toBe(0);
  });

  it('waits no longer for one that has left', async () => {
    const server = createMockServer();
    const one = await server.open('one', { channel: 'c' });
    const two = await server.open('two', { channel: 'c' });
    two.inbound.hold({ name: 'slow' });
    for (const payload of [1, 2]) one.next(Message.of(payload));
    expect(payloads(one.sent)).toEqual([1]);
    await two.close();
    expect(payloads(one.sent)).toEqual([1, 2]);
  });

  it('still carries what is inside the server while it drains', async () => {
    const server = createMockServer();
    const one = await server.open('one', { channel: 'c' });
    const two = await server.open('two', { channel: 'c' });
    const messages = received(two);
    two.drain();
    for (const payload of [1, 2, 3]) one.next(Message.of(payload));
    expect(payloads(messages)).toEqual([1, 2, 3]);
  });
});

describe('messages of its own', () => {
  const messages = [{ payload: { is: 'fixed' } }, { expression: '{"n": n, "now": now}' }];

  it('come one after the other and again from the first', async () => {
    const server = createMockServer();
    const mock = await server.open('clock', { messages, every: '2s' });
    const inbox = received(mock);
    server.pass(1999);
    expect(inbox).toEqual([]);
    server.pass(6001);
    expect(payloads(inbox)).toEqual([
      { is: 'fixed' },
      { n: 1, now: 4000 },
      { is: 'fixed' },
      { n: 3, now: 8000 },
    ]);
    expect(inbox[0]?.payload).not.toBe(inbox[2]?.payload);
  });

  it('are skipped while the gate is shut, and counted', async () => {
    const server = createMockServer();
    const mock = await server.open('clock', { messages: [{ expression: 'n' }] });
    const inbox = received(mock);
    const holder = { name: 'slow' };
    server.pass(1000);
    mock.inbound.hold(holder);
    server.pass(3000);
    expect(mock.inbound.stashed).toBe(0);
    expect(mock.skipped).toBe(3);
    mock.inbound.release(holder);
    server.pass(1000);
    expect(payloads(inbox)).toEqual([0, 1]);
  });

  it('end when it drains and when it is closed', async () => {
    for (const end of ['drain', 'close'] as const) {
      const server = createMockServer();
      const mock = await server.open('clock', { messages });
      const inbox = received(mock);
      server.pass(1000);
      await mock[end]();
      server.pass(5000);
      expect(inbox).toHaveLength(1);
    }
  });

  it('go on after one that could not be made', async () => {
    const server = createMockServer();
    const mock = await server.open('clock', { messages: [{ expression: '[1][n]' }, { payload: 'well' }] });
    const inbox = received(mock);
    server.pass(4000);
    expect(payloads(inbox)).toEqual([1, 'well', 'well']);
  });
});
