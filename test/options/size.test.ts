import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { formatSize, isSizeText, parseSize, size } from '../../src/options/size.ts';
import { runs } from '../runs.ts';

function issueOf(schema: z.ZodType, value: unknown): string | undefined {
  return schema.safeParse(value).error?.issues[0]?.message;
}

describe('parseSize', () => {
  it.each([
    ['1MiB', 1_048_576],
    ['64KiB', 65_536],
    ['16MB', 16_000_000],
    ['1.5GiB', 1_610_612_736],
    ['10B', 10],
    [1024, 1024],
  ])('reads %s as %d bytes', (value, bytes) => {
    expect(parseSize(value)).toBe(bytes);
  });

  it.each([['big'], [''], ['1024'], ['-1KiB'], ['1 KiB'], ['1kib'], [Number.NaN], [null], [undefined], [{}]])(
    'refuses %j',
    (value) => {
      expect(() => parseSize(value)).toThrow(/^expected a size such as 64KiB, found /);
    },
  );

  it('refuses parts of bytes, and what is out of range', () => {
    expect(() => parseSize(1.5)).toThrow('expected a whole number of bytes, found 1.5');
    expect(() => parseSize(0)).toThrow('expected a size of at least 1B, found 0');
    expect(() => parseSize('2KiB', { max: 1024 })).toThrow('expected a size of at most 1KiB, found "2KiB"');
    expect(parseSize(0, { min: 0 })).toBe(0);
  });

  it('reads back what formatSize writes', () => {
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (bytes) => {
        expect(parseSize(formatSize(bytes), { min: 0 })).toBe(bytes);
      }),
      runs(),
    );
  });

  it('tells text with a unit from a number', () => {
    expect(isSizeText('16MiB')).toBe(true);
    expect(isSizeText('1024')).toBe(false);
    expect(isSizeText(1024)).toBe(false);
  });
});

describe('size', () => {
  it('says what was expected and what was found', () => {
    expect(issueOf(size(), 'big')).toBe('expected a size such as 64KiB, found "big"');
    expect(issueOf(size(), true)).toBe('expected a size such as 64KiB, found true');
    expect(issueOf(size(), [1])).toBe('expected a size such as 64KiB, found a list');
  });

  it('takes text, a number and a default in bytes', () => {
    const schema = z.strictObject({ payload: size().default(1024) });
    expect(schema.parse({})).toEqual({ payload: 1024 });
    expect(schema.parse({ payload: '1KiB' })).toEqual({ payload: 1024 });
    expect(schema.parse({ payload: 7 })).toEqual({ payload: 7 });
  });

  it('describes itself in JSON Schema', () => {
    const exported = z.toJSONSchema(size(), { io: 'input', target: 'draft-7' });
    expect(exported).toMatchObject({ anyOf: [{ type: 'string' }, { type: 'number' }] });
    expect(exported.description).toContain('64KiB');
  });
});
