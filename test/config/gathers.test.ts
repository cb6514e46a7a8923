import { describe, expect, it } from 'vitest';
import { builtins } from '../../src/builtins.ts';
import { ConfigurationError, loadConfiguration } from '../../src/config/load.ts';
import { createRegistry } from '../../src/runtime/registry.ts';

/** What is said of a route with these steps, from a source with 100 places and one with 28. */
async function problemsOf(via: readonly unknown[]): Promise<readonly string[]> {
  const plugins = [
    { name: 'orders', id: 'endpoint-mock', 'max-in-flight': 100 },
    { name: 'returns', id: 'endpoint-mock', 'max-in-flight': 28 },
    { name: 'archive', id: 'endpoint-mock' },
  ];
  const routes = { audit: { from: ['orders', 'returns'], via, to: 'archive' } };
  try {
    await loadConfiguration({ value: { plugins, routes } }, { registry: createRegistry(builtins) });
    return [];
  } catch (thrown) {
    if (thrown instanceof ConfigurationError)
      return thrown.problems.map(({ code, text }) => `${code}: ${text}`);
    throw thrown;
  }
}

const tooMany = (step: string, count: number): string =>
  'unkeepable-policy: expected a step that waits for at most 128 messages, which is what the sources may have ' +
  `unsettled; found ${step}, which waits for ${count}: take fewer, or raise max-in-flight of orders, returns`;

describe('a step that waits for messages', () => {
  it('may wait for as many as the sources may have unsettled', async () => {
    expect(await problemsOf([{ batch: 128 }])).toEqual([]);
  });

  it('is refused when it waits for more', async () => {
    expect(await problemsOf([{ batch: 129 }])).toEqual([tooMany('batch', 129)]);
  });

  it('is refused when those before it and it together wait for more', async () => {
    expect(await problemsOf([{ batch: 16 }, { map: 'payload' }, { batch: 8 }])).toEqual([]);
    expect(await problemsOf([{ batch: 16 }, { map: 'payload' }, { batch: 9 }])).toEqual([
      tooMany('batch', 144),
    ]);
  });

  it('may wait for any number where it says none: time ends it', async () => {
    expect(await problemsOf([{ batch: { every: '1s' } }])).toEqual([]);
  });

  it('may wait for any number behind a step that makes several messages of one', async () => {
    expect(await problemsOf([{ split: 'payload' }, { batch: 1000 }])).toEqual([]);
    expect(await problemsOf([{ window: { every: '1m', slide: '10s' } }, { batch: 1000 }])).toEqual([]);
  });
});
