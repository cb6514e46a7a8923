import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import plugin from '../../../plugins/endpoint-redis/index.ts';
import { isPattern, matches } from '../../../plugins/endpoint-redis/pattern.ts';
import { parseTarget } from '../../../src/redis/target.ts';
import { runs } from '../../runs.ts';
import { optionsOf } from '../options-of.ts';

const { problems, capabilities } = optionsOf(plugin);

describe('endpoint-redis › options', () => {
  it('need one channel at least', async () => {
    expect(await problems({})).toEqual([': expected at least one of channel, subscribe and publish']);
    expect(await problems({ publish: 'a' })).toEqual([]);
    expect(await problems({ subscribe: [] })).toHaveLength(1);
    expect(await problems({ channel: '' })).toHaveLength(1);
  });

  it('have channel for both ways, so nothing beside it', async () => {
    expect(await problems({ channel: 'a', publish: 'b' })).toEqual([
      'publish: expected either channel, which is both ways, or subscribe and publish',
    ]);
    expect(await problems({ channel: 'a', subscribe: 'b' })).toHaveLength(1);
  });

  it('know no other keys', async () => {
    expect(await problems({ channel: 'a', chanel: 'b' })).toHaveLength(1);
  });

  it('take at most 1,024 subscriptions', async () => {
    const names = (count: number) => Array.from({ length: count }, (_, n) => `c${n}`);
    expect(await problems({ subscribe: names(1_024) })).toEqual([]);
    expect(await problems({ subscribe: names(1_025) })).toHaveLength(1);
  });

  it('take tls beside rediss:// only, and a certificate with its key only', async () => {
    expect(await problems({ channel: 'a', url: 'rediss://h', tls: { ca: 'ca.pem' } })).toEqual([]);
    expect(await problems({ channel: 'a', url: 'redis://h', tls: { ca: 'ca.pem' } })).toEqual([
      'tls: expected a url that begins with rediss:// beside tls',
    ]);
    expect(await problems({ channel: 'a', url: 'rediss://h', tls: { cert: 'c.pem' } })).toEqual([
      'tls: expected cert and key together',
    ]);
  });

  it('never repeat a URL that is wrong: it may hold a password', async () => {
    const wrong = [
      'http://u:hunter22@h',
      'redis://u:hunter22@h/x',
      'redis://u:hunter22@h?a=b',
      'redis://:hunter22%@h',
      'redis://u:hunter22@h:99999',
      'hunter22',
    ];
    for (const url of wrong) {
      const found = await problems({ channel: 'a', url });
      expect(found).toHaveLength(1);
      expect(found[0]).toMatch(/^url: expected /);
      expect(found[0]).not.toContain('hunter22');
    }
  });
});

describe('endpoint-redis › capabilities', () => {
  it('are those of the roles that it has', async () => {
    const channel = await capabilities({ channel: 'news', url: 'redis://u:secret@Cache' });
    expect(channel.source).toEqual({
      canPause: false,
      acks: false,
      redelivers: false,
      ordered: 'lane',
      scope: 'copy',
      carries: 'bytes',
      maxPayload: 1_048_576,
    });
    expect(channel.sink).toEqual({ confirms: 'accepted', reaches: 'system', carries: 'bytes' });
    expect(channel.readsFrom).toEqual(['redis://cache:6379/news']);
    expect(channel.writesTo).toEqual(['redis://cache:6379/news']);
    expect(await capabilities({ publish: 'a' })).toEqual({
      sink: channel.sink,
      writesTo: ['redis://127.0.0.1:6379/a'],
    });
    expect((await capabilities({ subscribe: 'a' })).sink).toBeUndefined();
  });

  it('show that a pattern reads back what the endpoint publishes', async () => {
    const { readsFrom } = await capabilities({ subscribe: 'log.*', publish: 'log.all' });
    expect(readsFrom).toEqual(['redis://127.0.0.1:6379/log.*', 'redis://127.0.0.1:6379/log.all']);
    expect((await capabilities({ subscribe: 'log.?', publish: 'log.all' })).readsFrom).toHaveLength(1);
  });

  it('take channel for a channel, whatever it looks like', async () => {
    expect((await capabilities({ channel: 'a*' })).readsFrom).toEqual(['redis://127.0.0.1:6379/a*']);
  });
});

describe('endpoint-redis › target', () => {
  it('is what the URL says', () => {
    expect(parseTarget('rediss://user:p%40ss@Host:6380/3')).toEqual({
      host: 'host',
      port: 6380,
      isTls: true,
      username: 'user',
      password: 'p@ss',
      database: 3,
      address: 'rediss://host:6380',
    });
    expect(parseTarget('redis://[::1]')).toMatchObject({
      host: '::1',
      port: 6379,
      address: 'redis://[::1]:6379',
    });
  });

  it('law 22: no password is in its address or in an error', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 6, unit: 'grapheme-ascii' }),
        fc.constantFrom('', '/x', '?q'),
        (secret, tail) => {
          fc.pre(!'redis://cache:6379'.includes(secret) && /[^ ]/.test(secret));
          const text = `redis://user:${encodeURIComponent(secret)}@cache${tail}`;
          let said: string;
          try {
            const target = parseTarget(text);
            expect(target.password).toBe(secret);
            said = target.address;
          } catch (thrown) {
            said = String(thrown);
          }
          expect(said).not.toContain(encodeURIComponent(secret));
        },
      ),
      runs(),
    );
  });
});

describe('endpoint-redis › pattern', () => {
  it('is what holds *, ? or [', () => {
    expect(['a*', 'a?', '[ab]', 'a\\*'].map(isPattern)).toEqual([true, true, true, true]);
    expect(['news', 'a.b:c', 'a\\b', ']'].map(isPattern)).toEqual([false, false, false, false]);
  });

  it.each([
    ['news.*', 'news.a.b', true],
    ['news.*', 'news', false],
    ['h?llo', 'hallo', true],
    ['h?llo', 'hllo', false],
    ['h[ae]llo', 'hello', true],
    ['h[^e]llo', 'hello', false],
    ['h[a-c]llo', 'hbllo', true],
    ['h[c-a]llo', 'hbllo', true],
    ['a\\*', 'a*', true],
    ['a\\*', 'ab', false],
    ['[\\]]', ']', true],
    ['a.c', 'abc', false],
    ['*(+', 'x(+', true],
    ['**', '', true],
    ['[ab', 'b', true],
  ])('%s on %s is %s', (pattern, channel, expected) => {
    expect(matches(pattern, channel)).toBe(expected);
  });

  it('is understood whatever it is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('*', '?', '[', ']', '^', '-', '\\', 'a', 'b', '(') }),
        fc.string(),
        (pattern, channel) => {
          expect(typeof matches(pattern, channel)).toBe('boolean');
        },
      ),
      runs(),
    );
  });
});
