import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import plugin from '../../../plugins/endpoint-amqp/index.ts';
import { matches } from '../../../plugins/endpoint-amqp/routing-key.ts';
import { parseTarget } from '../../../plugins/endpoint-amqp/target.ts';
import { runs } from '../../runs.ts';
import { optionsOf } from '../options-of.ts';

const { problems, capabilities } = optionsOf(plugin);

describe('endpoint-amqp › options', () => {
  it('need something to read or to publish to, and one place to publish to', async () => {
    expect(await problems({})).toEqual([
      ': expected at least one of queue (to read), to-queue and exchange (to publish to)',
    ]);
    for (const one of [{ queue: 'q' }, { 'to-queue': 'q' }, { exchange: 'e' }, { queue: 'q', exchange: 'e' }])
      expect(await problems(one)).toEqual([]);
    expect(await problems({ exchange: 'e', 'to-queue': 'q' })).toEqual([
      'to-queue: expected either to-queue or exchange',
    ]);
    expect(await problems({ queue: 'q', qeue: 'q' })).toHaveLength(1);
  });

  it('take a name of 255 bytes, and none of 256', async () => {
    expect(await problems({ queue: 'ü'.repeat(127) })).toEqual([]);
    expect(await problems({ queue: 'ü'.repeat(128) })).toEqual(['queue: expected at most 255 bytes']);
  });

  it('take a prefetch as AMQP can count it', async () => {
    expect(await problems({ queue: 'q', prefetch: 65_535 })).toEqual([]);
    expect(await problems({ queue: 'q', prefetch: 65_536 })).toHaveLength(1);
    expect(await problems({ queue: 'q', prefetch: 0 })).toHaveLength(1);
  });

  it('take 256 bindings, of a queue that is read, and 64 arguments', async () => {
    const bindings = (count: number) => Array.from({ length: count }, () => ({ exchange: 'e' }));
    const some = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`x-${n}`, n]));
    expect(await problems({ queue: 'q', bindings: bindings(256), arguments: some(64) })).toEqual([]);
    expect(await problems({ queue: 'q', bindings: bindings(257) })).toHaveLength(1);
    expect(await problems({ queue: 'q', arguments: some(65) })).toHaveLength(1);
    expect(await problems({ exchange: 'e', bindings: bindings(1) })).toEqual([
      'bindings: expected the queue to bind beside bindings',
    ]);
  });

  it('let a routing key come from a message only beside a list of those that are allowed', async () => {
    expect(await problems({ exchange: 'e', 'routing-key-from': 'meta.key' })).toHaveLength(1);
    expect(
      await problems({ exchange: 'e', 'routing-key-from': 'meta.key', 'routing-keys': ['a.*'] }),
    ).toEqual([]);
    expect(await problems({ exchange: 'e', 'routing-keys': ['a.*'] })).toHaveLength(1);
    expect(await problems({ 'to-queue': 'q', 'routing-key': 'a' })).toHaveLength(1);
    expect(
      await problems({ exchange: 'e', 'routing-key': 'a', 'routing-key-from': 'id', 'routing-keys': ['#'] }),
    ).toEqual(['routing-key-from: expected either routing-key or routing-key-from']);
  });

  it('take tls beside amqps:// only, and auth: external beside a certificate only', async () => {
    expect(await problems({ queue: 'q', tls: { ca: 'ca.pem' } })).toHaveLength(1);
    expect(await problems({ queue: 'q', url: 'amqps://h', tls: { ca: 'ca.pem' } })).toEqual([]);
    expect(await problems({ queue: 'q', url: 'amqps://h', auth: 'external' })).toHaveLength(1);
    const tls = { cert: 'c.pem', key: 'k.pem' };
    expect(await problems({ queue: 'q', url: 'amqps://h', auth: 'external', tls })).toEqual([]);
  });

  it('never repeat a URL that is wrong: it may hold a password', async () => {
    for (const url of [
      'http://u:s3cret@h',
      'amqp://u:s3cret@h?a=b',
      'amqp://u:s3cret@h/a/b',
      'amqp://u:s3cret%@h',
    ]) {
      const found = await problems({ queue: 'q', url });
      expect(found).toHaveLength(1);
      expect(found[0]).not.toContain('s3cret');
    }
  });
});

