// Runs cases of the Autobahn test suite against servers, and reads the report it writes.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { start } from '../system/support/command.ts';
import type { Verdicts } from './comparison.ts';
import type { EchoServer } from './echo-servers.ts';

export interface Suite {
  /** Its command, `wstest`. */
  readonly program: string;
  /** For what it reads and writes; one call is over before the next one begins. */
  readonly folder: string;
}

/** For all cases of one pattern. The slowest group takes half a minute. */
const WITHIN_MS = 5 * 60_000;

/**
 * Runs the cases of a pattern, such as `9.3.*`, against one server after the other.
 *
 * @returns the verdicts of each server, by its name, and where the report of this pattern is for a browser
 * @throws when the suite does not start, does not end in time, or has no such case
 */
export async function runCases(
  suite: Suite,
  pattern: string,
  servers: readonly EchoServer[],
): Promise<{ verdicts: Readonly<Record<string, Verdicts>>; report: string }> {
  const { program, folder } = suite;
  const name = pattern.replaceAll('*', 'x');
  const reports = join(folder, `report-${name}`);
  const specification = join(folder, `cases-${name}.json`);
  const asked = servers.map(({ name, url }) => ({ agent: name, url }));
  writeFileSync(
    specification,
    JSON.stringify({
      outdir: reports,
      servers: asked,
      cases: [pattern],
      'exclude-cases': [],
      'exclude-agent-cases': {},
    }),
  );
  await using run = start(program, ['--mode', 'fuzzingclient', '--spec', specification], {
    cwd: folder,
    // Python keeps what it prints to itself otherwise, and it is what an error shows.
    env: { ...process.env, PYTHONUNBUFFERED: '1' },
    timeout: WITHIN_MS,
  });
  const code = await run.code;
  if (code !== 0) throw new Error(`${program} failed (${code ?? 'killed'}) at ${pattern}:\n${tail(run.out)}`);
  const verdicts = JSON.parse(readFileSync(join(reports, 'index.json'), 'utf8')) as Record<string, Verdicts>;
  for (const server of servers) {
    server.check();
    if (Object.keys(verdicts[server.name] ?? {}).length > 0) continue;
    throw new Error(`no case of ${pattern} was run against ${server.name}:\n${tail(run.out)}`);
  }
  return { verdicts, report: join(reports, 'index.html') };
}

function tail({ stdout, stderr }: { stdout: string; stderr: string }): string {
  return `${stdout}${stderr}`.slice(-4_096);
}
