/** A test run as one JSON document, for programs. Its form is documented in docs/testing.md. */
import { givenForm } from '../../config/print-tests.ts';
import type { Place } from '../../core/errors.ts';
import type { Mismatch, Row } from './compare.ts';
import type { ExampleResult } from './example.ts';
import { happeningsOf } from './happenings.ts';
import type { Broken, LawOutcome, RegressionResult } from './properties.ts';
import { shownPath } from './regressions.ts';
import type { TestRun } from './run.ts';
import { givenOf } from './scenario-given.ts';

/** Ends with a line end. */
export function jsonReport({ file, hasPassed, examples, regressions, laws }: TestRun): string {
  const document = {
    file,
    passed: hasPassed,
    tests: examples.map(exampleOf),
    regressions: regressions.map(regressionOf),
    ...(laws === undefined
      ? {}
      : { seed: laws.seed, runs: laws.numRuns, laws: laws.outcomes.map((outcome) => lawOf(outcome)) }),
  };
  return `${JSON.stringify(document, plain, 2)}\n`;
}

function exampleOf({ name, place, mismatches, stage, events }: ExampleResult): object {
  const passed = mismatches.length === 0;
  return {
    name,
    place: placeOf(place),
    passed,
    ...(passed ? {} : { stage, failures: mismatches.map(failureOf), timeline: happeningsOf(events) }),
  };
}

function failureOf({ text, place, rows, notes }: Mismatch): object {
  return { text, place: placeOf(place), messages: rows.map(rowOf), notes };
}

function rowOf(row: Row): object {
  return 'place' in row ? { ...row, place: placeOf(row.place) } : row;
}

function regressionOf({ regression, broken }: RegressionResult): object {
  return {
    file: shownPath(regression.file),
    passed: broken === undefined,
    ...(broken === undefined
      ? {}
      : {
          breaches: broken.breaches.map(({ law, text }) => ({ law: law.name, text })),
          ...caseOf(broken),
        }),
  };
}

function lawOf(outcome: LawOutcome): object {
  const { law, outcome: word } = outcome;
  const head = { ...law, outcome: word };
  switch (outcome.outcome) {
    case 'holds':
      return { ...head, runs: outcome.numRuns };
    case 'does-not-apply':
      return { ...head, reason: outcome.reason };
    case 'not-tried':
      return head;
    case 'broken': {
      const { breach, finding } = outcome;
      const { seed, path, kept } = finding;
      const where = 'file' in kept ? { kept: shownPath(kept.file) } : { notKept: kept.failure };
      return { ...head, breach, ...caseOf(finding), seed, path, ...where };
    }
    default:
      return outcome satisfies never;
  }
}

function caseOf({ scenario, events }: Broken): object {
  return { given: givenOf(scenario).map(givenForm), timeline: happeningsOf(events) };
}

function placeOf({ file, line, column }: Place): object {
  return { file, line, column };
}

/** Payloads may be what JSON has no words for. */
function plain(this: unknown, key: string, value: unknown): unknown {
  // A Buffer has been turned into an object of its own by now.
  const original = (this as Readonly<Record<string, unknown>>)[key];
  if (original instanceof Uint8Array) return { base64: Buffer.from(original).toString('base64') };
  return typeof value === 'bigint' ? String(value) : value;
}
