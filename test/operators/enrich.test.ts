import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { type EnrichOptions, enrich, enrichStep } from '../../operators/enrich.ts';
import { silentLog } from '../../src/core/log.ts';
import type { Message } from '../../src/core/message.ts';
import { operatorLaws } from '../../src/testing/operator-laws.ts';
import { runs } from '../runs.ts';
import { elapse, turn } from '../virtual-time.ts';
import { parsed, timed } from './timed.ts';

const customer = ({ payload }: Message): unknown => (payload as { c: unknown }).c;

for (const law of operatorLaws('enrich', {
  create: (scheduler) =>
    enrich({
      key: customer,
      // Odd keys take their time.
      lookup: (key) =>
        key === 'poison'
          ? Promise.reject(new Error('poison'))
          : new Promise((resolve) => scheduler.schedule(() => resolve(key), ((key as number) % 2) * 7)),
      as: 'name',
      cacheMs: 20,
      cacheMax: 2,
      concurrency: 2,
      deadlineMs: 50,
      scheduler,
    }),
  payloads: fc.record({ c: fc.nat(4) }),
  isAsync: true,
  holds: 4,
  poison: { payload: { c: 'poison' } },
})) {
  test(law.name, () => law.check(runs({ share: 0.05, quick: 0.6 })));
}

/** Lookups that are answered when the test says so. */
function asked(options: Partial<EnrichOptions> = {}) {
  const calls: {
    key: unknown;
    signal: AbortSignal;
    resolve(answer: unknown): void;
    reject(error: unknown): void;
  }[] = [];
  const run = timed((scheduler) =>
    enrich({
      key: customer,
      lookup: (key, signal) =>
        new Promise((resolve, reject) => {
          calls.push({ key, signal, resolve, reject });
        }),
      as: 'name',
      scheduler,
      ...options,
    }),
  );
  return { ...run, calls, keys: () => calls.map(({ key }) => key) };
}

