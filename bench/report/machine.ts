/** Where a run was made, and of what: without it a figure cannot be compared with anything. */
import { spawnSync } from 'node:child_process';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { isPinned } from '../process/launch.ts';

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  /** Whether server and generator had a core each. */
  readonly isPinned: boolean;
}

export interface Commit {
  readonly id: string;
  /** The working tree differed from it. */
  readonly isDirty: boolean;
}

export function describeMachine(): Machine {
  const all = cpus();
  return {
    processor: all[0]?.model ?? 'unknown',
    cores: all.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.versions.node,
    isPinned,
  };
}

export function describeCommit(root: string): Commit {
  const git = (...args: string[]): string =>
    spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout?.trim() ?? '';
  const measured = ['src', 'operators', 'plugins', 'package-lock.json'];
  return {
    id: git('rev-parse', '--short', 'HEAD') || 'unknown',
    isDirty: git('status', '--porcelain', '--', ...measured) !== '',
  };
}
