/** Contenders for the same work, side by side: each has its server and its generator, and they take turns. */
import { type Generator, startGenerator } from '../generator/client.ts';
import type { Measurement, Scenario } from '../generator/scenario.ts';
import type { Running } from '../peers/system.ts';
import type { Bench } from './workload.ts';

export interface Contender {
  readonly label: string;
  start(): Promise<Running>;
  scenario(running: Running): Scenario;
}

export interface CompareOptions {
  /** New connections for each run, for load that leaves its traces in them. */
  readonly isFresh?: boolean;
  /** Not measured before each run; 300 unless given. */
  readonly warmupMs?: number;
  readonly seconds?: number;
  readonly runs?: number;
}

export interface Measured {
  readonly label: string;
  readonly runs: readonly Measurement[];
  /** Why there are none, or no more. */
  readonly problem?: string;
}

const WARMUP_MS = 300;
/** Before the first run: what compiles while it runs, compiles here. */
const FIRST_WARMUP_MS = 700;

interface Entrant {
  readonly contender: Contender;
  readonly running: Running;
  readonly generator: Generator;
  readonly runs: Measurement[];
  problem?: string;
}

export async function compare(
  bench: Bench,
  contenders: readonly Contender[],
  options: CompareOptions = {},
): Promise<readonly Measured[]> {
  const { seconds = bench.seconds, runs = bench.runs, warmupMs = WARMUP_MS, isFresh = false } = options;
  const entrants: Entrant[] = [];
  const failed: Measured[] = [];
  try {
    for (const contender of contenders) {
      const entered = await enter(contender);
      if ('running' in entered) entrants.push(entered);
      else failed.push(entered);
    }
    for (let run = 0; run <= runs; run += 1) {
      for (const entrant of entrants) {
        // The first one warms up, and is thrown away.
        const ms = run === 0 ? FIRST_WARMUP_MS : seconds * 1000;
        await attempt(entrant, async ({ contender, running, generator }) => {
          const isFirst = run === 0;
          if (isFresh || isFirst) await generator.call('open', contender.scenario(running));
          const measured = await generator.call('measure', { pid: running.pid, warmupMs, ms });
          if (isFresh) await generator.call('close');
          if (!isFirst) entrant.runs.push(measured);
        });
      }
      bench.say(run === 0 ? 'warm' : `run ${run} of ${runs}`);
    }
  } finally {
    for (const { generator, running } of entrants) {
      await generator.stop();
      await running.stop();
    }
  }
  const measured = entrants.map(({ contender, runs, problem }) => ({
    label: contender.label,
    runs,
    ...(problem === undefined ? {} : { problem }),
  }));
  return [...measured, ...failed];
}

async function enter(contender: Contender): Promise<Entrant | Measured> {
  try {
    const running = await contender.start();
    return { contender, running, generator: startGenerator('generator'), runs: [] };
  } catch (error) {
    return { label: contender.label, runs: [], problem: reasonOf(error) };
  }
}

/** A contender that fails is left where it is; the others go on. */
async function attempt(entrant: Entrant, run: (entrant: Entrant) => Promise<void>): Promise<void> {
  if (entrant.problem !== undefined) return;
  try {
    await run(entrant);
  } catch (error) {
    entrant.problem = reasonOf(error);
  }
}

/** One line of it: what a server said before it ended may be long. */
function reasonOf(error: unknown): string {
  return (error as Error).message.split('\n', 1)[0] ?? '';
}
