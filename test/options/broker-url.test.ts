import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type BrokerUrlForm, parsing, readBrokerUrl } from '../../src/options/broker-url.ts';
import { runs } from '../runs.ts';

const form: BrokerUrlForm = {
  of: 'Storks',
  such: 'stork://host:1 or storks://user:password@host:2',
  plain: { scheme: 'stork', port: 1 },
  tls: { scheme: 'storks', port: 2 },
};
const read = (text: string) => readBrokerUrl(text, form);
const part = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => text.isWellFormed());

describe('the URL of a broker', () => {
  it('is read back as it was written', () => {
    fc.assert(
      fc.property(
        fc.record({
          isTls: fc.boolean(),
          username: fc.option(part, { nil: undefined }),
          password: fc.option(part, { nil: undefined }),
          host: fc.constantFrom('nest', 'a.nest.example', '127.0.0.1', '[::1]'),
          port: fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }),
          path: fc.constantFrom('', 'chimney', 'two%20words'),
        }),
        ({ isTls, username, password, host, port, path }) => {
          const login = [username, ...(password === undefined ? [] : [password])].map((one) =>
            encodeURIComponent(one ?? ''),
          );
          const scheme = isTls ? 'storks' : 'stork';
          const at = login.join(':');
          const text = `${scheme}://${at === '' ? '' : `${at}@`}${host}${port === undefined ? '' : `:${port}`}/${path}`;
          const known = port ?? (isTls ? 2 : 1);
          expect(read(text)).toEqual({
            host: host.replace(/[[\]]/g, ''),
            port: known,
            isTls,
            username,
            password,
            path,
            address: `${scheme}://${host}:${known}`,
          });
        },
      ),
      runs({ share: 0.2 }),
    );
  });

  it.each([
    ['nest:1', `expected a URL such as ${form.such}`],
    ['http://nest', `expected a URL such as ${form.such}`],
    ['stork://', `expected a URL such as ${form.such}`],
    [
      'stork://nest?a=1',
      'expected no ? and no # in the URL of Storks: encode them as %3F and %23 in a password',
    ],
    [
      'stork://nest#a',
      'expected no ? and no # in the URL of Storks: encode them as %3F and %23 in a password',
    ],
    ['stork://a:100%@nest', 'expected a % in the URL of Storks to be written as %25'],
  ])('%s: %s', (text, said) => {
    expect(() => read(text)).toThrow(said);
  });

  it('is an option that says what is wrong, and never the URL', () => {
    const option = z.string().transform(parsing(read));
    expect(option.parse('stork://nest').address).toBe('stork://nest:1');
    const { error } = option.safeParse('stork://me:secret@nest?x');
    expect(error?.issues.map(({ message }) => message)).toEqual([expect.stringMatching(/^expected no \?/)]);
    expect(JSON.stringify(error)).not.toContain('secret');
  });
});
