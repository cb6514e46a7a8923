import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createText } from '../../../plugins/marshal-text/index.ts';
import { AraldoError } from '../../../src/core/errors.ts';
import { runs } from '../../runs.ts';

const text = createText('text');

describe('law 20: marshal-text', () => {
  it('reads back the text it writes, byte order marks included', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.constant('\ufeffa')), (value) => {
        expect(text.unmarshal(text.marshal(value))).toBe(value);
      }),
      runs(),
    );
  });

  it('gives text or a typed error for any bytes, and the text has the same bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        let read: unknown;
        try {
          read = text.unmarshal(bytes);
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'malformed-payload' });
          return;
        }
        expect([...text.marshal(read)]).toEqual([...bytes]);
      }),
      runs(),
    );
  });

  it('writes numbers and booleans as their text', () => {
    expect(text.unmarshal(text.marshal(1.5))).toBe('1.5');
    expect(text.unmarshal(text.marshal(false))).toBe('false');
  });

  it.each([
    [{ a: 1 }, 'found a map'],
    [[1], 'found a list'],
    [null, 'found null'],
    [undefined, 'found nothing'],
    ['\ud800', 'found half of a surrogate pair'],
  ])('refuses %j', (value, reason) => {
    expect(() => text.marshal(value)).toThrow(AraldoError);
    expect(() => text.marshal(value)).toThrow(reason);
  });
});
