import { describe, expect, it } from 'vitest';
import { clock, count, rate, shown } from '../../../src/http/page/format.js';

describe('format of the page', () => {
  it.each([
    [0, '0/s'],
    [0.5, '0.5/s'],
    [1, '1/s'],
    [9.94, '9.9/s'],
    [12.4, '12/s'],
    [9_999, '9,999/s'],
    [12_345, '12.3K/s'],
  ])('writes %d a second as %s', (perSecond, text) => {
    expect(rate(perSecond)).toBe(text);
  });

  it('writes large counts with separators and times with two digits', () => {
    expect(count(1_234_567)).toBe('1,234,567');
    expect(clock(new Date(2026, 0, 1, 9, 5, 7))).toBe('09:05:07');
  });

  it('shows text of up to 4,000 characters as it is, and cuts longer text', () => {
    expect(shown('x'.repeat(4_000))).toHaveLength(4_000);
    expect(shown('x'.repeat(4_001))).toBe(`${'x'.repeat(4_000)}… (1 more characters)`);
  });

  it('shows up to 32 bytes of a binary message', () => {
    expect(shown(new Uint8Array([0, 255]).buffer)).toBe('2 bytes: 00 ff');
    expect(shown(new Uint8Array(32).buffer)).toMatch(/^32 bytes: (00 ){31}00$/);
    expect(shown(new Uint8Array(33).buffer)).toMatch(/^33 bytes: (00 ){32}…$/);
  });
});
