import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineOperator } from '../../src/core/operator.ts';
import { virtualRoute } from '../../src/testing/index.ts';

const payloads = (all: readonly { readonly payload: unknown }[]): readonly unknown[] =>
  all.map(({ payload }) => payload);

describe('a virtual route', () => {
  it('runs steps of YAML in virtual time', async () => {
    const route = await virtualRoute({
      via: [{ filter: 'payload > 1' }, { batch: { count: 9, every: '1s' } }],
    });
    for (const payload of [1, 2, 3]) route.send(payload);
    await route.advance(999);
    expect(route.received).toEqual([]);
    await route.advance(1);
    expect(payloads(route.received)).toEqual([[2, 3]]);
    expect(await route.settle()).toEqual([]);
    route.stop();
  });

  it('has a sink that stalls, refuses and comes back, and a source that keeps what is not acked', async () => {
    const route = await virtualRoute({ 'on-error': { 'dead-letter': 'dead' } });
    route.sink.reject(({ payload }) => payload === 'bad');
    route.sink.stall();
    const [good, bad] = [route.send('good'), route.send('bad')];
    await route.advance(10);
    expect([good.fate, bad.fate]).toEqual(['open', 'open']);
    route.sink.resume();
    await route.advance(10);
    expect(await route.settle()).toEqual([]);
    expect(payloads(route.received)).toEqual(['good']);
    expect(payloads(route.dead)).toEqual(['bad']);
    expect([good.fate, bad.fate]).toEqual(['acked', 'acked']);
    route.stop();
  });

  it('takes own steps, and endpoints that can do less', async () => {
    const double = defineOperator({
      kind: 'fn',
      name: 'double',
      summary: 'Doubles.',
      options: z.undefined(),
      create: () => (message) => Number(message.payload) * 2,
    });
    const route = await virtualRoute(
      { via: ['double'] },
      { operators: { double }, source: { canPause: false, acks: false, redelivers: false } },
    );
    route.send(21);
    await route.settle();
    expect(payloads(route.received)).toEqual([42]);
    expect(route.relay.configuration.plan.routes['source']?.to[0]?.overflow).toBe('drop-oldest');
    route.stop();
  });
});
