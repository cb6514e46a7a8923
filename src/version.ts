/** The version in package.json, which lies one folder up from the sources and two from the built files. */
import { readFileSync } from 'node:fs';

export const version: string = read();

function read(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const manifest: unknown = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
      const { name, version: found } = manifest as { name?: string; version?: string };
      if (name === 'araldo' && found !== undefined) return found;
    } catch {
      // Not at this level: look at the next one.
    }
  }
  return 'unknown';
}
