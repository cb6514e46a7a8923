// The pages of the endpoints: each has one, what is written from its declaration is up to date, its example loads.

import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  endpointIds,
  endpointPage,
  endpointPageOf,
  exampleOf,
  sections,
} from '../../docs/generate/endpoints.ts';
import { builtins } from '../../src/builtins.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { createRegistry } from '../../src/runtime/registry.ts';

describe.each(endpointIds)('docs/endpoints/%s.md', (id) => {
  const page = existsSync(endpointPageOf(id)) ? readFileSync(endpointPageOf(id), 'utf8') : '';

  test('has what every page has', () => {
    expect(page).toMatch(new RegExp(`^# \`${id}\`: `));
    expect([...page.matchAll(/^## (.*)$/gm)].map(([, title]) => title)).toEqual([...sections]);
  });

  test('is what `npm run docs` writes', async () => {
    expect(page).toBe(await endpointPage(id));
  });

  test('says what each option is', () => {
    const rows = [...page.matchAll(/^\| `([^`]+)`(?: \(required\))? \| ([^|]*) \| (.*) \|$/gm)];
    expect(rows.filter(([, , , what]) => what === '')).toEqual([]);
  });

  test('has an example that loads', async () => {
    const example = exampleOf(page);
    expect(example).toContain(`id: ${id}`);
    const { plan } = await loadConfiguration({ text: example }, { registry: createRegistry(builtins) });
    expect(Object.keys(plan.routes)).not.toEqual([]);
  });
});
