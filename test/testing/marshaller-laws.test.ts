import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBytes } from '../../plugins/marshal-bytes/index.ts';
import { createJson } from '../../plugins/marshal-json/index.ts';
import { createText } from '../../plugins/marshal-text/index.ts';
import { AraldoError } from '../../src/core/errors.ts';
import type { Marshaller } from '../../src/core/marshaller.ts';
import { marshallerLaws } from '../../src/testing/index.ts';
import { runs } from '../runs.ts';

const json = createJson('json', { bigNumbers: 'refuse', envelope: false });
const text = createText('text');
const texts = fc.string({ unit: 'binary' });

describe('the marshallers of araldo', () => {
  const laws = [
    // Keys that JSON refuses are not among the values that it writes.
    ...marshallerLaws('marshal-json', {
      marshaller: json,
      values: fc.jsonValue({ maxDepth: 2 }).map(normal),
    }),
    ...marshallerLaws('marshal-text', { marshaller: text, values: texts }),
    ...marshallerLaws('marshal-bytes', { marshaller: createBytes('bytes'), values: fc.uint8Array() }),
  ];
  for (const law of laws) it(law.name, () => law.check(runs({ share: 0.2 })));
});

function normal(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, item: unknown) => (key === '__proto__' ? undefined : item)));
}

describe('the laws of marshallers', () => {
  // JSON has no −0 to write, and reads it; and ours refuses the key `__proto__`, among values that are any JSON.
  it.each(['-0', '[-0]', '{"a":-1e-999}', '{"a":{"b":[1e-999]}}'])(
    'raise no alarm over %s',
    async (written) => {
      const nearly = fc.constant(Buffer.from(written));
      for (const { name, check } of marshallerLaws('json', { marshaller: json, nearly }))
        await check(runs({ share: 0.1 })).catch((error: unknown) => {
          throw new Error(name, { cause: error });
        });
    },
  );

  it('raise one over a number that becomes another, deep within', async () => {
    const marshal = (value: unknown): Uint8Array =>
      json.marshal(value).map((byte) => (byte === 0x37 ? 0x38 : byte));
    const nearly = fc.constant(Buffer.from('{"a":[7]}'));
    const laws = marshallerLaws('json', { marshaller: { ...json, marshal }, values: fc.constant(1), nearly });
    const law = laws.find(({ name }) => name.endsWith('can write whatever it has read, as the same value'));
    await expect(law?.check({ numRuns: 100 })).rejects.toThrow('Property failed');
  });

  const flawed: readonly [string, Partial<Marshaller>, string][] = [
    ['changes what it writes', { marshal: (value) => text.marshal(`${String(value)}!`) }, 'comes back as'],
    [
      'throws what is no error of ours',
      {
        unmarshal() {
          throw new TypeError('oops');
        },
      },
      'it threw TypeError: oops',
    ],
    [
      'throws the wrong code',
      {
        marshal() {
          throw new AraldoError('malformed-payload', 'wrong');
        },
      },
      'expected an AraldoError (unmarshallable-payload)',
    ],
    ['remembers', { unmarshal: rememberingText() }, 'is read in two ways'],
    [
      'changes the bytes it reads',
      {
        unmarshal(bytes) {
          const read = text.unmarshal(bytes);
          bytes.fill(0);
          return read;
        },
      },
      'reading changed',
    ],
    [
      'pollutes prototypes',
      {
        unmarshal(bytes) {
          const read = text.unmarshal(bytes) as string;
          if (read.includes('__proto__')) Object.assign(Object.prototype, { polluted: true });
          return read;
        },
      },
      'it added polluted to Object.prototype',
    ],
    ['is no text', { marshal: () => Buffer.from([0xff]) }, 'no UTF-8'],
  ];

  it.each(flawed)('see one that %s', async (_flaw, part, found) => {
    const marshaller = { ...text, ...part };
    const laws = marshallerLaws('flawed', { marshaller, values: texts });
    const broken = await Promise.all(
      laws.map((law) => law.check({ numRuns: 100, seed: 1 }).catch((error: Error) => causeOf(error))),
    );
    expect(broken.join('\n')).toContain(found);
  });
});

function rememberingText(): Marshaller['unmarshal'] {
  let count = 0;
  return (bytes) => {
    count += 1;
    return `${String(text.unmarshal(bytes))}${count}`;
  };
}

function causeOf({ message, cause }: Error): string {
  return cause instanceof Error ? cause.message : message;
}
