import { describe, expect, it } from 'vitest';
import { builtins } from '../../src/builtins.ts';
import { explain } from '../../src/config/explain.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { createRegistry } from '../../src/runtime/registry.ts';

const load = (routes: string) =>
  loadConfiguration(
    {
      text: `plugins: [{ name: ask, id: endpoint-nats, subscribe: a, reply: 5s }, { name: work, id: endpoint-mock }]\nroutes: ${routes}`,
    },
    { registry: createRegistry(builtins), env: {} },
  );

describe('an endpoint that asks', () => {
  it('is warned of where no route leads back to it, by name', async () => {
    expect((await load('{ ask: [work] }')).warnings.map(({ text }) => text)).toEqual([
      expect.stringContaining('ask states reply, and no route leads back to it'),
    ]);
    expect((await load('{ ask: [work], work: [ask] }')).warnings).toEqual([]);
  });

  it('says in explain how many may wait, and how long', async () => {
    const [route] = explain(await load('{ ask: [work], work: [ask] }'), 'ask');
    expect(route?.pipeline[0]?.detail).toContain('requests: 10000 at most wait 5s for answers');
  });
});
