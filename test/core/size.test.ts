import { describe, expect, it } from 'vitest';
import { sizeOf } from '../../src/core/size.ts';

describe('sizeOf', () => {
  it.each([
    ['four', 8],
    [new Uint8Array(5), 5],
    [7, 8],
    [null, 8],
    [undefined, 8],
    [{ a: 1 }, 17],
    [{ a: null }, 17],
    [{ a: 'four' }, 17],
    [['four', 'a'], 9 + 8 + 9 + 2],
    [{ a: new Uint8Array(100) }, 9 + 100],
    [{ a: { bc: true } }, 9 + 10 + 8],
  ])('estimates %j at %i bytes', (value, bytes) => {
    expect(sizeOf(value)).toBe(bytes);
  });

  it('looks at no more than 256 parts, however many there are', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    expect(sizeOf(circle)).toBe(256 * 12);
    expect(sizeOf(new Array(1_000_000).fill('text'))).toBeLessThan(1_000_000);
  });

  it('does not throw at a value that throws when it is looked at', () => {
    const thrower = (): never => {
      throw new Error('looked at');
    };
    expect(sizeOf(new Proxy({}, { ownKeys: thrower }))).toBe(8);
    expect(sizeOf(Object.defineProperty({}, 'a', { enumerable: true, get: thrower }))).toBeGreaterThan(0);
  });
});
