/** What somebody is told whose configuration has no tests: how one looks, with endpoints of their own. */
import { shownPath } from './regressions.ts';
import type { TestRun } from './run.ts';
import { hanging, type Page } from './text.ts';

export function withoutTests({ file, configuration }: TestRun, page: Page): string {
  const [route] = configuration.routes.values();
  const from = route?.plan.from[0] ?? 'orders';
  const to = route?.plan.to[0]?.to ?? 'archive';
  const name = shownPath(file);
  return [
    ...hanging('', `${name} has no tests. One looks like this:`, 0, page),
    '',
    'tests:',
    `  - name: what comes from ${from} reaches ${to}`,
    '    given:',
    `      - { from: ${from}, payload: hello }`,
    '    expect:',
    `      ${to}: [{ payload: hello }]`,
    '',
    ...hanging('', 'Without any, araldo test --properties tries the laws that hold for all routes.', 0, page),
    '',
  ].join('\n');
}
