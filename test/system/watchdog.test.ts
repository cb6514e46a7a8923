// A mistake that everybody makes once: a raw RxJS operator that drops messages, in a step that says it settles them.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { araldo, portOf } from './support/command.ts';
import { until } from './support/server.ts';

const step = `
import { defineOperator } from 'araldo';
import { debounceTime } from 'rxjs';
import { z } from 'zod';

export default defineOperator({
  kind: 'rx',
  obligations: 'preserved',
  name: 'debounce',
  summary: 'Lets a price pass when no newer one has come for a while.',
  options: z.undefined(),
  create: (_options, { scheduler }) => debounceTime(50, scheduler),
});
`;

const config = `
server-port: 0
server-limits: { watchdog: 300ms }
plugins:
  - { name: prices, id: endpoint-mock, messages: [{ payload: 1 }], every: 5ms, max-in-flight: 16 }
  - { name: out, id: endpoint-mock }
routes:
  prices:
    via: [{ use: ./debounce.ts }]
    to: [out]
`;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'araldo-watchdog-'));
  await writeFile(join(folder, 'debounce.ts'), step);
  await writeFile(join(folder, 'araldo.yaml'), config);
});
afterAll(() => rm(folder, { recursive: true }));

test('a step that loses messages is named in the log, in /readyz and in the metrics', async () => {
  await using run = araldo(folder);
  const port = await portOf(run);
  const name = 'prices.via[0] ./debounce.ts';
  await until(`the log names it: ${run.out.stderr}`, () => run.out.stderr.includes(`step ${name} has kept`));

  const readyz = await (await fetch(`http://127.0.0.1:${port}/readyz`)).json();
  const kept = expect.objectContaining({ step: name, held: expect.any(Number) });
  expect(readyz).toMatchObject({ isReady: true, steps: [kept] });
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const sample = (metric: string): number =>
    Number(
      metrics
        .split('\n')
        .find((line) => line.startsWith(`araldo_${metric}{`) && line.includes(name))
        ?.split(' ')
        .at(-1),
    );
  expect(sample('step_kept')).toBeGreaterThan(0);
  expect(sample('step_oldest_seconds')).toBeGreaterThan(0.2);
});
