// The pages of the marshallers: each has one, what is written from its declaration is up to date, its example loads.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { exampleOf } from '../../docs/generate/endpoints.ts';
import {
  marshallerIds,
  marshallerPage,
  marshallerPageOf,
  marshallerSections,
} from '../../docs/generate/marshallers.ts';
import { builtins } from '../../src/builtins.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { createRegistry } from '../../src/runtime/registry.ts';

const folder = mkdtempSync(join(tmpdir(), 'araldo-marshallers-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What examples name beside themselves. */
writeFileSync(
  join(folder, 'order.proto'),
  'syntax = "proto3"; package shop; message Order { string id = 1; int32 qty = 2; }',
);

describe.each(marshallerIds)('docs/marshallers/%s.md', (id) => {
  const page = existsSync(marshallerPageOf(id)) ? readFileSync(marshallerPageOf(id), 'utf8') : '';

  test('has what every page has', () => {
    expect(page).toMatch(new RegExp(`^# \`${id}\`: `));
    expect([...page.matchAll(/^## (.*)$/gm)].map(([, title]) => title)).toEqual([...marshallerSections]);
  });

  test('is what `npm run docs` writes', async () => {
    expect(page).toBe(await marshallerPage(id));
  });

  test('says what each option is', () => {
    const rows = [...page.matchAll(/^\| `([^`]+)`(?: \(required\))? \| ([^|]*) \| (.*) \|$/gm)];
    expect(rows.filter(([, , , what]) => what === '')).toEqual([]);
  });

  test('has an example that loads', async () => {
    const path = join(folder, `${id}.yaml`);
    writeFileSync(path, exampleOf(page));
    expect(exampleOf(page)).toContain(`id: ${id}`);
    const { plan } = await loadConfiguration({ file: path }, { registry: createRegistry(builtins) });
    expect(Object.keys(plan.routes)).not.toEqual([]);
  });
});
