/** A test run as JUnit XML, the form that CI servers read. */
import { positionOf } from '../../config/problem.ts';
import type { ExampleResult } from './example.ts';
import { paletteOf } from './paint.ts';
import type { LawOutcome } from './properties.ts';
import { shownPath } from './regressions.ts';
import { brokenText, exampleText } from './report-text.ts';
import { regressionName, type TestRun, type Timed } from './run.ts';
import { pageOf } from './text.ts';

/** What a CI server shows has no colours, and room. */
const page = pageOf(120, paletteOf(false));

interface Suite {
  readonly name: string;
  readonly cases: readonly Case[];
}

interface Case {
  readonly name: string;
  readonly tookMs: number;
  readonly failure?: { readonly message: string; readonly text: string };
  readonly skipped?: string;
}

/** Ends with a line end. */
export function junitReport(run: TestRun): string {
  const file = shownPath(run.file);
  const suites: readonly Suite[] = [
    { name: file, cases: run.examples.map(exampleCase) },
    {
      name: `${file}: failures of earlier runs`,
      cases: run.regressions.map(({ regression, broken, tookMs }) => ({
        name: regressionName(regression),
        tookMs,
        ...(broken && {
          failure: {
            message: broken.breaches.map(({ text }) => text).join('; '),
            text: brokenText(broken, page),
          },
        }),
      })),
    },
    { name: `${file}: laws`, cases: lawCases(run.laws) },
  ].filter(({ cases }) => cases.length > 0);
  const all = suites.flatMap(({ cases }) => cases);
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: 'araldo test', ...countsOf(all) })}>`,
    ...suites.flatMap(suiteLines),
    '</testsuites>',
  ];
  return `${lines.join('\n')}\n`;
}

function exampleCase(example: Timed<ExampleResult>): Case {
  const { name, tookMs, mismatches } = example;
  const [first] = mismatches;
  if (first === undefined) return { name, tookMs };
  const message = `${first.text} (${positionOf(first.place)})`;
  return { name, tookMs, failure: { message, text: exampleText(example, page) } };
}

/** They share their cases, and the time that these took. */
function lawCases(laws: TestRun['laws']): readonly Case[] {
  const outcomes = laws?.outcomes ?? [];
  const tookMs = (laws?.tookMs ?? 0) / Math.max(1, outcomes.length);
  return outcomes.map((outcome) => ({ name: outcome.law.name, tookMs, ...cameOf(outcome) }));
}

function cameOf(outcome: LawOutcome): Pick<Case, 'failure' | 'skipped'> {
  switch (outcome.outcome) {
    case 'holds':
      return {};
    case 'does-not-apply':
      return { skipped: outcome.reason };
    case 'not-tried':
      return { skipped: 'a failure of an earlier run breaks it' };
    case 'broken': {
      const { breach, finding } = outcome;
      const { seed, path } = finding;
      const text = `${brokenText(finding, page)}\n\n  seed ${seed}, path ${path}`;
      return { failure: { message: breach, text } };
    }
    default:
      return outcome satisfies never;
  }
}

function suiteLines({ name, cases }: Suite): readonly string[] {
  return [
    `  <testsuite${attributes({ name, ...countsOf(cases) })}>`,
    ...cases.flatMap((one) => caseLines(one, name)),
    '  </testsuite>',
  ];
}

function caseLines({ name, tookMs, failure, skipped }: Case, suite: string): readonly string[] {
  const head = `<testcase${attributes({ name, classname: suite, time: seconds(tookMs) })}`;
  if (failure !== undefined) {
    const { message, text } = failure;
    return [
      `    ${head}>`,
      `      <failure${attributes({ message, type: 'failure' })}>${escaped(text)}</failure>`,
      '    </testcase>',
    ];
  }
  if (skipped === undefined) return [`    ${head}/>`];
  return [`    ${head}>`, `      <skipped${attributes({ message: skipped })}/>`, '    </testcase>'];
}

function countsOf(cases: readonly Case[]): Readonly<Record<string, string>> {
  const count = (has: (one: Case) => boolean): string => String(cases.filter(has).length);
  return {
    tests: String(cases.length),
    failures: count(({ failure }) => failure !== undefined),
    errors: '0',
    time: seconds(cases.reduce((sum, { tookMs }) => sum + tookMs, 0)),
  };
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(3);
}

function attributes(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(
      ([name, value]) => ` ${name}="${escaped(value).replaceAll('"', '&quot;').replaceAll('\n', '&#10;')}"`,
    )
    .join('');
}

/** XML has no place for most control characters, not even as references. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
