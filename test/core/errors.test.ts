import { describe, expect, it } from 'vitest';
import { AraldoError } from '../../src/core/errors.ts';

describe('an error', () => {
  it('has a name, a code, a place and a cause', () => {
    const cause = new Error('socket hang up');
    const place = { file: 'araldo.yaml', line: 3, column: 1 };
    const error = new AraldoError('step-failed', 'expected a key', { cause, place });
    expect(error).toMatchObject({ name: 'AraldoError', code: 'step-failed', message: 'expected a key' });
    expect([error.cause, error.place]).toEqual([cause, place]);
    expect(error.cause).toBe(cause);
  });

  it('has no cause where there is none', () => {
    expect(new AraldoError('step-failed', 'expected a key')).not.toHaveProperty('cause');
  });
});

describe('an error made of what was thrown', () => {
  it('is what was thrown, where that is one', () => {
    const error = new AraldoError('leg-full', 'full');
    expect(AraldoError.from(error, 'step-failed')).toBe(error);
  });

  it.each([
    ['an error', new TypeError('no'), 'no'],
    ['text', 'no', 'no'],
    ['nothing', undefined, 'undefined'],
  ])('wraps %s', (_kind, thrown, message) => {
    const error = AraldoError.from(thrown, 'step-failed');
    expect(error).toMatchObject({ code: 'step-failed', message });
    expect(error.cause).toBe(thrown);
  });
});
