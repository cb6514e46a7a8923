/** Hours of everyday load in short: whether memory grows while nothing else does. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startGenerator } from '../generator/client.ts';
import type { Scenario } from '../generator/scenario.ts';
import { residentBytesOf } from '../process/cpu.ts';
import { median } from '../report/median.ts';
import { digits, short } from '../report/number.ts';
import { PAYLOAD, type Workload } from './workload.ts';

const PEERS = 100;
const TITLE = `Steady, half of what it can do, 1 → ${PEERS}`;
const WARMUP_MS = 1_000;
const LOOK_MS = 500;

interface Sample {
  readonly heap: number;
  readonly resident: number;
}

/** `npm run bench -- steady --seconds 600` is what the figure asks for. */
export const steady: Workload = {
  name: 'steady',
  title: TITLE,
  isOnRequest: true,
  async run(bench) {
    await using stack = new AsyncDisposableStack();
    const running = await bench.araldo.start('broadcast');
    stack.defer(() => running.stop());
    const generator = startGenerator('generator');
    stack.defer(() => generator.stop());
    const { pid, publish, subscribe } = running;
    const scenario = (load: Scenario['load']): Scenario => ({
      publishers: { wire: publish, count: 1 },
      subscribers: { wire: subscribe, count: PEERS },
      payload: PAYLOAD,
      load,
    });

    await generator.call('open', scenario({ kind: 'saturate' }));
    const full = await generator.call('measure', { pid, warmupMs: WARMUP_MS, ms: 2_000 });
    await generator.call('close');
    const rate = Math.round(full.delivered / full.seconds / PEERS / 2);

    await generator.call('open', scenario({ kind: 'offer', rate }));
    const samples: Sample[] = [];
    const watching = new AbortController();
    const watched = watch(publish.port, pid, samples, watching.signal);
    const run = await generator.call('measure', { pid, warmupMs: WARMUP_MS, ms: bench.seconds * 1000 });
    watching.abort();
    await watched;

    // Between collections the heap rises and falls: what it falls back to says whether something stays.
    const quarter = Math.max(1, Math.floor(samples.length / 4));
    const lowest = (part: readonly Sample[], figure: (sample: Sample) => number): number =>
      Math.min(...part.map(figure));
    const early = samples.slice(quarter, 2 * quarter);
    const late = samples.slice(-quarter);
    const grown = lowest(late, ({ heap }) => heap) / lowest(early, ({ heap }) => heap);
    return {
      workload: 'steady',
      title: TITLE,
      about: `${short(rate)} messages/s for ${bench.seconds} s. The heap is what it falls back to between collections.`,
      tables: [
        {
          columns: ['', 'second quarter', 'last quarter'],
          rows: [
            ['heap, MB', ...[early, late].map((part) => digits(lowest(part, ({ heap }) => heap) / 1e6))],
            [
              'resident, MB',
              ...[early, late].map((part) => digits(median(part.map(({ resident }) => resident)) / 1e6)),
            ],
          ],
        },
      ],
      remarks: run.late === 0 ? [] : [`${run.late} deliveries were still under way at the end`],
      figures: [
        {
          work: TITLE,
          what: `heap, the last quarter of ${bench.seconds} s ÷ the second`,
          target: { atMost: 1.05, unit: '×' },
          value: grown,
        },
      ],
      data: { rate, run, samples },
    };
  },
};

async function watch(port: number, pid: number, samples: Sample[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    const heap = /^nodejs_heap_used_bytes (\S+)/m.exec(await response.text())?.[1];
    samples.push({ heap: Number(heap), resident: residentBytesOf(pid) });
    await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
}
