import { describe, expect, it } from 'vitest';
import { plugin } from '../../../plugins/endpoint-kafka/index.ts';
import type { Capabilities } from '../../../src/core/endpoint.ts';

async function parsed(written: object) {
  return plugin.options['~standard'].validate(written);
}

async function capabilities(written: object): Promise<Capabilities> {
  const result = await parsed(written);
  if (result.issues !== undefined) throw new Error(JSON.stringify(result.issues));
  return plugin.capabilities(result.value);
}

async function problem(written: object): Promise<string | undefined> {
  return (await parsed(written)).issues?.[0]?.message;
}

describe('endpoint-kafka › options', () => {
  it('only writes without a group', async () => {
    const { source, sink, writesTo } = await capabilities({ brokers: ['one'], topic: 'orders' });
    expect(source).toBeUndefined();
    expect(sink?.confirms).toBe('durable');
    expect(writesTo).toEqual(['kafka://one:9092/orders']);
  });

  it('reads what it writes with a group, and other topics where they are stated', async () => {
    const both = await capabilities({ brokers: ['a:1', 'b:2'], topic: 'orders', group: 'g' });
    expect(both.readsFrom).toEqual(both.writesTo);
    expect(both.source).toMatchObject({
      canPause: true,
      acks: true,
      redelivers: true,
      ordered: 'lane',
      scope: 'once',
    });
    const reads = await capabilities({ topics: ['in', 'in', 'more'], group: 'g' });
    expect(reads.sink).toBeUndefined();
    expect(reads.readsFrom).toEqual(['kafka://127.0.0.1:9092/in', 'kafka://127.0.0.1:9092/more']);
  });

  it('confirms less where one broker is enough', async () => {
    const { sink } = await capabilities({ topic: 't', acks: 'leader', idempotent: false });
    expect(sink?.confirms).toBe('accepted');
  });

  it.each([
    [{}, 'expected topic'],
    [{ topics: ['t'] }, 'expected a group'],
    [{ topic: 'a b' }, 'expected the name of a topic'],
    [{ topic: 't', brokers: ['kafka://user:secret@host'] }, 'expected host:port'],
    [{ topic: 't', acks: 'leader' }, 'expected idempotent: false'],
    [{ topic: 't', sasl: { username: 'u' } }, 'expected string'],
  ])('refuses %j', async (written, text) => {
    expect(await problem(written)).toContain(text);
  });
});
