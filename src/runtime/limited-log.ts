/** Log lines that traffic can cause, at a limited rate: what was left out is counted in the next one. */
import type { SchedulerLike } from 'rxjs';

const EVERY_MS = 1_000;

/**
 * Returns a function that calls `write` at most once a second for each kind, with how many it left out since.
 * Kinds must be few: they are remembered.
 */
export function limited(
  scheduler: SchedulerLike,
  write: (kind: string, fields: object, text: string) => void,
): (kind: string, fields: object, text: string) => void {
  const kinds = new Map<string, { at: number; left: number }>();
  return (kind, fields, text) => {
    const now = scheduler.now();
    const last = kinds.get(kind);
    if (last !== undefined && now - last.at < EVERY_MS) {
      last.left += 1;
      return;
    }
    const left = last?.left ?? 0;
    kinds.set(kind, { at: now, left: 0 });
    write(kind, left > 0 ? { ...fields, suppressed: left } : fields, text);
  };
}