describe('endpoint-amqp › capabilities', () => {
  it('are those of a queue: it waits for acks, keeps its order, and gives each message to one', async () => {
    expect(await capabilities({ queue: 'q' })).toMatchObject({
      source: { canPause: true, acks: true, redelivers: true, ordered: 'all', scope: 'once' },
      readsFrom: ['amqp://127.0.0.1:5672 /q'],
    });
    expect((await capabilities({ queue: 'q' })).sink).toBeUndefined();
    expect((await capabilities({ exchange: 'e' })).source).toBeUndefined();
  });

  it('confirm as durable only what is: persistent messages in a quorum queue of its own, or what the user states', async () => {
    const level = async (written: object) => (await capabilities(written)).sink?.confirms;
    expect(await level({ 'to-queue': 'q' })).toBe('durable');
    expect(await level({ 'to-queue': 'q', persistent: false })).toBe('accepted');
    expect(await level({ 'to-queue': 'q', 'queue-type': 'classic' })).toBe('accepted');
    expect(await level({ 'to-queue': 'q', declare: false })).toBe('accepted');
    expect(await level({ exchange: 'e' })).toBe('accepted');
    expect(await level({ exchange: 'e', confirms: 'durable' })).toBe('durable');
  });

  it('read what is published to the exchanges that the queue is bound to', async () => {
    const bound = (key: string) =>
      capabilities({ queue: 'q', bindings: [{ exchange: 'e', 'routing-key': key }] });
    const written = async (key: string) =>
      (await capabilities({ exchange: 'e', 'routing-key': key })).writesTo?.[0] ?? '';
    expect((await bound('a.b')).readsFrom).toContain(await written('a.b'));
    for (const [pattern, key] of [
      ['a.*', 'a.b'],
      ['a.#', 'a'],
      ['#', ''],
      ['#.b', 'b'],
      ['#.b', 'x.y.b'],
      ['a.#.c', 'a.c'],
    ] as const)
      expect([pattern, key, (await bound(pattern)).readsMatching?.[0]?.test(await written(key))]).toEqual([
        pattern,
        key,
        true,
      ]);
    expect((await bound('a.*')).readsMatching?.[0]?.test(await written('a.b.c'))).toBe(false);
    expect((await bound('#.b')).readsMatching?.[0]?.test(await written('ab'))).toBe(false);
  });
});

describe('endpoint-amqp › target', () => {
  it('reads what a URL of AMQP says', () => {
    expect(parseTarget('amqp://u%40x:p%2Fw@Broker/sales%20eu')).toEqual({
      host: 'broker',
      port: 5672,
      isTls: false,
      username: 'u@x',
      password: 'p/w',
      vhost: 'sales eu',
      address: 'amqp://broker:5672/sales%20eu',
    });
    expect(parseTarget('amqps://[::1]')).toMatchObject({ host: '::1', port: 5671, vhost: '/' });
    expect(parseTarget('amqp://h/%2F').vhost).toBe('/');
  });
});

describe('endpoint-amqp › routing keys', () => {
  it('match as a topic exchange matches them', () => {
    /** The definition, word by word. */
    const model = (pattern: readonly string[], key: readonly string[]): boolean => {
      const [first, ...rest] = pattern;
      if (first === undefined) return key.length === 0;
      if (first === '#') return model(rest, key) || (key.length > 0 && model(pattern, key.slice(1)));
      return key.length > 0 && (first === '*' || first === key[0]) && model(rest, key.slice(1));
    };
    const word = fc.constantFrom('a', 'b');
    fc.assert(
      fc.property(
        fc.array(fc.oneof(word, fc.constantFrom('*', '#')), { minLength: 1, maxLength: 6 }),
        fc.array(word, { minLength: 1, maxLength: 7 }),
        (pattern, key) => {
          expect(matches(pattern.join('.'), key.join('.'))).toBe(model(pattern, key));
        },
      ),
      runs(),
    );
  });
});
