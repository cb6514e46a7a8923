// `npm run test:autobahn`: what the WebSocket test suite of Autobahn says of araldo, beside what it says of plain `ws`.

import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Difference, differences, isPassed, text, type Verdicts } from './comparison.ts';
import { startAraldo, startPlainWs } from './echo-servers.ts';
import { runCases } from './suite.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** All but 12 and 13: they are about compression, which araldo does not offer. */
const groups: Readonly<Record<string, string>> = {
  '1.*': 'framing',
  '2.*': 'pings and pongs',
  '3.*': 'reserved bits',
  '4.*': 'opcodes',
  '5.*': 'fragmentation',
  '6.*': 'UTF-8',
  '7.*': 'closing',
  '9.*': 'limits',
  '10.*': 'fragments of any size',
};

const titles: Readonly<Record<Difference['kind'], string>> = {
  note: 'Ends otherwise, which is no failure:',
  limit: 'Refused for a limit of araldo, 1,024 fragments a message:',
  failure: 'FAILED by araldo, passed by ws:',
};

process.exitCode = await main(process.env['WSTEST'], process.argv.slice(2));

async function main(program: string | undefined, patterns: readonly string[]): Promise<number> {
  if (program === undefined || !isExecutable(program)) {
    const found = program || 'nothing';
    console.error(
      `WSTEST: expected the path of wstest, found ${found}; how to get it: test/conformance/README.md`,
    );
    return EXIT_USAGE;
  }
  // The suite waits for ever when it has no such case.
  const unknown = patterns.filter((pattern) => !/^([1-79]|10)(\.\d+)*(\.\*)?$/.test(pattern));
  if (unknown.length > 0) {
    console.error(`expected cases of 1 to 7, 9 or 10, such as 9.3.1 or '5.*', found ${unknown.join(', ')}`);
    return EXIT_USAGE;
  }
  const folder = mkdtempSync(join(tmpdir(), 'araldo-autobahn-'));
  let failures = 0;
  try {
    failures = await examine(resolve(program), folder, patterns.length > 0 ? patterns : Object.keys(groups));
  } catch (error) {
    console.error((error as Error).message);
    failures = 1;
  }
  if (failures === 0) rmSync(folder, { recursive: true, force: true });
  return failures === 0 ? 0 : EXIT_FAILED;
}

/** Returns how many cases araldo fails that `ws` passes. */
async function examine(program: string, folder: string, patterns: readonly string[]): Promise<number> {
  await using araldo = await startAraldo(folder);
  await using ws = await startPlainWs();
  const found: Difference[] = [];
  const reports: string[] = [];
  console.log(row('passed', 'araldo', 'ws', 'of'));
  for (const pattern of patterns) {
    const { verdicts, report } = await runCases({ program, folder }, pattern, [araldo, ws]);
    const [ours = {}, theirs = {}] = [verdicts['araldo'], verdicts['ws']];
    console.log(row(titleOf(pattern), passed(ours), passed(theirs), Object.keys(theirs).length));
    found.push(...differences(ours, theirs));
    reports.push(report);
  }
  for (const [kind, title] of Object.entries(titles)) {
    const cases = found.filter((difference) => difference.kind === kind);
    if (cases.length === 0) continue;
    console.log(`\n${title}`);
    for (const { id, araldo, ws } of cases) console.log(`  ${id}: araldo ${text(araldo)}; ws ${text(ws)}`);
  }
  const failures = found.filter(({ kind }) => kind === 'failure').length;
  console.log(`\n${failures} failed`);
  if (failures > 0) console.log(['The bytes of every case:', ...reports].join('\n  '));
  return failures;
}

function titleOf(pattern: string): string {
  const title = groups[pattern];
  return title === undefined ? pattern : `${pattern} ${title}`;
}

function passed(verdicts: Verdicts): number {
  return Object.values(verdicts).filter(isPassed).length;
}

function row(title: string, ...figures: readonly (string | number)[]): string {
  return title.padEnd(28) + figures.map((figure) => String(figure).padStart(8)).join('');
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
