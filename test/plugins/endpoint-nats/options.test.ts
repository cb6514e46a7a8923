import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import plugin from '../../../plugins/endpoint-nats/index.ts';
import type { Meta } from '../../../src/core/message.ts';
import { headersOf } from '../../../src/nats/headers.ts';
import { isPattern, isSubject, matches, patternOf } from '../../../src/nats/subject.ts';
import { parseServer } from '../../../src/nats/target.ts';
import { runs } from '../../runs.ts';
import { optionsOf } from '../options-of.ts';

const { problems, capabilities } = optionsOf(plugin);

describe('endpoint-nats › options', () => {
  it('need something to read or to write', async () => {
    expect(await problems({})).toEqual([
      ': expected at least one of subscribe, publish, subject-from and reply',
    ]);
    for (const one of [
      { subscribe: 'a.>' },
      { subscribe: ['a', '*.b'] },
      { publish: 'a' },
      { reply: true },
    ]) {
      expect(await problems(one)).toEqual([]);
    }
  });

  it('take subjects that a server takes', async () => {
    for (const wrong of ['', 'a b', 'a..b', '.a', 'a.', '>.a', 'a\nb']) {
      expect(await problems({ subscribe: wrong })).toHaveLength(1);
      expect(await problems({ publish: wrong })).toHaveLength(1);
    }
    expect(await problems({ publish: 'a.*' })).toEqual([
      'publish: expected a subject such as orders.new, without * and >, found "a.*"',
    ]);
  });

  it('let a message choose its subject only among those that are stated', async () => {
    expect(await problems({ 'subject-from': 'meta.key' })).toEqual([
      'subjects: expected subjects beside subject-from: those that it may give, such as [orders.>]',
    ]);
    expect(await problems({ 'subject-from': 'meta.key', subjects: ['a.>'] })).toEqual([]);
    expect(await problems({ publish: 'a', subjects: ['a.>'] })).toHaveLength(1);
    expect(await problems({ publish: 'a', 'subject-from': 'meta.key', subjects: ['a'] })).toHaveLength(1);
    expect(await problems({ publish: 'a', reply: true })).toHaveLength(1);
  });

  it('take one way to log in', async () => {
    expect(await problems({ publish: 'a', url: 'nats://u:p@h', token: 't' })).toEqual([
      'token: expected one way to log in, found a user or token in url and token',
    ]);
    expect(await problems({ publish: 'a', nkey: 'n', creds: 'c' })).toHaveLength(1);
    expect(await problems({ publish: 'a', nkey: 'n' })).toEqual([]);
  });

  it('never repeat a URL that is wrong: it may hold a password', async () => {
    for (const url of ['http://u:hunter22@h', 'nats://u:hunter22@h/x', 'nats://:hunter22%@h', 'hunter22']) {
      for (const written of [url, ['nats://h', url]]) {
        const found = await problems({ publish: 'a', url: written });
        expect(found).toHaveLength(1);
        expect(found[0]).toMatch(/^url.*: expected /);
        expect(found[0]).not.toContain('hunter22');
      }
    }
  });
});

describe('endpoint-nats › capabilities', () => {
  it('are those of the roles that it has', async () => {
    const both = await capabilities({
      subscribe: ['news', 'log.>'],
      publish: 'log.all',
      url: 'nats://u:s@Host',
    });
    expect(both.source).toMatchObject({ canPause: false, acks: false, redelivers: false, scope: 'copy' });
    expect(both.sink).toEqual({ confirms: 'accepted', reaches: 'system', carries: 'bytes' });
    expect(both.writesTo).toEqual(['nats://host:4222/log.all']);
    expect(both.readsFrom).toEqual([
      'nats://host:4222/news',
      'nats://host:4222/log.>',
      'nats://host:4222/log.all',
    ]);
    expect(both.readsMatching?.[0]?.test('nats://host:4222/log.a.b')).toBe(true);
    expect((await capabilities({ subscribe: 'a', queue: 'q' })).source?.scope).toBe('once');
    expect((await capabilities({ subscribe: 'a' })).sink).toBeUndefined();
    expect((await capabilities({ reply: true })).source).toBeUndefined();
  });
});

describe('nats › target', () => {
  it('is what the URL says', () => {
    expect(parseServer('tls://user:p%40ss@Host:4223')).toEqual({
      host: 'host',
      port: 4223,
      isTls: true,
      username: 'user',
      password: 'p@ss',
      token: undefined,
      address: 'nats://host:4223',
    });
    expect(parseServer('nats://s3cret@[::1]')).toMatchObject({
      host: '::1',
      port: 4222,
      username: undefined,
      token: 's3cret',
      address: 'nats://[::1]:4222',
    });
  });
});

describe('nats › subject', () => {
  it.each([
    ['news', 'news', true],
    ['news', 'news.a', false],
    ['news.*', 'news.a', true],
    ['news.*', 'news.a.b', false],
    ['news.>', 'news.a.b', true],
    ['news.>', 'news', false],
    ['*.b', 'a.b', true],
    ['>', 'a', true],
    ['a*', 'ab', false],
    ['a*', 'a*', true],
    ['a+(b)-c/d', 'a+(b)-c/d', true],
  ])('%s on %s is %s', (pattern, subject, expected) => {
    expect(matches(pattern, subject)).toBe(expected);
    expect(patternOf(pattern, 'nats://h:1/').test(`nats://h:1/${subject}`)).toBe(expected);
  });

  it('is matched alike as a pattern and as a regular expression', () => {
    const token = fc.constantFrom('a', 'b', '*', '>', 'a*', '$JS', '+', '[', '\\');
    const tokens = fc.array(token, { minLength: 1, maxLength: 4 }).map((all) => all.join('.'));
    fc.assert(
      fc.property(tokens, tokens, (pattern, subject) => {
        fc.pre(isPattern(pattern) && isSubject(subject));
        expect(patternOf(pattern).test(subject)).toBe(matches(pattern, subject));
        expect(matches('>', subject)).toBe(true);
      }),
      runs(),
    );
  });
});

describe('nats › headers', () => {
  const made = (meta: Meta): string[] => {
    const appended: string[] = [];
    const headers = { append: (name: string, value: string) => appended.push(`${name}: ${value}`) };
    headersOf(meta, () => headers as never);
    return appended;
  };

  it('are none where there is nothing to carry', () => {
    expect(headersOf({ endpoint: 'e', lane: 'l' }, () => expect.fail())).toBeUndefined();
  });

  it('never carry what commands a server, whatever its case', () => {
    const headers = { 'Nats-Rollup': 'all', 'nats-expected-stream': 'x', 'ARALDO-ID': 'forged', 'x-a': 'b' };
    expect(made({ headers })).toEqual(['x-a: b']);
  });

  it('carry a header that meta has a field for, unless the field is set', () => {
    const headers = { 'Content-Type': 'text/plain' };
    expect(made({ headers })).toEqual(['Content-Type: text/plain']);
    expect(made({ headers, contentType: 'text/csv' })).toEqual(['content-type: text/csv']);
  });
});
