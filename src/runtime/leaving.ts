/** What a reload has taken out of use: it carries through what it holds, and then ends. */
import type { SchedulerLike, Subscription } from 'rxjs';
import type { Endpoint } from '../core/endpoint.ts';
import type { Leg } from '../core/leg.ts';
import type { Log } from '../core/log.ts';
import type { PreparedRoute } from './compile.ts';
import type { RunningRoute } from './running-route.ts';
import type { Supervisor } from './supervise.ts';

export interface LeavingRoute {
  readonly running: RunningRoute;
  /** What it has become; none where it is gone. */
  readonly next: PreparedRoute | undefined;
  /** Those that do not stay. */
  readonly legs: readonly LeavingLeg[];
  /** Its sources that leave as well: it reads from them what they still have. */
  readonly sources: readonly Endpoint[];
}

export interface LeavingLeg {
  readonly leg: Leg;
  /** The leg to the same sink that follows it: it gets nothing before this one is empty. */
  readonly successor: Leg | undefined;
  /** Whether its sink leaves as well: one that is not connected will not be again. */
  readonly isSinkLeaving: boolean;
}

export interface LeavingEndpoint {
  readonly endpoint: Endpoint;
  readonly supervisor: Supervisor;
  /** That of the endpoint that follows it: two at once would compete for a path, a queue or a name. */
  readonly successor: Supervisor | undefined;
}

export interface LeavingOptions {
  readonly routes: readonly LeavingRoute[];
  readonly endpoints: readonly LeavingEndpoint[];
  /** How long that may take; then what is left goes back to its sources. */
  readonly deadlineMs: number;
  readonly scheduler: SchedulerLike;
  readonly log: Log;
  readonly onRouteGone: (running: RunningRoute) => void;
  readonly onEndpointGone: (endpoint: Endpoint) => void;
  /** All of it has ended. */
  readonly onOver: () => void;
}

export interface Leaving {
  /** Gives up what is left; resolves when all is closed. */
  cut(): Promise<void>;
}

/** That something is empty is seen by looking, as when a server stops. */
const LOOK_EVERY_MS = 5;

export function startLeaving(options: LeavingOptions): Leaving {
  const { scheduler, log, deadlineMs } = options;
  const end = scheduler.now() + deadlineMs;
  const routes = new Set(options.routes);
  const endpoints = new Set(options.endpoints);
  const closing = new Set<Promise<void>>();
  let timer: Subscription | undefined;
  let isOver = false;
  let isCut = false;

  const look = (): void => {
    timer = undefined;
    const isLate = scheduler.now() >= end;
    for (const route of routes) if (hasLeft(route, isLate)) routes.delete(route);
    // Steps and legs of routes that leave may still have something for them.
    for (const leaving of endpoints) {
      if (isLate || (routes.size === 0 && isEmpty(leaving.endpoint))) close(leaving);
    }
    if (routes.size + endpoints.size > 0) timer = scheduler.schedule(look, LOOK_EVERY_MS);
    else finish();
  };

  const finish = (): void => {
    if (isOver || closing.size > 0 || routes.size + endpoints.size > 0) return;
    isOver = true;
    options.onOver();
  };

  const hasLeft = (route: LeavingRoute, isLate: boolean): boolean => {
    const { running, next, sources } = route;
    const { pipeline } = running;
    const passed = hasPassed(route);
    if (!passed) pipeline.flush();
    for (const { leg } of route.legs) leg.flush();
    const open = route.legs.filter(({ leg, ...rest }) => !isDone({ leg, ...rest }, passed));
    if (passed && !open.some(({ successor }) => successor !== undefined)) next?.inlet?.open();
    const isSettled = sources.every(({ inbound, state }) => inbound.isIdle || state !== 'open');
    if (!isLate && !(passed && open.length === 0 && isSettled)) return false;
    if (isLate) tellLate(running.route.name, open);
    endRoute(route);
    return true;
  };

  const endRoute = ({ running, next, legs }: LeavingRoute): void => {
    if (next === undefined) running.stop();
    else {
      running.pipeline.stop();
      for (const { leg, successor } of legs) {
        leg.dispose();
        next.running.forget(leg, successor);
      }
      next.inlet?.open();
    }
    options.onRouteGone(running);
  };

  const tellLate = (name: string, open: readonly LeavingLeg[]): void => {
    const left = open.reduce((sum, { leg }) => sum + leg.held, 0);
    log.warn(
      { route: name, messages: left },
      `${name}: what it was before the reload could not be carried through in ${deadlineMs / 1000} s, and goes back to its sources`,
    );
  };

  const close = (leaving: LeavingEndpoint): void => {
    endpoints.delete(leaving);
    const { endpoint, supervisor, successor } = leaving;
    const closed = flush(endpoint, Math.max(0, end - scheduler.now()))
      .then(() => supervisor.stop())
      .then(() => {
        closing.delete(closed);
        options.onEndpointGone(endpoint);
        if (!isCut) successor?.start();
        finish();
      });
    closing.add(closed);
  };

  /** Resolves when what was written has left, or the time is over. */
  const flush = ({ outbound }: Endpoint, withinMs: number): Promise<void> =>
    new Promise((resolve) => {
      const deadline = scheduler.schedule(() => resolve(), withinMs);
      outbound
        .flush()
        // It is about to be closed, which says what is wrong with it.
        .catch(() => undefined)
        .finally(() => {
          deadline.unsubscribe();
          resolve();
        });
    });

  for (const { running, next } of routes) if (next === undefined) running.route.end();
  look();
  return {
    async cut() {
      isCut = true;
      timer?.unsubscribe();
      for (const route of routes) endRoute(route);
      routes.clear();
      for (const { supervisor, successor, endpoint } of endpoints) {
        closing.add(
          Promise.all([supervisor.stop(), successor?.stop()]).then(() => options.onEndpointGone(endpoint)),
        );
      }
      endpoints.clear();
      await Promise.all(closing);
    },
  };
}

/** Whether everything has left its steps, and the sources that leave with it have nothing more for them. */
function hasPassed({ running, next, sources }: LeavingRoute): boolean {
  // One route counts for both: what waits in the inlet has not come to the steps.
  const inSteps = running.inSteps - (next?.inlet?.held ?? 0);
  return (
    next?.inlet?.isOpen === true || (inSteps <= 0 && sources.every(({ inbound }) => inbound.stashed === 0))
  );
}

function isDone({ leg, isSinkLeaving }: LeavingLeg, passed: boolean): boolean {
  if (!passed) return false;
  if (isSinkLeaving && !leg.isSinkUp) return true;
  return leg.held - (leg.spill?.safe ?? 0) <= 0;
}

function isEmpty({ inbound, outbound, state }: Endpoint): boolean {
  if (state !== 'open') return inbound.stashed === 0;
  return inbound.isIdle && outbound.held === 0;
}
