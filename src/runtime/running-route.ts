/** A compiled route, its legs and its counts, over its reloads. */
import type { RoutePart } from '../config/configuration.ts';
import type { Leg } from '../core/leg.ts';
import type { Pipeline } from './pipeline.ts';
import type { Route } from './route.ts';
import type { StepWatch } from './step-watch.ts';

/** A compiled route, subscribed to its sources. */
export interface RunningRoute {
  readonly part: RoutePart;
  readonly route: Route;
  /** A leg for each sink, by the sink's name; two branches to one sink have two. */
  readonly legs: readonly RunningLeg[];
  /** The leg to the dead letters' endpoint. */
  readonly deadLetters: Leg | undefined;
  /** Messages inside the steps. */
  readonly inSteps: number;
  /** Failures in the steps, as opposed to those in legs. */
  readonly failedInSteps: number;
  /** What its steps of the kind `rx` have inside. */
  readonly stepWatch: StepWatch;
  readonly pipeline: Pipeline;
  /** Legs that it had before a reload, which still send what they hold. As many as it had. */
  readonly leaving: readonly RunningLeg[];
  /** Failures in legs that it had before a reload. */
  readonly failedInGone: number;
  /** Forgets a leg that has left; its counts stay with the one that took its place, if any did. */
  forget(leg: Leg, successor: Leg | undefined): void;
  /** Lets everything leave that steps and legs keep only because more may come. */
  flush(): void;
  /** Stops it at once; what it held goes back to its sources. */
  stop(): void;
}

export interface RunningLeg {
  readonly sink: string;
  readonly leg: Leg;
}

interface RunningOptions
  extends Pick<RunningRoute, 'part' | 'route' | 'legs' | 'deadLetters' | 'stepWatch' | 'pipeline'> {
  readonly before: RunningRoute | undefined;
}

/** What it was before a reload hands its counts on. */
export function createRunning({ before, ...running }: RunningOptions): RunningRoute {
  const { route, legs, deadLetters, pipeline } = running;
  const leaving = (before?.legs ?? [])
    .filter(({ leg }) => !isAmong(leg, legs))
    .map(({ sink, leg }) => ({ sink, leg }));
  /** Failures in legs that are gone. */
  let failedBefore = before?.failedInGone ?? 0;

  return {
    ...running,
    leaving,
    get failedInGone() {
      return failedBefore;
    },
    get inSteps() {
      const ended = route.joinedCount + route.forwarded + sumOf(route.discardedBy) + this.failedInSteps;
      return route.received + route.madeCount - ended;
    },
    get failedInSteps() {
      let failed = sumOf(route.failures) - failedBefore;
      for (const { leg } of legs) failed -= leg.failed;
      for (const { leg } of leaving) failed -= leg.failed;
      return failed;
    },
    forget(leg, successor) {
      const place = leaving.findIndex((other) => other.leg === leg);
      if (place < 0) return;
      leaving.splice(place, 1);
      if (successor === undefined) failedBefore += leg.failed;
      else takeCounts(successor, leg);
    },
    flush() {
      pipeline.flush();
      for (const { leg } of legs) leg.flush();
    },
    stop() {
      pipeline.stop();
      for (const { leg } of legs) leg.dispose();
      for (const { leg } of leaving) leg.dispose();
      deadLetters?.dispose();
      route.end();
    },
  };
}

function isAmong(leg: Leg, legs: readonly RunningLeg[]): boolean {
  return legs.some((other) => other.leg === leg);
}

/** The counters of a sink go on where they were. */
function takeCounts(successor: Leg, leg: Leg): void {
  successor.received += leg.received;
  successor.delivered += leg.delivered;
  successor.failed += leg.failed;
  successor.holds += leg.holds;
  for (const [reason, count] of leg.discarded) {
    successor.discarded.set(reason, (successor.discarded.get(reason) ?? 0) + count);
  }
}

function sumOf(counts: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
}
