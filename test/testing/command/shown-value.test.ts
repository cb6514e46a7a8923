import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { displayWidth } from '../../../src/config/columns.ts';
import { shownLines, shownValue } from '../../../src/testing/command/shown-value.ts';
import { runs } from '../../runs.ts';

const isPrintable = (value: unknown): boolean => !/[\p{Cc}\p{Cs}\u2028\u2029\\]/u.test(JSON.stringify(value));
const values = fc.jsonValue({ maxDepth: 3 }).filter(isPrintable);

describe('a shown value', () => {
  it('reads as YAML to the same value', () => {
    fc.assert(
      fc.property(values, (value) => {
        // JSON writes one of the two zeros.
        const json = JSON.stringify(value);
        expect(JSON.stringify(parse(shownValue(value)))).toBe(json);
        expect(JSON.stringify(parse(shownLines(value, 20).join('\n')))).toBe(json);
      }),
      runs({ share: 0.2 }),
    );
  });

  it.each([
    [{ id: 1, name: 'ARD is high' }, '{ id: 1, name: ARD is high }'],
    ['1', "'1'"],
    [Buffer.from('text'), 'text'],
    [new Uint8Array([255]), '{ base64: /w== }'],
    [undefined, 'null'],
    [() => 1, 'a function'],
    [10n, '10'],
    [{ at: new Date(0) }, '{ at: 1970-01-01T00:00:00.000Z }'],
  ])('%o is %s', (value, text) => {
    expect(shownValue(value).replaceAll('"', "'")).toBe(text);
  });

  it('lets nothing write to the terminal', () => {
    for (const text of ['\u001b[31m', 'a\nb', '\u2028', '\ud800']) {
      expect(shownValue({ text })).not.toMatch(/[\p{Cc}\p{Cs}]/u);
      expect(shownLines({ text: text.repeat(40) }, 40).join('')).not.toMatch(/[\p{Cc}\p{Cs}]/u);
    }
  });

  it('stands on several lines where one is too narrow', () => {
    const value = { payload: { id: 1, items: [{ sku: 'abc', qty: 1 }], none: [] } };
    expect(shownLines(value, 80)).toHaveLength(1);
    const lines = shownLines(value, 30);
    expect(lines).toEqual([
      'payload:',
      '  id: 1',
      '  items:',
      '    - sku: abc',
      '      qty: 1',
      '  none: []',
    ]);
    expect(lines.every((line) => displayWidth(line) <= 30)).toBe(true);
  });
});
