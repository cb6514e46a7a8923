/** What stands after `npm run bench --`. */
import { parseArgs } from 'node:util';

export interface Arguments {
  /** Names of workloads; none means all. */
  readonly names: readonly string[];
  readonly seconds: number;
  readonly runs: number;
  readonly cpuProf: boolean;
  readonly heapProf: boolean;
  readonly help: boolean;
}

/** Of each run: so long that all of it, from a fresh clone, stays below a quarter of an hour. */
const SECONDS = 0.9;
const RUNS = 5;

/** Throws, in words for people, for what it does not know. */
export function parseArguments(words: readonly string[], known: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      seconds: { type: 'string' },
      runs: { type: 'string' },
      'cpu-prof': { type: 'boolean', default: false },
      'heap-prof': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new Error(`expected a workload, found "${unknown}"; there are: ${known.join(', ')}`);
  }
  return {
    names: positionals,
    seconds: positive('--seconds', values.seconds, SECONDS),
    runs: Math.ceil(positive('--runs', values.runs, RUNS)),
    cpuProf: values['cpu-prof'],
    heapProf: values['heap-prof'],
    help: values.help,
  };
}

function positive(option: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value)))
    throw new Error(`${option}: expected a number above 0, found "${text}"`);
  return value;
}
