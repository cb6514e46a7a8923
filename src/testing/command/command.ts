/** `araldo test`: runs the tests of a configuration, says what came of them, and returns the exit code. */
import { redactor } from '../../config/redact.ts';
import { didYouMean } from '../../config/suggest.ts';
import { loadRelay } from '../load-relay.ts';
import { paletteOf } from './paint.ts';
import { textReport } from './report-text.ts';
import { type NothingNamed, type Properties, run, type TestRun } from './run.ts';
import { type Page, pageOf } from './text.ts';
import { withoutTests } from './without-tests.ts';

export const formats = ['text', 'json', 'junit'] as const;
export type Format = (typeof formats)[number];

export interface TestOptions {
  /** The path of the configuration. */
  readonly file: string;
  /** Only what has one of these in its name. */
  readonly names: readonly string[];
  /** Whether the laws are tried as well. */
  readonly properties: boolean;
  /** How many cases each law is tried with. */
  readonly runs: number;
  readonly seed?: number;
  readonly path?: string;
  readonly format: Format;
  readonly out: Output;
  readonly err: Output;
}

/** A stream, and the terminal behind it if there is one: `process.stdout` is both. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  hasColors?(): boolean;
}

const PASSED = 0;
const FAILED = 1;
const USAGE = 2;

/** Of what is no terminal. */
const WIDTH = 80;

/** Rejects with a `ConfigurationError`, as the server would. */
export async function test(options: TestOptions): Promise<number> {
  const { file, names, format, out, err } = options;
  const configuration = await loadRelay({ file });
  const redact = redactor(configuration.secrets);
  const properties = propertiesOf(options);
  const result = await run(configuration, { file, names, properties });
  if ('word' in result) {
    err.write(redact(unknownName(result)));
    return USAGE;
  }
  const hasColor = out.isTTY === true && out.hasColors?.() === true;
  const page = pageOf(out.columns ?? WIDTH, paletteOf(hasColor));
  out.write(redact(await reportOf(result, format, page)));
  return result.hasPassed ? PASSED : FAILED;
}

async function reportOf(result: TestRun, format: Format, page: Page): Promise<string> {
  switch (format) {
    case 'text':
      return isEmpty(result) ? withoutTests(result, page) : textReport(result, page);
    case 'json':
      return (await import('./report-json.ts')).jsonReport(result);
    case 'junit':
      return (await import('./report-junit.ts')).junitReport(result);
    default:
      return format satisfies never;
  }
}

function isEmpty({ examples, regressions, laws }: TestRun): boolean {
  return examples.length === 0 && regressions.length === 0 && laws === undefined;
}

function propertiesOf({ properties, runs, seed, path }: TestOptions): Properties | undefined {
  if (!properties) return undefined;
  return {
    numRuns: runs,
    seed: seed ?? Math.trunc(Math.random() * 0x7fff_ffff),
    ...(path === undefined ? {} : { path }),
  };
}

function unknownName({ word, names }: NothingNamed): string {
  const suggestion = didYouMean(word, names);
  const there = names.length === 0 ? 'there are none' : `there are: ${names.join('; ')}`;
  return `araldo test: nothing has "${word}" in its name${suggestion === undefined ? '' : `; ${suggestion}`}\n${there}\n`;
}
