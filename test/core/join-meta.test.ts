import { describe, expect, it } from 'vitest';
import { joinMeta } from '../../src/core/join-meta.ts';
import { Message, type Meta } from '../../src/core/message.ts';

const of = (meta: Meta): Message => Message.of('x', meta);

describe('joinMeta', () => {
  it('is what all parts have in common', () => {
    const parts = [of({ id: '1', peer: 'a', lane: 'l' }), of({ id: '2', peer: 'b', lane: 'l', key: 'k' })];
    expect(joinMeta(parts)).toStrictEqual({ id: '1..2', lane: 'l' });
  });

  it('has the most hops and deliveries of any part', () => {
    const parts = [of({ id: '1', deliveries: 2 }), of({ id: '2', hops: 3 }), of({ id: '3', hops: 1 })];
    expect(joinMeta(parts)).toEqual({ id: '1..3', hops: 3, deliveries: 2 });
  });

  it.each([
    ['text', 'k', 'k'],
    ['a number', 7, '7'],
  ])('has the key that brought the parts together, where that is %s', (_kind, key, wanted) => {
    expect(joinMeta([of({ id: '1', key: 'other' })], key)).toEqual({ id: '1', key: wanted });
  });

  it('leaves the key of the parts where they were brought together by no such key', () => {
    expect(joinMeta([of({ id: '1', key: 'k' })], true)).toEqual({ id: '1', key: 'k' });
  });

  it('changes nothing of the meta of its parts', () => {
    const meta = { id: '1', peer: 'a' };
    joinMeta([of(meta), of({ id: '2' })], 'k');
    expect(meta).toEqual({ id: '1', peer: 'a' });
  });
});