describe('enrich', () => {
  it('forwards messages in the order in which they came, whichever is found first', async () => {
    const { send, calls, left } = asked();
    send({ c: 1 }, { c: 2 });
    calls[1]?.resolve('B');
    await turn();
    expect(left).toEqual([]);
    calls[0]?.resolve('A');
    await turn();
    expect(left).toEqual(['{"c":1,"name":"A"}@0', '{"c":2,"name":"B"}@0']);
  });

  it('looks a key up once for all that wait for it', async () => {
    const { send, calls, left, keys } = asked();
    send({ c: 1 }, { c: 1 }, { c: 2 });
    await turn();
    expect(keys()).toEqual([1, 2]);
    calls[0]?.resolve('A');
    calls[1]?.resolve('B');
    await turn();
    expect(left).toHaveLength(3);
    send({ c: 1 });
    await turn();
    expect(keys()).toEqual([1, 2, 1]);
  });

  it('keeps answers for as long as it is told to, and that there is none for five seconds', async () => {
    const { send, calls, keys, left, scheduler } = asked({ cacheMs: 60_000 });
    send({ c: 1 }, { c: 2 }, { c: 3 });
    calls[0]?.resolve('A');
    calls[1]?.resolve(undefined);
    calls[2]?.resolve(null);
    await turn();
    const again = async (): Promise<unknown[]> => {
      const before = calls.length;
      send({ c: 1 }, { c: 2 }, { c: 3 });
      await turn();
      for (const { resolve } of calls.slice(before)) resolve('new');
      await turn();
      return keys().slice(before);
    };
    await elapse(scheduler, 4_999);
    expect(await again()).toEqual([]);
    await elapse(scheduler, 1);
    expect(await again()).toEqual([2, 3]);
    await elapse(scheduler, 55_000);
    expect(await again()).toEqual([1]);
    expect(left.at(1)).toBe('{"c":2,"name":null}@0');
  });

  it('keeps as many answers as it may, and forgets the one unused longest', async () => {
    const { send, calls, keys } = asked({ cacheMs: 60_000, cacheMax: 2 });
    for (const c of [1, 2, 1, 3, 1, 2]) {
      const before = calls.length;
      send({ c });
      await turn();
      for (const { resolve } of calls.slice(before)) resolve('x');
      await turn();
    }
    expect(keys()).toEqual([1, 2, 3, 2]);
  });

  it('fails all that wait for a lookup that fails, and asks again for the next', async () => {
    const { send, calls, ledger, keys } = asked({ cacheMs: 60_000 });
    send({ c: 1 }, { c: 1 });
    calls[0]?.reject(new Error('no connection'));
    await turn();
    expect(ledger.failed.map(({ message }) => message)).toEqual([
      'step enrich: no connection',
      'step enrich: no connection',
    ]);
    send({ c: 1 });
    await turn();
    expect(keys()).toEqual([1, 1]);
  });

  it('gives a message back whose lookup takes too long, and aborts it when nobody else waits', async () => {
    const { send, calls, ledger, scheduler } = asked({ deadlineMs: 100 });
    send({ c: 1 });
    await elapse(scheduler, 50);
    send({ c: 1 });
    await elapse(scheduler, 50);
    expect(ledger.statuses).toEqual(['nack', 'open']);
    expect(calls[0]?.signal.aborted).toBe(false);
    await elapse(scheduler, 50);
    expect(ledger.statuses).toEqual(['nack', 'nack']);
    expect(calls[0]?.signal.aborted).toBe(true);
  });

  it('asks anew for a key whose lookup nobody waited for any more, and listens to that alone', async () => {
    const { send, calls, keys, left, scheduler } = asked({ deadlineMs: 100 });
    send({ c: 1 });
    await elapse(scheduler, 100);
    send({ c: 1 });
    await turn();
    expect(keys()).toEqual([1, 1]);
    calls[0]?.resolve('late');
    await turn();
    send({ c: 1 });
    await turn();
    expect(keys()).toEqual([1, 1]);
    calls[1]?.resolve('A');
    await turn();
    expect(left).toEqual(['{"c":1,"name":"A"}@100', '{"c":1,"name":"A"}@100']);
  });

  it('takes 0 and an empty text for something that was found', async () => {
    const { send, calls, left } = asked({ missing: 'fail' });
    send({ c: 1 }, { c: 2 });
    calls[0]?.resolve(0);
    calls[1]?.resolve('');
    await turn();
    expect(left).toEqual(['{"c":1,"name":0}@0', '{"c":2,"name":""}@0']);
  });

  it('looks up as many at once as it may, and holds its source while others wait', async () => {
    const { send, keys, ledger } = asked({ concurrency: 2 });
    send({ c: 1 }, { c: 2 }, { c: 3 }, { c: 4 });
    await turn();
    expect(keys()).toEqual([1, 2]);
    expect(ledger.holders.size).toBe(1);
  });

  it.each([
    ['merges a map into the payload', {}, { name: 'A', c: 9 }, '{"c":9,"name":"A"}@0'],
    ['merges nothing of nothing', {}, null, '{"c":1}@0'],
    ['puts anything under a key', { as: 'list' }, [1], '{"c":1,"list":[1]}@0'],
    [
      'puts a key that is special for JavaScript as any other',
      { as: '__proto__' },
      1,
      '{"c":1,"__proto__":1}@0',
    ],
  ])('%s', async (_fact, options, answer, payload) => {
    const { send, calls, left } = asked({ as: undefined, ...options });
    send({ c: 1 });
    calls[0]?.resolve(answer);
    await turn();
    expect(left).toEqual([payload]);
  });

  it.each([
    ['a text to merge', { as: undefined }, 'text', /expected a map to merge, found "text"/],
    [
      'nothing, where there must be something',
      { missing: 'fail' as const },
      null,
      /find something, found nothing/,
    ],
  ])('fails a message for %s', async (_what, options, answer, reason) => {
    const { send, calls, ledger } = asked(options);
    send({ c: 1 });
    calls[0]?.resolve(answer);
    await turn();
    expect(ledger.failed[0]).toMatchObject({
      code: 'step-failed',
      message: expect.stringMatching(reason),
    });
  });

  it.each([
    ['"text"', 'text'],
    ['null', null],
    ['a list', [1]],
  ])('fails a message whose payload is no map: %s', async (_kind, payload) => {
    const { send, ledger } = timed((scheduler) =>
      enrich({ key: () => 1, lookup: () => 'A', as: 'name', scheduler }),
    );
    send(payload);
    await turn();
    expect(ledger.failed[0]).toMatchObject({
      code: 'step-failed',
      message: expect.stringContaining('step enrich: expected a map as the payload, found '),
    });
  });
});

describe('the step enrich', () => {
  const written = {
    use: './customer.ts',
    key: 'payload.c',
    as: 'name',
    with: { table: 't' },
    cache: { for: '5m' },
  };
  const files = (exported: unknown) => ({ load: async () => exported, read: async () => '' });

  it('looks up with what its file makes of its options', async () => {
    const factory = (options: unknown) => (key: unknown) => `${JSON.stringify(options)} ${String(key)}`;
    const prepared = await enrichStep.prepare?.(parsed(enrichStep, written) as never, files(factory));
    const { value } = prepared as { value: never };
    const { send, left } = timed((scheduler) =>
      enrichStep.create(value, { name: 'x', log: silentLog, scheduler }),
    );
    send({ c: 1 });
    await turn();
    expect(left).toEqual(['{"c":1,"name":"{\\"table\\":\\"t\\"} 1"}@0']);
  });

  it('has defaults', () => {
    expect(parsed(enrichStep, { use: './customer.ts', key: 'payload.c', cache: {} })).toMatchObject({
      missing: 'pass',
      cache: { for: 60_000, max: 10_000 },
      concurrency: 16,
      deadline: 30_000,
    });
  });

  it('refuses a file that exports no function', async () => {
    const prepared = await enrichStep.prepare?.(parsed(enrichStep, written) as never, files({}));
    expect(prepared?.issues?.[0]).toEqual({
      message: 'expected ./customer.ts to export a function as its default',
      path: ['use'],
    });
    const context = { name: 'x', log: silentLog, scheduler: undefined as never };
    const options = { ...(parsed(enrichStep, written) as object), factory: () => 1 } as never;
    expect(() => enrichStep.create(options, context)).toThrow(
      expect.objectContaining({
        code: 'plugin-invalid',
        message: expect.stringContaining('to return a function of a key'),
      }),
    );
  });
});
