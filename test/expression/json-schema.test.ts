import { describe, expect, it } from 'vitest';
import { jsonSchema } from '../../src/expression/json-schema.ts';

describe('jsonSchema', () => {
  const order = {
    type: 'object',
    required: ['id'],
    additionalProperties: false,
    properties: {
      id: { type: 'string', pattern: '^[a-z]+$' },
      state: { enum: ['open', 'closed'] },
      version: { const: 2 },
      items: {
        type: 'array',
        items: { type: 'object', properties: { qty: { type: 'integer', minimum: 1 } } },
      },
      'a/b': { type: 'object', properties: { 'c~d': { pattern: '^[0-9]+$' } } },
    },
  };

  it.each<[unknown, string | undefined]>([
    [{ id: 'a', items: [{ qty: 1 }], state: 'open', version: 2 }, undefined],
    [1, 'payload: expected to be object, found 1'],
    [{}, "payload: expected to have required property 'id', found a map"],
    [{ id: 'A' }, 'payload.id: expected to match pattern "^[a-z]+$", found "A"'],
    [
      { id: 'a', items: [{ qty: 1 }, { qty: 'ten' }] },
      'payload.items[1].qty: expected to be integer, found "ten"',
    ],
    [{ id: 'a', items: [{ qty: 0 }] }, 'payload.items[0].qty: expected to be >= 1, found 0'],
    [
      { id: 'a', state: 'lost' },
      'payload.state: expected to be equal to one of the allowed values: "open", "closed", found "lost"',
    ],
    [{ id: 'a', version: 1 }, 'payload.version: expected to be equal to constant: 2, found 1'],
    [{ id: 'a', more: 1 }, 'payload: expected to NOT have additional properties: "more", found a map'],
    [{ id: 'a', 'a/b': { 'c~d': 'x' } }, 'payload.a/b.c~d: expected to match pattern "^[0-9]+$", found "x"'],
  ])('says of %j what is wrong: %s', async (value, wrong) => {
    expect((await jsonSchema(order))(value)).toBe(wrong);
  });

  it('reads draft 2020-12, and draft-07 where the schema says so', async () => {
    const tuple = { prefixItems: [{ type: 'integer' }] };
    expect((await jsonSchema(tuple))(['x'])).toMatch(/expected to be integer/);
    const old = { $schema: 'http://json-schema.org/draft-07/schema#', items: [{ type: 'integer' }] };
    expect((await jsonSchema(old))(['x'])).toMatch(/expected to be integer/);
    expect((await jsonSchema(false))(1)).toBeTypeOf('string');
    expect((await jsonSchema(true))(1)).toBeUndefined();
  });

  it.each([
    [[], 'expected a JSON Schema, found a list'],
    ['text', 'expected a JSON Schema, found "text"'],
    [{ type: 'objekt' }, /expected a JSON Schema: schema is invalid.*type/],
    [{ requierd: ['a'] }, /unknown keyword: "requierd"/],
    [{ $ref: 'https://example.org/other.json' }, /can't resolve reference https:\/\/example.org/],
    [{ $schema: 'http://json-schema.org/draft-04/schema#' }, /draft 2020-12 or draft-07, found "http/],
    [{ pattern: '(?=a)' }, /expected a JSON Schema: /],
  ])('refuses %j', async (schema, reason) => {
    await expect(jsonSchema(schema)).rejects.toThrow(reason);
  });

  it('leaves keywords of your own alone, and takes format for an annotation', async () => {
    const check = await jsonSchema({ type: 'string', format: 'email', 'x-owner': 'sales' });
    expect(check('no address')).toBeUndefined();
  });

  it('never looks at a text for longer than its pattern and length allow', async () => {
    const check = await jsonSchema({ pattern: '^(a+)+$' });
    expect(check(`${'a'.repeat(2_000)}b`)).toMatch(/expected to match pattern/);
  });

  it('does not change what it checks', async () => {
    const check = await jsonSchema({ properties: { a: { type: 'integer', default: 1 } } });
    const value = {};
    check(value);
    expect(value).toEqual({});
  });
});
