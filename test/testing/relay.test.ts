import { debounceTime } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Message } from '../../src/core/message.ts';
import { defineOperator, type OperatorDefinition } from '../../src/core/operator.ts';
import { timelineText, virtualRelay } from '../../src/testing/index.ts';
import { broker } from './broker.ts';

const mocks = ['orders', 'archive', 'browsers'].map((name) => ({ name, id: 'endpoint-mock' }));

const durable = {
  plugins: [
    { name: 'json', id: 'marshal-json' },
    { name: 'orders', id: 'endpoint-broker', 'max-in-flight': 4 },
    { name: 'archive', id: 'endpoint-broker' },
  ],
};
const plugins = { 'endpoint-broker': broker };

const payloadsOf = (received: readonly { payload: unknown }[]): unknown[] =>
  received.map(({ payload }) => payload);

describe('a virtual relay', () => {
  it('carries what is sent through the real steps, and says what became of it', async () => {
    const relay = await virtualRelay({
      value: {
        plugins: mocks,
        routes: { orders: { via: [{ filter: 'payload.qty > 0' }], to: ['archive', 'browsers'] } },
      },
    });
    const [kept, dropped] = [relay.send('orders', { qty: 2 }), relay.send('orders', { qty: 0 })];
    expect(payloadsOf(relay.received('archive'))).toEqual([{ qty: 2 }]);
    expect(payloadsOf(relay.received('browsers'))).toEqual([{ qty: 2 }]);
    expect([kept.fate, dropped.fate]).toEqual(['acked', 'acked']);
    expect(timelineText(relay.timeline())).toContain('orders.via[0] filter  drops orders#2: filtered');
  });

  it('keeps messages behind a sink that stalls, names the leg, and lets them go', async () => {
    const relay = await virtualRelay({
      value: { plugins: mocks, routes: { orders: { to: [{ to: 'archive', buffer: 2 }] } } },
    });
    relay.sink('archive').stall();
    const sent = [1, 2, 3, 4].map((payload) => relay.send('orders', payload));
    await relay.advance(1_000);
    expect(sent.map(({ fate }) => fate)).toEqual(['open', 'open', 'open', 'open']);
    expect(relay.open().map(({ where }) => where)).toEqual([
      'orders → archive',
      'orders → archive',
      'the gate of orders, held by orders → archive',
      'the other side of orders, held by orders → archive',
    ]);
    expect(await relay.settle()).toEqual([]);
    expect(payloadsOf(relay.received('archive'))).toEqual([1, 2, 3, 4]);
  });

  it('marshals what travels as bytes, and shows both sides of it', async () => {
    const relay = await virtualRelay({ value: { ...durable, routes: { orders: ['archive'] } }, plugins });
    relay.send('orders', { a: 1 });
    relay.send('orders', Buffer.from('{"a":'));
    const [received] = relay.received('archive');
    expect(received?.payload).toEqual({ a: 1 });
    expect(Buffer.from(received?.bytes ?? []).toString()).toBe('{"a":1}');
    expect(await relay.settle()).toMatchObject([
      { id: 'orders#2', where: 'orders on-error: hold, after malformed-payload' },
    ]);
  });

  it('brings again after a crash what a source keeps until it is acked', async () => {
    const relay = await virtualRelay({ value: { ...durable, routes: { orders: ['archive'] } }, plugins });
    relay.sink('archive').latency(50);
    const sent = [1, 2, 3].map((payload) => relay.send('orders', payload));
    await relay.advance(49);
    await relay.restart();
    expect(await relay.settle()).toEqual([]);
    expect(sent.map(({ fate, deliveries }) => [fate, deliveries])).toEqual([
      ['acked', 2],
      ['acked', 2],
      ['acked', 2],
    ]);
    expect(payloadsOf(relay.received('archive'))).toEqual([1, 2, 3, 1, 2, 3]);
  });

  it('loses in a crash what nobody keeps', async () => {
    const relay = await virtualRelay({ value: { plugins: mocks, routes: { orders: ['archive'] } } });
    relay.sink('archive').stall();
    const sent = relay.send('orders', 1);
    await relay.restart();
    await relay.settle();
    expect(sent.fate).toBe('lost');
    expect(relay.received('archive')).toEqual([]);
  });

  it('delivers again what is nacked, as often as the configuration allows', async () => {
    const relay = await virtualRelay({
      value: { ...durable, routes: { orders: { to: ['archive'], 'on-error': 'nack' } } },
      plugins,
    });
    relay.sink('archive').reject(({ payload }) => payload === 'bad');
    relay.sink('archive').nack(({ payload }) => payload === 'slow');
    const [bad, slow, good] = ['bad', 'slow', 'good'].map((payload) => relay.send('orders', payload));
    await relay.advance(100);
    expect([bad?.fate, slow?.fate, good?.fate]).toEqual(['rejected', 'acked', 'acked']);
    expect([bad?.deliveries, slow?.deliveries, good?.deliveries]).toEqual([6, 2, 1]);
    expect(payloadsOf(relay.received('archive'))).toEqual(['good', 'slow']);
  });

  it('reconnects a sink that was away, and sends again what it had not confirmed', async () => {
    const relay = await virtualRelay({ value: { ...durable, routes: { orders: ['archive'] } }, plugins });
    const archive = relay.sink('archive');
    archive.latency(20);
    const sent = relay.send('orders', 1);
    archive.down();
    await relay.advance(60_000);
    expect(sent.fate).toBe('open');
    archive.up();
    await relay.advance(4_100);
    expect(sent.fate).toBe('acked');
    expect(relay.received('archive').map(({ confirmedAtMs }) => confirmedAtMs !== undefined)).toEqual([
      false,
      true,
    ]);
  });

  it('gives timers of own steps virtual time, and names the step that loses a message', async () => {
    const calm: OperatorDefinition = defineOperator({
      kind: 'rx',
      name: 'calm',
      summary: 'Waits for a pause.',
      obligations: 'preserved',
      options: z.unknown(),
      create: () => debounceTime<Message>(500),
    });
    const relay = await virtualRelay({
      value: { plugins: mocks, routes: { orders: { via: ['calm'], to: ['archive'] } } },
      operators: { calm },
    });
    relay.send('orders', 1);
    await relay.advance(100);
    relay.send('orders', 2);
    await relay.advance(499);
    expect(relay.received('archive')).toEqual([]);
    expect(await relay.settle()).toMatchObject([{ id: 'orders#1', where: 'orders.via[0] calm' }]);
    expect(payloadsOf(relay.received('archive'))).toEqual([2]);
  });

  it('says which endpoints there are when asked for another', async () => {
    const relay = await virtualRelay({ value: { plugins: mocks, routes: {} } });
    expect(() => relay.send('order', 1)).toThrow('no endpoint is named "order"; there are: orders, archive');
    expect(() => relay.received('none')).toThrow('no endpoint is named');
  });
});
