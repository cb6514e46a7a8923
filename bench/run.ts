/** `npm run bench`: every workload, or those that are named; tables on the terminal and files under results/. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Arguments, parseArguments } from './arguments.ts';
import { createAraldo } from './peers/araldo.ts';
import { nats } from './peers/nats.ts';
import { nchan } from './peers/nchan.ts';
import { nodeRed } from './peers/node-red.ts';
import { plainWs } from './peers/plain-ws.ts';
import { prepareRedis } from './peers/redis.ts';
import type { Availability, System } from './peers/system.ts';
import { endWithSignals } from './process/children.ts';
import { figureColumns, figureRow } from './report/figure.ts';
import { describeCommit, describeMachine } from './report/machine.ts';
import { renderPlots } from './report/plot.ts';
import { profileTables } from './report/profile.ts';
import { figuresOf, nameOf, type Report, renderReport } from './report/report.ts';
import type { Section } from './report/section.ts';
import { renderText } from './report/table.ts';
import { workloads } from './workloads/index.ts';
import type { Bench } from './workloads/workload.ts';

const root = join(import.meta.dirname, '..');
const results = join(import.meta.dirname, 'results');
/** Runs of some workloads only, and profiles: nothing to keep, so git ignores them. */
const partial = join(results, 'partial');
const EXIT_USAGE = 2;

endWithSignals();
process.exitCode = await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<number> {
  const names = workloads.map(({ name }) => name);
  let options: Arguments;
  try {
    options = parseArguments(words, names);
  } catch (error) {
    console.error(`bench: ${(error as Error).message}`);
    return EXIT_USAGE;
  }
  if (options.help) {
    console.log(usage());
    return 0;
  }
  const startedAt = new Date().toISOString();
  const profiles = join(partial, `profiles-${startedAt.replaceAll(':', '-')}`);
  const { bench, versions } = prepare(options, profiles);
  const sections: Section[] = [];
  for (const workload of workloads) {
    const isChosen =
      options.names.length === 0 ? workload.isOnRequest !== true : options.names.includes(workload.name);
    if (!isChosen) continue;
    const began = performance.now();
    console.log(`\n${workload.title} (${workload.name})`);
    const section = await workload.run(bench);
    sections.push(section);
    print(section);
    console.log(`${((performance.now() - began) / 1000).toFixed(0)} s`);
  }
  if (options.cpuProf || options.heapProf) printProfiles(profiles);
  write(options.names.length === 0 ? results : partial, {
    startedAt,
    seconds: options.seconds,
    runs: options.runs,
    commit: describeCommit(root),
    machine: describeMachine(),
    versions,
    sections,
  });
  return 0;
}

/** Finds the systems, installing what may be installed, and names what is left out. */
function prepare(
  { seconds, runs, cpuProf, heapProf }: Arguments,
  folder: string,
): { bench: Bench; versions: Record<string, string> } {
  const araldo = createAraldo({ folder, cpu: cpuProf, heap: heapProf });
  const peers = new Map<string, System>();
  const missing = new Map<string, string>();
  const versions: Record<string, string> = {};
  const note = (name: string, found: Availability): boolean => {
    const isHere = 'version' in found;
    versions[name] = isHere ? found.version : `left out: ${found.missing}`;
    if (!isHere) missing.set(name, found.missing);
    console.log(`${name}: ${versions[name]}`);
    return isHere;
  };
  note('araldo', araldo.prepare());
  for (const system of [plainWs, nats, nchan, nodeRed]) {
    if (note(system.name, system.prepare())) peers.set(system.name, system);
  }
  const redis = note('redis-server', prepareRedis());
  const say = (text: string): void => {
    if (process.stdout.isTTY) process.stdout.write(`\r${text}\u001b[K\r`);
  };
  return { bench: { seconds, runs, araldo, peers, missing, redis, say }, versions };
}

function print({ tables, remarks, figures }: Section): void {
  for (const table of tables) console.log(`\n${renderText(table)}`);
  for (const remark of remarks) console.log(`! ${remark}`);
  if (figures.length > 0) {
    console.log(`\n${renderText({ columns: figureColumns, rows: figures.map(figureRow) })}`);
  }
}

function printProfiles(folder: string): void {
  for (const [name, tables] of profileTables(folder, root)) {
    console.log(`\n${[join(folder, name), ...tables.map(renderText)].join('\n\n')}`);
  }
}

function write(folder: string, report: Report): void {
  mkdirSync(folder, { recursive: true });
  const name = nameOf(report);
  const plots = report.sections.flatMap((section) => section.plots ?? []);
  const plot = plots.length > 0 ? `${name}-growth.svg` : undefined;
  if (plot !== undefined) writeFileSync(join(folder, plot), renderPlots(plots));
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(report, null, 1)}\n`);
  writeFileSync(join(folder, `${name}.md`), renderReport(report, plot));
  const rows = figuresOf(report).map(figureRow);
  if (report.sections.length > 1 && rows.length > 0) {
    console.log(`\n${renderText({ columns: figureColumns, rows })}`);
  }
  console.log(`\n${join(folder, name)}.md, .json${plot === undefined ? '' : ', -growth.svg'}`);
}

function usage(): string {
  const list = workloads.map(
    ({ name, title, isOnRequest }) =>
      `  ${name.padEnd(12)} ${title}${isOnRequest === true ? ' (only when named)' : ''}`,
  );
  return [
    'npm run bench -- [NAME …] [--seconds N] [--runs N] [--cpu-prof] [--heap-prof]',
    '',
    'workloads:',
    ...list,
  ].join('\n');
}
