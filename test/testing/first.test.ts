// Relays whose routes have `ack: first`.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { FirstAck } from '../../src/core/first-ack.ts';
import type { LawBroken } from '../../src/testing/index.ts';
import { checkLaws, laws, loadRelay, virtualRelay } from '../../src/testing/index.ts';
import { runs } from '../runs.ts';
import { broker } from './broker.ts';

const plugins = { 'endpoint-broker': broker };

const configured = (route: object) =>
  loadRelay({
    value: {
      plugins: [
        { name: 'json', id: 'marshal-json' },
        ...['orders', 'archive', 'backup', 'screen'].map((name) => ({ name, id: 'endpoint-broker' })),
      ],
      routes: { orders: { to: ['archive', 'backup'], ack: 'first', 'on-error': 'nack', ...route } },
    },
    plugins,
  });

describe('a route with ack: first', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('settles a message when one sink has it, and brings it to the other all the same', async () => {
    const relay = await virtualRelay({ configuration: await configured({}) });
    relay.sink('archive').stall();
    const sent = relay.send('orders', 1);
    await relay.advance(10);
    expect([sent.fate, relay.received('archive').length, relay.received('backup').length]).toEqual([
      'acked',
      0,
      1,
    ]);
    await relay.settle();
    expect(relay.received('archive')).toHaveLength(1);
  });

  it('waits for a sink though others may drop the message, filter it or refuse it', async () => {
    const to = ['archive', { to: 'backup', when: 'payload > 9' }, { to: 'screen', overflow: 'drop-oldest' }];
    const relay = await virtualRelay({ configuration: await configured({ to }) });
    relay.sink('archive').stall();
    const [small, large] = [relay.send('orders', 1), relay.send('orders', 10)];
    await relay.advance(10);
    expect(relay.received('screen')).toHaveLength(2);
    expect([small.fate, large.fate]).toEqual(['open', 'acked']);
    await relay.settle();
    expect(small.fate).toBe('acked');
  });

  it('gives a message back when all sinks refuse it', async () => {
    const relay = await virtualRelay({ configuration: await configured({}) });
    relay.sink('archive').nack(() => true);
    relay.sink('backup').nack(({ payload }) => payload === 1);
    const [all, one] = [relay.send('orders', 1), relay.send('orders', 2)];
    await relay.advance(100);
    expect([all.deliveries, one.deliveries]).toEqual([2, 1]);
    expect([all.fate, one.fate]).toEqual(['acked', 'acked']);
  });

  it.each([
    ['two sinks', {}],
    ['patterns', { to: ['archive', { fallback: ['backup', { to: 'screen', buffer: 2 }] }] }],
    [
      'lossy legs, conditions, and parts',
      {
        via: [{ split: '[payload, payload]' }],
        to: [
          'archive',
          { to: 'backup', when: 'payload.n > 2' },
          { to: 'screen', overflow: 'latest', buffer: 2 },
        ],
      },
    ],
  ])('keeps all laws with %s', async (_, route) => {
    const configuration = await configured(route);
    const results = await checkLaws(() => virtualRelay({ configuration }), {
      ...runs({ share: 0.02, quick: 0.5 }),
    });
    const [broken] = results.flatMap((result) => result.broken ?? []);
    if (broken !== undefined) throw broken;
  });

  it.each([
    ['settles a message when any leg has done with it', 'noEarlyAck', 'never got'],
    ['acks what all sinks gave back', 'settlement', 'though it was given back'],
  ] as const)('is seen when it %s', async (_, law, text) => {
    vi.spyOn(FirstAck.prototype, 'settled').mockImplementation(function (this: FirstAck) {
      this.confirmed();
    });
    const configuration = await configured({ to: ['archive', { to: 'backup', when: 'payload.n > 2' }] });
    const broken: unknown = await laws[law](() => virtualRelay({ configuration }), runs({ share: 0.3 })).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect((broken as LawBroken | undefined)?.breach).toContain(text);
  });
});
