/** Keeps the process within its memory: sources wait before the system's last resort is to kill it. */
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import type { SchedulerLike } from 'rxjs';
import type { Endpoint } from '../core/endpoint.ts';
import type { Log } from '../core/log.ts';
import type { Holder } from '../core/message.ts';

export interface MemoryGuardOptions {
  /** Those that are there at each look. */
  readonly endpoints: readonly Endpoint[];
  readonly scheduler: SchedulerLike;
  readonly log: Log;
  /** In bytes; resident, because buffers live outside V8's heap. */
  readonly used?: () => number;
  /** In bytes; that of the cgroup or the machine. */
  readonly limit?: number;
}

export interface MemoryGuard {
  /** Whether there is so little left that new peers are refused. */
  readonly isExhausted: boolean;
  stop(): void;
}

const LOOK_EVERY_MS = 1_000;

/** Parts of the limit: sources are held above the first, until below the second; peers are refused above the third. */
const HOLD_AT = 0.85;
const RELEASE_AT = 0.8;
const REFUSE_AT = 0.95;

const MEBIBYTE = 1024 * 1024;

export function startMemoryGuard(options: MemoryGuardOptions): MemoryGuard {
  const { endpoints, scheduler, log, limit = memoryLimit() } = options;
  const { used = () => process.memoryUsage.rss() } = options;
  const holder: Holder = { name: 'memory' };
  let isHolding = false;
  let isExhausted = false;

  const letGo = (): void => {
    isHolding = false;
    for (const { inbound } of endpoints) inbound.release(holder);
  };

  const look = (): void => {
    const part = used() / limit;
    isExhausted = part >= REFUSE_AT;
    const isNew = !isHolding && part >= HOLD_AT;
    isHolding ||= isNew;
    // Each time: a reload may have brought others.
    if (isHolding && part > RELEASE_AT) for (const { inbound } of endpoints) inbound.hold(holder);
    if (isNew) {
      const mebibytes = Math.round(used() / MEBIBYTE);
      log.warn({ mebibytes }, `${Math.round(part * 100)} % of the memory is used: all sources are held`);
    } else if (isHolding && part <= RELEASE_AT) {
      letGo();
      log.warn({}, 'there is memory again: sources go on');
    }
    timer = scheduler.schedule(look, LOOK_EVERY_MS);
  };
  let timer = scheduler.schedule(look, LOOK_EVERY_MS);

  return {
    get isExhausted() {
      return isExhausted;
    },
    stop() {
      timer.unsubscribe();
      if (isHolding) letGo();
    },
  };
}

/** The limit of the control group (version 2, then 1), or the memory of the machine. */
export function memoryLimit(): number {
  for (const file of ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes']) {
    try {
      const limit = Number(readFileSync(file, 'utf8'));
      if (Number.isSafeInteger(limit) && limit > 0) return Math.min(limit, totalmem());
    } catch {
      // Not that version, or not Linux.
    }
  }
  return totalmem();
}
