import { describe, expect, it, test } from 'vitest';
import { jsonSchema, validate, validateStep } from '../../operators/validate.ts';
import { AraldoError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/core/log.ts';
import { operatorLaws } from '../../src/testing/operator-laws.ts';
import { runs } from '../runs.ts';
import { walkCases } from './cases.ts';
import { parsed, startStep, timed } from './timed.ts';

const anything = await jsonSchema({});
const text = await jsonSchema({ not: { const: 'poison' } });

walkCases('validate', {
  passing: () => validate(anything),
  message: (ledger, payload) => ledger.claimed(payload),
});

for (const law of operatorLaws('validate', { create: () => validate(text), poison: { payload: 'poison' } })) {
  test(law.name, () => law.check(runs({ share: 0.1, quick: 0.5 })));
}

describe('validate', () => {
  it('forwards what is valid, as it is, and fails the rest', async () => {
    const check = await jsonSchema({ properties: { id: { type: 'integer' } } });
    const { send, left, ledger } = timed(() => validate(check, { name: 'orders.via[0] validate' }));
    send({ id: 1 }, { id: 'x' }, { id: 2 });
    expect(left).toEqual(['{"id":1}@0', '{"id":2}@0']);
    expect(ledger.failed.map(({ code, message }) => [code, message])).toEqual([
      ['invalid-payload', 'step orders.via[0] validate: payload.id: expected to be integer, found "x"'],
    ]);
  });

  it('discards the rest where it is told to', async () => {
    const check = await jsonSchema({ type: 'string' });
    const { send, ledger } = timed(() => validate(check, { otherwise: 'discard' }));
    send(1);
    expect([ledger.discarded, ledger.statuses]).toEqual([['invalid'], ['ack']]);
  });

  it('takes any function that says what is wrong', () => {
    const { send, left, ledger } = timed(() => validate((value) => (value === 1 ? undefined : 'expected 1')));
    send(1, 2);
    expect(left).toEqual(['1@0']);
    expect(ledger.failed.map(({ message }) => message)).toEqual(['step validate: expected 1']);
  });

  it('fails a message at which that function throws', () => {
    const { send, ledger } = timed(() => validate(() => expect.fail('thrown'), { otherwise: 'discard' }));
    send(1);
    expect(ledger.failed.map(({ message }) => message)).toEqual(['step validate: thrown']);
    expect(ledger.statuses).toEqual(['reject']);
  });
});

describe('the step validate', () => {
  const files = {
    load: async () => undefined,
    async read(path: string) {
      if (path === './order.json') return '{ "type": "string" }';
      if (path === './broken.json') return '{';
      throw new AraldoError('unreadable-file', `${path} could not be read: there is none`);
    },
  };

  it.each([
    ['./order.json'],
    [{ schema: './order.json', else: 'discard' }],
    [{ schema: { type: 'string' } }],
  ])('takes the path of a schema, or a schema: %j', async (written) => {
    const options = parsed(validateStep, written);
    const prepared = await validateStep.prepare?.(options as never, files);
    const { value } = prepared as { value: never };
    const context = { name: 'x', log: silentLog, scheduler: undefined as never };
    const { send, left } = timed(() => validateStep.create(value, context));
    send('a', 1);
    expect(left).toEqual(['a@0']);
  });

  it.each([
    ['./broken.json', /^expected JSON in \.\/broken\.json: /],
    [{ schema: { type: 'objekt' } }, /^expected a JSON Schema: /],
  ])('refuses %j, with the place of the schema', async (written, reason) => {
    const options = parsed(validateStep, written);
    const prepared = await validateStep.prepare?.(options as never, files);
    expect(prepared?.issues?.[0]).toMatchObject({ message: expect.stringMatching(reason), path: ['schema'] });
  });

  it.each([
    ['./order.json', [], ['reject']],
    [{ schema: './order.json', else: 'discard' }, ['invalid'], ['ack']],
  ])('makes of what is not valid what its options say: %j', async (written, discarded, statuses) => {
    const options = parsed(validateStep, written);
    const prepared = await validateStep.prepare?.(options as never, files);
    const { value } = prepared as { value: never };
    const context = { name: 'orders.via[0] validate', log: silentLog, scheduler: undefined as never };
    const { send, ledger } = timed(() => validateStep.create(value, context));
    send(1);
    expect([ledger.discarded, ledger.statuses]).toEqual([discarded, statuses]);
    for (const { message } of ledger.failed) expect(message).toMatch(/^step orders\.via\[0\] validate: /);
  });

  it('is not made before its schema was read', () => {
    expect(() => startStep(validateStep, './order.json')).toThrow(
      expect.objectContaining({ code: 'plugin-failed' }),
    );
  });

  it('refuses a file that is not there, as what reads files says it', async () => {
    const options = parsed(validateStep, './none.json');
    await expect(validateStep.prepare?.(options as never, files)).rejects.toThrow('there is none');
  });
});
