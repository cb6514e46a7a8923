/** The flow engine alone: what a message costs between a source and its sinks, without any I/O. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { EngineResult } from '../engine/engine.ts';
import { adopt } from '../process/children.ts';
import { wrapped } from '../process/launch.ts';
import { median } from '../report/median.ts';
import { digits } from '../report/number.ts';
import type { Workload } from './workload.ts';

const TITLE = 'Flow engine alone';
const script = join(import.meta.dirname, '..', 'engine', 'engine.ts');
/** Nanoseconds, by the number of legs. */
const TARGETS: Readonly<Record<number, number>> = { 1: 150, 3: 250 };

export const engine: Workload = {
  name: 'engine',
  title: TITLE,
  async run(bench) {
    const runs: (readonly EngineResult[])[] = [];
    for (let run = 0; run < bench.runs; run += 1) {
      runs.push(await measure(bench.seconds));
      bench.say(`run ${run + 1} of ${bench.runs}`);
    }
    const [first = []] = runs;
    const rows = first.map(({ label, legs }, place) => ({
      label,
      legs,
      ns: median(runs.map((results) => (results[place] as EngineResult).nsPerMessage)),
    }));
    const yardstick = rows.find(({ legs }) => legs === 0)?.ns ?? Number.NaN;
    return {
      workload: 'engine',
      title: TITLE,
      about:
        'In one process: a lane of a source, claim, steps, the fan-out, legs, and sinks that confirm at once; every ' +
        'message is acknowledged at its source. JSON.parse says how fast the machine is: it took 378 ns on the one that ' +
        'the figures come from.',
      tables: [
        {
          columns: ['pipeline', 'ns a message', '÷ JSON.parse'],
          rows: rows.map(({ label, ns }) => [label, digits(ns), `${digits(ns / yardstick)} ×`]),
        },
      ],
      remarks: [],
      figures: rows.flatMap(({ label, legs, ns }) => {
        const atMost = label.startsWith('3 operators') ? TARGETS[legs] : undefined;
        return atMost === undefined
          ? []
          : [{ work: TITLE, what: label, target: { atMost, unit: 'ns' }, value: ns }];
      }),
      data: runs,
    };
  },
};

/** In a process of its own, on the server's core. */
function measure(seconds: number): Promise<readonly EngineResult[]> {
  const [program = '', ...args] = wrapped([process.execPath, script, String(seconds)], 'server');
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  adopt(child);
  let output = '';
  child.stdout.on('data', (text: Buffer) => {
    output += text.toString();
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(output) as EngineResult[]);
      else reject(new Error(`the engine ended with ${code}`));
    });
  });
}
