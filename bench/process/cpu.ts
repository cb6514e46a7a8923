/** What a process and its children have used, as the kernel counts it. */
import { readdirSync, readFileSync } from 'node:fs';

/** The kernel's unit in /proc/<pid>/stat: a hundredth of a second, on every Linux there is. */
const TICK_US = 10_000;
const PAGE_BYTES = 4096;

interface Stat {
  readonly parent: number;
  readonly userTicks: number;
  /** The kernel's too. */
  readonly ticks: number;
}

/** The processor time of a process tree so far, in microseconds. */
export function cpuMicrosecondsOf(pid: number): number {
  return treeOf(pid).reduce((sum, each) => sum + cpuOf(each), 0);
}

/**
 * The part of it that was not the kernel's, as far as that is known: how a process divides its time is sampled, and is a
 * hundredth of a second coarse.
 */
export function userMicrosecondsOf(pid: number): number {
  return treeOf(pid).reduce((sum, each) => {
    const stat = read(`/proc/${each}/stat`);
    return sum + (stat === undefined ? 0 : parseStat(stat).userTicks * TICK_US);
  }, 0);
}

/** The resident memory of a process tree, in bytes. */
export function residentBytesOf(pid: number): number {
  return treeOf(pid).reduce((sum, each) => {
    const pages = read(`/proc/${each}/statm`)?.split(' ')[1];
    return sum + Number(pages ?? 0) * PAGE_BYTES;
  }, 0);
}

/** The process and all that descend from it. */
export function treeOf(pid: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc')) {
    const child = Number(entry);
    if (!Number.isInteger(child)) continue;
    const stat = read(`/proc/${child}/stat`);
    if (stat !== undefined) parents.set(child, parseStat(stat).parent);
  }
  const tree = [pid];
  for (const member of tree) {
    for (const [child, parent] of parents) if (parent === member) tree.push(child);
  }
  return tree;
}

/**
 * From the scheduler's own count, in nanoseconds, thread by thread: the usual one is a hundredth of a second coarse,
 * which is more than a server uses in a second at a low rate.
 */
function cpuOf(pid: number): number {
  let ns = 0;
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const stat = read(`/proc/${pid}/task/${thread}/schedstat`);
      if (stat !== undefined) ns += Number(stat.split(' ')[0]);
    }
  } catch {
    return 0; // it has ended
  }
  if (ns > 0) return ns / 1000;
  const stat = read(`/proc/${pid}/stat`);
  return stat === undefined ? 0 : parseStat(stat).ticks * TICK_US;
}

/** The line of /proc/<pid>/stat, whose second field may hold anything, parentheses and spaces included. */
export function parseStat(line: string): Stat {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const userTicks = Number(fields[11]);
  return { parent: Number(fields[1]), userTicks, ticks: userTicks + Number(fields[12]) };
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
