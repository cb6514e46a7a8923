/** Dead letters whose endpoint leaves behind why they failed. */
import { expect, it } from 'vitest';
import { builtins } from '../../src/builtins.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { createRegistry } from '../../src/runtime/registry.ts';

const declared = `
plugins:
  - { name: json, id: marshal-json }
  - { name: letters, id: marshal-json, envelope: true }
  - { name: orders, id: endpoint-websocket, marshal: json }
  - { name: bare, id: endpoint-redis, marshal: json, publish: dead }
  - { name: plain, id: endpoint-redis, marshal: none, publish: dead }
  - { name: whole, id: endpoint-redis, marshal: letters, publish: dead }
  - { name: mock, id: endpoint-mock }
`;

const registry = createRegistry(builtins);

it.each([
  ['bare', true],
  ['plain', true],
  ['whole', false],
  ['mock', false],
])('dead letters to %s lose what they failed of: %s', async (name, loses) => {
  const text = `${declared}routes: { orders: { to: [mock], on-error: { dead-letter: ${name} } } }`;
  const { warnings } = await loadConfiguration({ text }, { registry });
  expect(warnings.map(({ text }) => text)).toEqual(
    loses
      ? [
          `${name} sends payloads alone: why a dead letter failed, where, and the bytes that it came as stay behind; give ` +
            `${name} a marshaller with an envelope, such as { id: marshal-json, envelope: true }`,
        ]
      : [],
  );
});
