// What a server says its version is.

import { spawnSync } from 'node:child_process';

/** @returns the first group of the pattern, or `unknown` */
export function versionOf(program: string, args: readonly string[], pattern: RegExp): string {
  const { stdout, stderr } = spawnSync(program, [...args], { encoding: 'utf8' });
  return pattern.exec(`${stdout}${stderr}`)?.[1] ?? 'unknown';
}
