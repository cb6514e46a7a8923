// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { marshallerLaws } from 'araldo/testing';
import fc from 'fast-check';
import { createQuery } from '../marshal-query.js';

const marshaller = createQuery('query');
const texts = fc.string({ unit: 'grapheme', maxLength: 20 });
const values = fc.dictionary(
  texts.filter((key) => key !== '__proto__'),
  texts,
  { noNullPrototype: true, maxKeys: 5 },
);

for (const law of marshallerLaws('marshal-query', { marshaller, values })) test(law.name, () => law.check());

test('marshal-query writes one line, whatever a text holds', () => {
  assert.equal(
    String(marshaller.marshal({ note: 'two\nlines', celsius: 21.5 })),
    'note=two%0Alines&celsius=21.5',
  );
});
