/** 10,000 peers that are there and say nothing: what each of them takes of memory. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startGenerator } from '../generator/client.ts';
import type { System } from '../peers/system.ts';
import { residentBytesOf } from '../process/cpu.ts';
import { digits, short } from '../report/number.ts';
import { PAYLOAD, type Workload } from './workload.ts';

const PEERS = 10_000;
/** Until what connecting left behind is collected, where it is. */
const REST_MS = 3_000;
const KIB = 1024;
const TITLE = `${PEERS.toLocaleString('en')} idle peers`;

interface Idle {
  readonly label: string;
  readonly before: number;
  readonly after: number;
  readonly problem?: string;
}

export const idle: Workload = {
  name: 'idle',
  title: TITLE,
  async run(bench) {
    const all: Idle[] = [];
    for (const system of [bench.araldo, ...bench.peers.values()].filter(({ name }) => name !== 'Node-RED')) {
      bench.say(system.name);
      all.push(await measure(system));
    }
    const each = ({ before, after }: Idle): number => (after - before) / PEERS / KIB;
    const araldo = all.find(({ label, problem }) => label === 'araldo' && problem === undefined);
    return {
      workload: 'idle',
      title: TITLE,
      about:
        `Resident memory of the server's processes before and ${REST_MS / 1000} s after ${PEERS} subscribers connected. ` +
        'What the kernel keeps for sockets is not in it.',
      tables: [
        {
          columns: ['system', 'KiB each', 'MB before', 'MB after'],
          rows: all.map((idle) =>
            idle.problem === undefined
              ? [idle.label, digits(each(idle)), short(idle.before / 1e6), short(idle.after / 1e6)]
              : [idle.label, idle.problem],
          ),
        },
      ],
      remarks: [],
      figures: [
        {
          work: TITLE,
          what: 'resident memory of each',
          target: { atMost: 12, unit: 'KiB' },
          value: araldo && each(araldo),
          reason: 'it failed',
        },
      ],
      data: all,
    };
  },
};

async function measure(system: System): Promise<Idle> {
  const label = system.name;
  try {
    await using stack = new AsyncDisposableStack();
    const { pid, publish, subscribe, stop } = await system.start('broadcast');
    stack.defer(stop);
    const generator = startGenerator('generator');
    stack.defer(() => generator.stop());
    await sleep(REST_MS / 3);
    const before = residentBytesOf(pid);
    await generator.call('open', {
      publishers: { wire: publish, count: 0 },
      subscribers: { wire: subscribe, count: PEERS },
      payload: PAYLOAD,
      load: { kind: 'saturate' },
    });
    await sleep(REST_MS);
    return { label, before, after: residentBytesOf(pid) };
  } catch (error) {
    return { label, before: Number.NaN, after: Number.NaN, problem: (error as Error).message };
  }
}
