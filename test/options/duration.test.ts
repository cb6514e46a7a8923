import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { duration, formatDuration, LONGEST_TIMER_MS, parseDuration } from '../../src/options/duration.ts';
import { runs } from '../runs.ts';

function issueOf(schema: z.ZodType, value: unknown): string | undefined {
  return schema.safeParse(value).error?.issues[0]?.message;
}

describe('parseDuration', () => {
  it.each([
    ['250ms', 250],
    ['10s', 10_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['2d', 172_800_000],
    ['1.5s', 1500],
    ['1.1s', 1100],
  ])('reads %s as %d milliseconds', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    ['ten'],
    [''],
    ['10'],
    ['-1s'],
    ['1e3s'],
    ['1 s'],
    ['1S'],
    ['1w'],
    [10],
    [null],
    [undefined],
    [['1s']],
  ])('refuses %j', (value) => {
    expect(() => parseDuration(value)).toThrow(/^expected a duration such as 250ms, found /);
  });

  it('reads back what formatDuration writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: LONGEST_TIMER_MS }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
      runs(),
    );
  });

  it('takes the longest that a timer can wait, and nothing longer', () => {
    expect(parseDuration(`${LONGEST_TIMER_MS}ms`)).toBe(2_147_483_647);
    expect(() => parseDuration(`${LONGEST_TIMER_MS + 1}ms`)).toThrow(
      'at most 2147483647ms, found "2147483648ms"',
    );
  });

  it('takes nothing shorter than the least, which is a millisecond unless given', () => {
    expect(() => parseDuration('0s')).toThrow('expected a duration of at least 1ms, found "0s"');
    expect(() => parseDuration('0.5ms')).toThrow('expected a whole number of milliseconds, found "0.5ms"');
    expect(parseDuration('0s', { min: 0 })).toBe(0);
  });
});

describe('duration', () => {
  it('says what was expected and what was found', () => {
    expect(issueOf(duration(), 'ten')).toBe('expected a duration such as 250ms, found "ten"');
    expect(issueOf(duration(), 10)).toBe('expected a duration such as 250ms, found 10');
    expect(issueOf(duration({ max: 1000 }), '2s')).toBe('expected a duration of at most 1s, found "2s"');
  });

  it('takes its default in milliseconds', () => {
    const schema = z.strictObject({ every: duration().default(1000) });
    expect(schema.parse({})).toEqual({ every: 1000 });
    expect(schema.parse({ every: '2s' })).toEqual({ every: 2000 });
  });

  it('describes itself in JSON Schema', () => {
    const exported = z.toJSONSchema(duration(), { io: 'input', target: 'draft-7' });
    expect(exported).toMatchObject({ type: 'string', examples: ['250ms', '10s', '5m'] });
    expect(exported.description).toContain('such as 250ms');
  });
});
