/** How many files and sockets this process may have open, where the system says so. */
import { readFileSync } from 'node:fs';

/** `undefined` on systems without `/proc`, and where there is no limit. */
export function descriptorLimit(): number | undefined {
  try {
    return parseDescriptorLimit(readFileSync('/proc/self/limits', 'utf8'));
  } catch {
    // No /proc: the limit cannot be asked for, and is left to the system.
    return undefined;
  }
}

/** The soft limit in the text of `/proc/self/limits`. */
export function parseDescriptorLimit(text: string): number | undefined {
  const found = /^Max open files\s+(\d+)/m.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}
