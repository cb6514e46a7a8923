/** A test run for a person at a terminal: what holds in a line each, and what does not with all that explains it. */
import { positionOf } from '../../config/problem.ts';
import type { Place } from '../../core/errors.ts';
import type { Mismatch, Row } from './compare.ts';
import type { ExampleResult } from './example.ts';
import { happeningsOf } from './happenings.ts';
import type { Broken, Finding, LawOutcome, RegressionResult } from './properties.ts';
import { scenarioLines, shownPath } from './regressions.ts';
import { regressionName, type TestRun } from './run.ts';
import { shownLines } from './shown-value.ts';
import { cut, hanging, type Page, timelineLines } from './text.ts';

/** Ends with a line end. */
export function textReport(run: TestRun, page: Page): string {
  const blocks = [
    ...listOf(run, page),
    ...run.examples.filter(hasFailed).map((example) => exampleBlock(example, page)),
    ...run.regressions.flatMap((result) =>
      result.broken ? [regressionBlock(result, result.broken, page)] : [],
    ),
    ...findingsOf(run).map((finding) => findingBlock(finding, run, page)),
    summaryOf(run, page),
  ];
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** All that explains why a test has failed. */
export function exampleText(example: ExampleResult, page: Page): string {
  return exampleBlock(example, page).join('\n');
}

/** All that explains why laws do not hold. */
export function brokenText(broken: Broken, page: Page): string {
  return brokenLines(broken, page).join('\n');
}

/** A line for each test, file and law. */
function listOf({ file, examples, regressions, laws }: TestRun, page: Page): readonly (readonly string[])[] {
  const { strong, faint } = page.palette;
  const lists: string[][] = [];
  if (examples.length > 0) {
    const lines = examples.flatMap((one) => marked(!hasFailed(one), one.name, page));
    lists.push([strong(shownPath(file)), ...lines]);
  }
  if (regressions.length > 0) {
    const lines = regressions.flatMap((one) =>
      marked(one.broken === undefined, regressionName(one.regression), page),
    );
    lists.push([strong('Failures of earlier runs'), ...lines]);
  }
  if (laws !== undefined && laws.outcomes.length > 0) {
    const cases = laws.path === undefined ? `${laws.numRuns} random cases each` : `the case ${laws.path}`;
    const title = `${strong('Laws')}, ${cases} ${faint(`(seed ${laws.seed})`)}`;
    lists.push([title, ...laws.outcomes.flatMap((law) => lawLines(law, page))]);
  }
  return lists;
}

function marked(isGood: boolean, text: string, page: Page): readonly string[] {
  return colored(hanging(isGood ? '✔ ' : '✖ ', text, 2, page), isGood ? page.palette.good : page.palette.bad);
}

/** Only the mark has the colour. */
function colored(lines: readonly string[], paint: (text: string) => string): readonly string[] {
  return lines.map((line, place) => (place === 0 ? line.replace(/[✔✖]/u, paint) : line));
}

function lawLines(outcome: LawOutcome, page: Page): readonly string[] {
  const { law } = outcome;
  const { faint } = page.palette;
  switch (outcome.outcome) {
    case 'holds':
      return marked(true, `${law.name}: ${law.sentence}`, page);
    case 'broken':
      return marked(false, `${law.name}: ${law.sentence}`, page);
    case 'does-not-apply':
      return hanging('– ', `${law.name} does not apply: ${outcome.reason}`, 2, page).map(faint);
    case 'not-tried':
      return hanging(
        '– ',
        `${law.name} is not tried again: a failure of an earlier run breaks it`,
        2,
        page,
      ).map(faint);
    default:
      return outcome satisfies never;
  }
}

function exampleBlock(
  { name, place, mismatches, stage, stages, events }: ExampleResult,
  page: Page,
): readonly string[] {
  const inStage = stages > 1 ? [`  in stage ${stage} of ${stages}`] : [];
  return [
    ...titleOf(name, place, page),
    ...inStage,
    ...mismatches.flatMap((mismatch) => ['', ...mismatchLines(mismatch, page)]),
    ...whatHappened(events, page),
  ];
}

/** The name, and below it where it stands. */
function titleOf(name: string, place: Place | undefined, page: Page): readonly string[] {
  const { bad, strong, faint } = page.palette;
  const [first = '', ...more] = hanging('✖ ', name, 0, page);
  return [
    first.replace('✖', bad).replace(name, () => strong(name)),
    ...more,
    ...(place === undefined ? [] : [`  ${faint(positionOf(place))}`]),
  ];
}

function mismatchLines({ text, place, rows, notes }: Mismatch, page: Page): readonly string[] {
  const { good, bad, faint } = page.palette;
  const line = place.line === undefined ? '' : ` (line ${place.line})`;
  const sentence = hanging('', `${text}${line}`, 2, page);
  const legend = rows.some(({ kind }) => kind !== 'same')
    ? [`    ${good('- expected')}   ${bad('+ received')}`]
    : [];
  return [
    ...sentence,
    ...(rows.length > 0 ? [...legend, ...rowsLines(rows, page)] : []),
    ...notes.flatMap((note) => hanging('', note, 4, page)).map(faint),
  ];
}

/** More rows are left out where they are as expected, and at the end. */
const MOST_ROWS = 20;

function rowsLines(rows: readonly Row[], page: Page): readonly string[] {
  const wrong = rows.findIndex(({ kind }) => kind !== 'same');
  const start = Math.max(0, wrong - 3);
  const end = Math.min(rows.length, start + MOST_ROWS);
  const gap = (count: number): readonly string[] =>
    count === 0 ? [] : [page.palette.faint(`      … ${count} more …`)];
  return [
    ...gap(start),
    ...rows.slice(start, end).flatMap((row) => rowLines(row, page)),
    ...gap(rows.length - end),
  ];
}

function rowLines(row: Row, page: Page): readonly string[] {
  const { good, bad, faint } = page.palette;
  switch (row.kind) {
    case 'same':
      return message('  ', row.found, page).map(faint);
    case 'missing':
      return message('- ', row.expected, page).map(good);
    case 'unexpected':
      return message('+ ', row.found, page).map(bad);
    case 'different':
      return [
        ...message('- ', row.expected, page).map(good),
        ...message('+ ', row.found, page).map(bad),
        // Of a payload that differs as a whole, the two lines say all.
        ...row.differences
          .filter(({ path }) => path !== 'payload')
          .flatMap(({ path, text }) => hanging('', `${path}: ${text}`, 8, page)),
      ];
    default:
      return row satisfies never;
  }
}

function message(mark: string, form: object, { width }: Page): readonly string[] {
  return shownLines(form, width - 6).map(
    (line, place) => `    ${place === 0 ? mark : '  '}${cut(line, width - 6)}`,
  );
}

function whatHappened(events: ExampleResult['events'], page: Page): readonly string[] {
  const happenings = happeningsOf(events);
  if (happenings.length === 0) return [];
  return ['', `  ${page.palette.strong('What happened')}`, ...timelineLines(happenings, 4, page)];
}

function regressionBlock({ regression }: RegressionResult, broken: Broken, page: Page): readonly string[] {
  const end = 'Keep the file when it is mended: each run plays it. Delete it if it no longer applies.';
  return [
    ...titleOf(regressionName(regression), undefined, page),
    ...brokenLines(broken, page),
    '',
    ...hanging('', end, 2, page),
  ];
}

function findingBlock(finding: Finding, { file }: TestRun, page: Page): readonly string[] {
  const { breaches, seed, path, kept } = finding;
  const config = file === 'araldo.yaml' ? '' : ` -c ${file}`;
  const title = breaches.map(({ law }) => law.name).join(', ');
  const where =
    'file' in kept
      ? `Kept in ${shownPath(kept.file)}: from now on each run plays it first.`
      : `It could not be kept: ${kept.failure}`;
  return [
    ...titleOf(title, undefined, page),
    ...brokenLines(finding, page),
    '',
    ...hanging('', where, 2, page),
    '  To see it found again:',
    `    araldo test${config} --properties --seed ${seed} --path ${path}`,
  ];
}

function findingsOf({ laws }: TestRun): readonly Finding[] {
  const all = (laws?.outcomes ?? []).flatMap((law) => (law.outcome === 'broken' ? [law.finding] : []));
  return [...new Set(all)];
}

function brokenLines({ breaches, scenario, events }: Broken, page: Page): readonly string[] {
  const { strong, bad } = page.palette;
  return [
    ...breaches.flatMap(({ law, text }) => [
      '',
      ...hanging(`${law.name}: `, law.sentence, 2, page),
      ...hanging('but ', text, 2, page).map(bad),
    ]),
    '',
    `  ${strong('The smallest case')}`,
    ...scenarioLines(scenario).map((line) => `    ${line}`),
    ...whatHappened(events, page),
  ];
}

function summaryOf({ examples, regressions, laws }: TestRun, { palette }: Page): readonly string[] {
  const lawsTried = (laws?.outcomes ?? []).filter(
    ({ outcome }) => outcome === 'holds' || outcome === 'broken',
  );
  const parts = [
    part(examples, hasFailed, (all, failed) =>
      failed === 0 ? `${counted(all, 'test')} passed` : `${failed} of ${counted(all, 'test')} failed`,
    ),
    part(
      regressions,
      ({ broken }) => broken !== undefined,
      (all, failed) =>
        failed === 0
          ? `${counted(all, 'earlier failure')} stayed away`
          : `${failed} of ${counted(all, 'earlier failure')} came again`,
    ),
    part(
      lawsTried,
      ({ outcome }) => outcome === 'broken',
      (all, failed) =>
        failed === 0 ? `${counted(all, 'law')} held` : `${failed} of ${counted(all, 'law')} did not hold`,
    ),
  ].filter((part) => part !== undefined);
  const paint = parts.every(({ failed }) => failed === 0) ? palette.good : palette.bad;
  return [paint(parts.map(({ text }) => text).join(', '))];
}

function part<T>(
  all: readonly T[],
  isBad: (one: T) => boolean,
  textOf: (all: number, failed: number) => string,
): { readonly text: string; readonly failed: number } | undefined {
  const failed = all.filter(isBad).length;
  return all.length === 0 ? undefined : { failed, text: textOf(all.length, failed) };
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function hasFailed({ mismatches }: ExampleResult): boolean {
  return mismatches.length > 0;
}
