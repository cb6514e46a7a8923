/** How fast new connections are taken: TCP, the upgrade, and the end. */
import { startGenerator } from '../generator/client.ts';
import type { ConnectMeasurement } from '../generator/scenario.ts';
import type { Running, System } from '../peers/system.ts';
import { median } from '../report/median.ts';
import { digits, percent, short } from '../report/number.ts';
import type { Bench, Workload } from './workload.ts';

const AT_ONCE = 64;
const RUNS = 3;
const TITLE = 'Connection set-up';

interface Line {
  readonly label: string;
  readonly running: Running;
  readonly runs: ConnectMeasurement[];
}

export const connecting: Workload = {
  name: 'connecting',
  title: TITLE,
  async run(bench) {
    const lines = await measureAll(bench);
    const rows = lines.map(({ label, runs }) => {
      const of = (figure: (run: ConnectMeasurement) => number): number => median(runs.map(figure));
      return [
        label,
        short(of(({ connected, seconds }) => connected / seconds)),
        digits(of(({ connected, serverCpuUs }) => serverCpuUs / connected)),
        percent(of(({ serverCpuUs, seconds }) => serverCpuUs / 1e6 / seconds)),
        percent(of(({ generatorLoad }) => generatorLoad)),
      ];
    });
    return {
      workload: 'connecting',
      title: TITLE,
      about: `${AT_ONCE} lines, each opens a WebSocket and cuts it as soon as it is there, again and again.`,
      tables: [
        { columns: ['system', 'connections/s', 'CPU µs each', 'server core', 'generator core'], rows },
      ],
      remarks: [],
      figures: [],
      data: lines.map(({ label, runs }) => ({ label, runs })),
    };
  },
};

async function measureAll(bench: Bench): Promise<readonly Line[]> {
  await using stack = new AsyncDisposableStack();
  const generator = startGenerator('generator');
  stack.defer(() => generator.stop());
  const lines: Line[] = [];
  for (const system of [bench.araldo, ...bench.peers.values()] satisfies System[]) {
    const running = await system.start('broadcast');
    stack.defer(() => running.stop());
    lines.push({ label: system.name, running, runs: [] });
  }
  const turns = Math.min(RUNS, bench.runs);
  for (let run = 0; run <= turns; run += 1) {
    for (const { running, runs } of lines) {
      const measured = await generator.call('connect', {
        wire: running.subscribe,
        pid: running.pid,
        ms: bench.seconds * 1000,
        atOnce: AT_ONCE,
      });
      // The first one warms up.
      if (run > 0) runs.push(measured);
    }
    bench.say(`run ${run} of ${turns}`);
  }
  return lines;
}
