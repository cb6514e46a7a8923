/** Says who keeps a source shut when that lasts: the first question when messages stop. */
import type { SchedulerLike } from 'rxjs';
import type { Endpoint } from '../core/endpoint.ts';
import type { Log } from '../core/log.ts';

export interface WatchdogOptions {
  readonly endpoints: readonly Endpoint[];
  readonly scheduler: SchedulerLike;
  readonly log: Log;
}

const LOOK_EVERY_MS = 5_000;

/** A gate that is shut so long without a break is worth a line; another one each time as long again. */
const REPORT_AFTER_MS = 30_000;

/** Returns what ends it. */
export function startWatchdog({ endpoints, scheduler, log }: WatchdogOptions): () => void {
  /** Since when each gate has been shut at every look; as many as there are endpoints. */
  const shutSince = new Map<Endpoint, number>();
  const reportedAt = new Map<Endpoint, number>();

  const look = (): void => {
    const now = scheduler.now();
    for (const endpoint of endpoints) {
      const { gate } = endpoint.inbound;
      if (gate.isOpen) {
        shutSince.delete(endpoint);
        reportedAt.delete(endpoint);
        continue;
      }
      const since = shutSince.get(endpoint) ?? now;
      shutSince.set(endpoint, since);
      if (now - (reportedAt.get(endpoint) ?? since) < REPORT_AFTER_MS) continue;
      reportedAt.set(endpoint, now);
      const seconds = Math.round((now - since) / 1_000);
      const holders = [...gate.holders, ...(gate.isFull ? ['its window: too many unsettled messages'] : [])];
      log.warn(
        { endpoint: endpoint.name, holders, seconds },
        `${endpoint.name} has been held for ${seconds} s by ${holders.join(', ')}`,
      );
    }
    timer = scheduler.schedule(look, LOOK_EVERY_MS);
  };
  let timer = scheduler.schedule(look, LOOK_EVERY_MS);

  return () => timer.unsubscribe();
}
