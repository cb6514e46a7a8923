/** Says who keeps a source shut, and which step keeps messages, when that lasts: the first question when messages stop. */
import type { SchedulerLike } from 'rxjs';
import { type Endpoint, NOBODY } from '../core/endpoint.ts';
import type { Log } from '../core/log.ts';
import type { StepWatch, WatchedStep } from './step-watch.ts';

export interface WatchdogOptions {
  /** Those that are there at each look. */
  readonly endpoints: readonly Endpoint[];
  /** Those of all routes. */
  readonly stepWatches?: readonly StepWatch[];
  /** What lasts so long without a break is worth a line, and another one each time as long again. */
  readonly afterMs: number;
  readonly scheduler: SchedulerLike;
  readonly log: Log;
}

/** The longest pause between two looks; shorter where there is less time to notice something. */
const LOOK_EVERY_MS = 5_000;
const LOOKS = 6;

/** Returns what ends it. */
export function startWatchdog(options: WatchdogOptions): () => void {
  const { endpoints, stepWatches = [], afterMs, scheduler, log } = options;
  const lookEveryMs = Math.min(LOOK_EVERY_MS, afterMs / LOOKS);
  /** Since when each gate has been shut at every look; as many as there are endpoints. */
  const shutSince = new Map<Endpoint, number>();
  /** When something was last said of an endpoint or a step, while it lasts; as many as there are of both. */
  const reportedAt = new Map<Endpoint | string, number>();

  const isWorthALine = (of: Endpoint | string, since: number, now: number): boolean => {
    if (now - (reportedAt.get(of) ?? since) < afterMs) return false;
    reportedAt.set(of, now);
    return true;
  };

  const lookAtGate = (endpoint: Endpoint, now: number): void => {
    const { gate } = endpoint.inbound;
    // That nobody reads from it is no fault that time makes worse.
    if (gate.isOpen || (!gate.isFull && gate.holders.every((holder) => holder === NOBODY))) {
      shutSince.delete(endpoint);
      reportedAt.delete(endpoint);
      return;
    }
    const since = shutSince.get(endpoint) ?? now;
    shutSince.set(endpoint, since);
    if (!isWorthALine(endpoint, since, now)) return;
    const holders = [...gate.holders, ...(gate.isFull ? ['its window: too many unsettled messages'] : [])];
    const seconds = Math.round((now - since) / 1_000);
    log.warn(
      { endpoint: endpoint.name, holders, seconds },
      `${endpoint.name} has been held for ${seconds} s by ${holders.join(', ')}`,
    );
  };

  const lookAtStep = ({ name, held, oldestMs }: WatchedStep, now: number): void => {
    if (oldestMs < afterMs) {
      reportedAt.delete(name);
      return;
    }
    if (!isWorthALine(name, now - oldestMs, now)) return;
    const seconds = Math.round(oldestMs / 1_000);
    const messages = held === 1 ? 'a message' : `${held} messages, one of them`;
    log.warn({ step: name, held, seconds }, `step ${name} has kept ${messages} for ${seconds} s; ${cure}`);
  };

  const look = (): void => {
    const now = scheduler.now();
    for (const endpoint of endpoints) lookAtGate(endpoint, now);
    for (const stepWatch of stepWatches) {
      stepWatch.look();
      for (const step of stepWatch.steps) lookAtStep(step, now);
    }
    timer = scheduler.schedule(look, lookEveryMs);
  };
  let timer = scheduler.schedule(look, lookEveryMs);

  return () => timer.unsubscribe();
}

const cure =
  'if it drops them, as debounceTime and switchMap of RxJS do, use the operator of araldo, settle what is dropped, or ' +
  "declare obligations: 'opaque'";
