/** The most expensive places of a `.cpuprofile` or `.heapprofile`, by what they cost themselves. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { digits } from './number.ts';
import type { Table } from './table.ts';

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

export interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface HeapNode {
  readonly callFrame: CallFrame;
  readonly selfSize: number;
  readonly children: readonly HeapNode[];
}

export interface HeapProfile {
  readonly head: HeapNode;
}

/** By place, in the unit of the profile: microseconds or bytes. */
type Costs = ReadonlyMap<string, number>;

const ROWS = 20;

/** What the process did when it did nothing; not a cost. */
const IDLE = new Set(['(idle)', '(root)']);

/** The tables of each profile in a folder, with its name: by function, and by file. */
export function profileTables(
  folder: string,
  root: string,
): readonly (readonly [name: string, tables: readonly Table[]])[] {
  return readdirSync(folder)
    .toSorted()
    .flatMap((name): [string, readonly Table[]][] => {
      const read = (): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'));
      if (name.endsWith('.cpuprofile')) return [[name, tablesOf(cpuCosts(read() as CpuProfile, root))]];
      if (name.endsWith('.heapprofile')) return [[name, tablesOf(heapCosts(read() as HeapProfile, root))]];
      return [];
    });
}

export function cpuCosts({ nodes, samples, timeDeltas }: CpuProfile, root: string): Costs {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const costs = new Map<string, number>();
  for (const [place, id] of samples.entries()) {
    const frame = frames.get(id);
    if (frame === undefined || IDLE.has(frame.functionName)) continue;
    add(costs, placeOf(frame, root), timeDeltas[place] ?? 0);
  }
  return costs;
}

export function heapCosts({ head }: HeapProfile, root: string): Costs {
  const costs = new Map<string, number>();
  const nodes = [head];
  for (const { callFrame, selfSize, children } of nodes) {
    if (selfSize > 0) add(costs, placeOf(callFrame, root), selfSize);
    nodes.push(...children);
  }
  return costs;
}

/** The same costs by file; what has none keeps its name. */
export function byFile(costs: Costs): Costs {
  const files = new Map<string, number>();
  for (const [place, cost] of costs) {
    add(files, /^\S* ?(.+):\d+$/.exec(place)?.[1] ?? place, cost);
  }
  return files;
}

function tablesOf(costs: Costs): readonly Table[] {
  return [tableOf('function', costs), tableOf('file', byFile(costs))];
}

function tableOf(column: string, costs: Costs): Table {
  const all = [...costs.values()].reduce((sum, cost) => sum + cost, 0);
  const rows = [...costs]
    .toSorted((a, b) => b[1] - a[1])
    .slice(0, ROWS)
    .map(([place, cost]) => [place, `${digits((cost / all) * 100)} %`]);
  return { columns: [column, 'share'], rows };
}

function add(costs: Map<string, number>, place: string, cost: number): void {
  costs.set(place, (costs.get(place) ?? 0) + cost);
}

function placeOf({ functionName, url, lineNumber }: CallFrame, root: string): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  // Lines of a profile count from 0, those of people from 1.
  return `${name} ${url.replace(`file://${root}/`, '')}:${lineNumber + 1}`;
}
