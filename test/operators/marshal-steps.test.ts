// `marshal` and `unmarshal` as steps: where an endpoint passes bytes as they are, the route reads and writes them.

import { describe, expect, it } from 'vitest';
import { builtins } from '../../src/builtins.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { createRegistry } from '../../src/runtime/registry.ts';
import { virtualRelay } from '../../src/testing/index.ts';
import { broker } from '../testing/broker.ts';

const yamlOf = (via: string): string => `
plugins:
  - { name: json, id: marshal-json }
  - { name: orders, id: endpoint-broker, marshal: none }
  - { name: archive, id: endpoint-broker, marshal: none }
routes:
  orders: { via: ${via}, to: [archive], on-error: discard }
`;

async function received(via: string, sent: readonly string[]): Promise<readonly string[]> {
  const relay = await virtualRelay({ yaml: yamlOf(via), plugins: { 'endpoint-broker': broker } });
  for (const text of sent) relay.send('orders', Buffer.from(text));
  await relay.settle();
  relay.stop();
  return relay.received('archive').map(({ bytes }) => Buffer.from(bytes ?? []).toString());
}

describe('unmarshal and marshal as steps', () => {
  it('read the bytes and write them', async () => {
    const via = '[unmarshal: json, map: \'{"total": payload.total + 1}\', marshal: json]';
    expect(await received(via, ['{"total":1}', 'no JSON', '{"total":2}'])).toEqual([
      '{"total":2}',
      '{"total":3}',
    ]);
  });

  it('send what nobody changed as it came', async () => {
    expect(
      await received("[unmarshal: json, filter: 'payload.a == 1', marshal: json]", ['{ "a" : 1 }']),
    ).toEqual(['{ "a" : 1 }']);
  });

  it('name a marshaller that is declared', async () => {
    const registry = createRegistry({
      ...builtins,
      plugins: { ...builtins.plugins, 'endpoint-broker': async () => broker },
    });
    await expect(loadConfiguration({ text: yamlOf('[unmarshal: jsn]') }, { registry })).rejects.toMatchObject(
      {
        problems: [
          {
            code: 'unknown-name',
            text: expect.stringContaining('no marshaller has this name; there are: json'),
            suggestion: 'did you mean json?',
            place: { line: 7 },
          },
        ],
      },
    );
  });
});
