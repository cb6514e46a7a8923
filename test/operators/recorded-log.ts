// A log that keeps its lines.

import type { Log } from '../../src/core/log.ts';

export interface RecordedLog extends Log {
  readonly lines: readonly { readonly level: string; readonly fields: object; readonly text: string }[];
}

export function recordedLog(): RecordedLog {
  const lines: { level: string; fields: object; text: string }[] = [];
  const at =
    (level: string) =>
    (fields: object, text: string): void => {
      lines.push({ level, fields, text });
    };
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
