/** Carries through what is here before the server stops, and says what was left. */
import type { SchedulerLike } from 'rxjs';
import type { Endpoint } from '../core/endpoint.ts';
import type { Spill } from '../core/spill.ts';
import type { RunningRoute } from './running-route.ts';

export interface DrainOptions {
  readonly endpoints: readonly Endpoint[];
  readonly routes: readonly RunningRoute[];
  readonly deadlineMs: number;
  readonly scheduler: SchedulerLike;
}

/** What could not be carried through in time. Sources that redeliver will send the unsettled again. */
export interface Leftovers {
  /** Received and not settled. */
  readonly unsettled: number;
  /** In legs: not sent, or not confirmed; without what is on disk. */
  readonly undelivered: number;
  /** In the files of legs that spill: nobody waits for them, they are sent first at the next start. */
  readonly onDisk: number;
}

/** Settling is seen by looking: each look costs a walk over endpoints and legs. */
const LOOK_EVERY_MS = 5;

/** Sources stop, steps and legs run empty, sinks flush; the deadline is for all of it together. */
export async function drain(options: DrainOptions): Promise<Leftovers> {
  const { endpoints, routes, scheduler } = options;
  const end = scheduler.now() + options.deadlineMs;
  for (const endpoint of endpoints) endpoint.drain();
  for (const spill of spillsOf(options)) spill.drain();
  while (!isEmpty(options) && scheduler.now() < end) {
    // Again and again: what comes through the steps meanwhile is kept there too.
    for (const route of routes) route.flush();
    await pause(scheduler, LOOK_EVERY_MS);
  }
  await flush(options, Math.max(0, end - scheduler.now()));
  return leftovers(options);
}

function flush({ endpoints, scheduler }: DrainOptions, withinMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    // Ended when all is flushed: a timer that is left would keep the process alive.
    const deadline = scheduler.schedule(() => resolve(), withinMs);
    Promise.all(endpoints.map((endpoint) => endpoint.outbound.flush()))
      .then(() => resolve(), reject)
      .finally(() => deadline.unsubscribe());
  });
}

/** Messages at which a route stands still will not move by waiting. */
function isEmpty(options: DrainOptions): boolean {
  const { unsettled, undelivered } = leftovers(options);
  const kept = options.routes.reduce((sum, { route }) => sum + route.kept, 0);
  return undelivered === 0 && unsettled <= kept;
}

function leftovers(options: DrainOptions): Leftovers {
  let unsettled = 0;
  let undelivered = 0;
  let onDisk = 0;
  for (const { inbound, outbound } of options.endpoints) {
    unsettled += inbound.stashed + inbound.inFlight;
    undelivered += outbound.held;
  }
  for (const spill of spillsOf(options)) {
    undelivered -= spill.safe;
    onDisk += spill.messages;
  }
  return { unsettled, undelivered, onDisk };
}

function spillsOf({ routes }: DrainOptions): Spill[] {
  return routes.flatMap(({ legs, leaving }) => [...legs, ...leaving].flatMap(({ leg }) => leg.spill ?? []));
}

function pause(scheduler: SchedulerLike, ms: number): Promise<void> {
  return new Promise((resolve) => {
    scheduler.schedule(() => resolve(), ms);
  });
}
