// @ts-check
import { test } from 'node:test';
import { operatorLaws } from 'araldo/testing';
import fc from 'fast-check';
import { deadband } from '../deadband.js';

const laws = operatorLaws('deadband', {
  create: () => deadband({ value: 'celsius', key: 'room', by: 0.5, maxKeys: 2 }),
  payloads: fc.record({
    room: fc.constantFrom('hall', 'attic', 'cellar'),
    celsius: fc.oneof(fc.double({ min: 20, max: 22, noNaN: true }), fc.constant('21.5')),
  }),
  poison: { payload: { room: 'hall', celsius: 'warm' } },
});

for (const law of laws) test(law.name, () => law.check());
