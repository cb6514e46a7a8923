/** Notices that a file has changed: also where an editor or an orchestrator puts another one in its place. */
import { stat } from 'node:fs/promises';
import type { SchedulerLike, Subscription } from 'rxjs';

export interface WatchFileOptions {
  readonly file: string;
  readonly scheduler: SchedulerLike;
  /** Called when it has changed and has then stayed the same for a look: whoever writes it has finished. */
  readonly onChange: () => void;
  /** 500 unless given. */
  readonly everyMs?: number;
}

/** A look costs microseconds, and works where events of the file system do not: renames, links, mounted folders. */
const LOOK_EVERY_MS = 500;

/**
 * Looks at what it is when this is called, and tells what is another after that. A file that is away is waited for.
 * Returns what ends it.
 *
 * @example
 * const stop = watchFile({ file: 'araldo.yaml', scheduler: asyncScheduler, onChange: () => server.reload() });
 */
export function watchFile({
  file,
  scheduler,
  onChange,
  everyMs = LOOK_EVERY_MS,
}: WatchFileOptions): () => void {
  let known: string | undefined;
  let seen: string | undefined;
  let timer: Subscription | undefined;
  let isStopped = false;

  const look = async (): Promise<void> => {
    const stamp = await stampOf(file);
    if (isStopped) return;
    if (stamp !== undefined) {
      known ??= stamp;
      if (stamp !== known && stamp === seen) {
        known = stamp;
        onChange();
      }
    }
    seen = stamp;
    timer = scheduler.schedule(() => void look(), everyMs);
  };
  void look();

  return () => {
    isStopped = true;
    timer?.unsubscribe();
  };
}

async function stampOf(file: string): Promise<string | undefined> {
  const found = await stat(file).catch(() => undefined);
  return found === undefined ? undefined : `${found.mtimeMs} ${found.size} ${found.ino}`;
}
