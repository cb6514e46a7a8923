/** A route's plan → the pipeline that runs: sources → claim → unmarshal → steps → fan-out → legs. */
import type { SchedulerLike } from 'rxjs';
import { marshalMessage, wireOf } from '../../operators/marshal.ts';
import type { BranchPart, Configuration, RoutePart, TargetPart } from '../config/configuration.ts';
import { DEAD_LETTER_BUFFER } from '../config/policy.ts';
import { fallback, hashed, roundRobin } from '../core/choice.ts';
import type { Endpoint } from '../core/endpoint.ts';
import { AraldoError } from '../core/errors.ts';
import { type Branch, FanOut, type Target } from '../core/fan-out.ts';
import { Leg } from '../core/leg.ts';
import type { Log } from '../core/log.ts';
import type { Marshaller } from '../core/marshaller.ts';
import { asking } from './asking.ts';
import { createInlet, type Inlet } from './inlet.ts';
import { createPipeline, type Pipeline, type PipelineSource } from './pipeline.ts';
import { createRoute, type Route, type RouteOptions } from './route.ts';
import { legName, placesOf } from './route-places.ts';
import { type Spills, spillOptions } from './spills.ts';
import { createStepWatch, type StepWatch } from './step-watch.ts';

export interface CompileContext {
  readonly configuration: Configuration;
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  readonly marshallers: ReadonlyMap<string, Marshaller>;
  /** The disk parts of the legs that spill. */
  readonly spills?: Spills;
  readonly scheduler: SchedulerLike;
  /** From [0, 1), for each leg its own: the jitter of its retries. `Math.random` unless given. */
  readonly random?: ((leg: string) => () => number) | undefined;
  readonly log: Log;
}

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

/** A route that is made and does not run. Of `begin` and `abandon`, one is called, once. */
export interface PreparedRoute {
  readonly running: RunningRoute;
  /** Where what comes in waits for the route that it was; none where it was none. */
  readonly inlet: Inlet | undefined;
  /** The legs that it was made with; the others are those of the route that it was. */
  readonly newLegs: readonly Leg[];
  begin(): void;
  /** Leaves no trace of it. */
  abandon(): void;
}

/** What a route was before a reload, and which of its legs it goes on with. */
export interface FormerRoute {
  readonly running: RunningRoute;
  /** The leg of a branch of the new route, by its place, where it stays as it is. */
  readonly kept: (branch: number) => Leg | undefined;
  readonly keepsDeadLetters: boolean;
}

/** Of sources that name no bound: that of a message. */
const MAX_PAYLOAD = 1024 * 1024;

/** Throws what a plugin or an operator throws that cannot be made; nothing of the route is left then. */
export function compileRoute(part: RoutePart, context: CompileContext): RunningRoute {
  const prepared = prepareRoute(part, context);
  prepared.begin();
  return prepared.running;
}

/** The same without reading anything yet. A route that was there before keeps its counts. */
export function prepareRoute(part: RoutePart, context: CompileContext, former?: FormerRoute): PreparedRoute {
  const { name, onError } = part.plan;
  const newLegs: Leg[] = [];
  try {
    return prepare();
  } catch (thrown) {
    for (const leg of newLegs) leg.dispose();
    throw thrown;
  }

  function prepare(): PreparedRoute {
    const before = former?.running;
    const deadLetters = typeof onError === 'string' ? undefined : deadLettersBranch(onError.deadLetter);
    const options: RouteOptions = {
      name,
      onError,
      canRedeliver: part.plan.from.some((source) => canRedeliver(context, source)),
      deadLetters: deadLetters === undefined ? undefined : new FanOut([deadLetters]),
      maxOriginal: largestOf(part, context),
      placeOf: placesOf(part),
      scheduler: context.scheduler,
      log: context.log,
    };
    const route = before?.route ?? createRoute(options);
    const legs = part.branches.map((branch, place) => ({
      sink: branch.plan.to,
      leg: former?.kept(place) ?? made(legOf(route, part, branch, context)),
      when: branch.when,
    }));
    const stepWatch = createStepWatch(context.scheduler);
    const inlet = before === undefined ? undefined : createInlet();
    const pipeline = createPipeline({
      ...context,
      part,
      route,
      sources: part.plan.from.map((source) => sourceOf(source, context)),
      inlet,
      stepWatch,
    });
    const running = createRunning({
      part,
      route,
      legs,
      stepWatch,
      pipeline,
      deadLetters: deadLetters?.leg,
      before,
    });

    return {
      running,
      inlet,
      newLegs,
      begin() {
        if (before !== undefined) route.change(options);
        const branches = legs.map(({ sink, leg, when }) => ({ leg, when, ...marshallingFor(sink, context) }));
        for (const { leg } of branches) {
          leg.alternates = [];
          leg.standsInFor = [];
        }
        const targets = part.targets?.map((target) => targetOf(target, branches, part)) ?? branches;
        pipeline.begin(new FanOut(targets, { acksFirst: part.plan.ack === 'first' }));
      },
      abandon() {
        for (const leg of newLegs) leg.dispose();
      },
    };
  }

  function deadLettersBranch(sink: string): Branch {
    const leg = former?.keepsDeadLetters === true ? former.running.deadLetters : undefined;
    return { leg: leg ?? made(deadLettersLeg(sink, name, context)), ...marshallingFor(sink, context) };
  }

  function made(leg: Leg): Leg {
    newLegs.push(leg);
    return leg;
  }
}

interface RunningOptions
  extends Pick<RunningRoute, 'part' | 'route' | 'legs' | 'deadLetters' | 'stepWatch' | 'pipeline'> {
  readonly before: RunningRoute | undefined;
}

function createRunning({ before, ...running }: RunningOptions): RunningRoute {
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

/** A branch, or what chooses one of several. */
function targetOf({ plan, key }: TargetPart, all: readonly Branch[], { branches }: RoutePart): Target {
  if (typeof plan === 'number') return all[plan] as Branch;
  const chosen = plan.legs.map((leg) => all[leg] as Branch);
  switch (plan.kind) {
    case 'round-robin':
      return roundRobin(chosen);
    case 'fallback':
      return fallback(chosen);
    case 'hash':
      return hashed(
        chosen,
        key ?? (() => undefined),
        uniqueNames(plan.legs.map((leg) => branches[leg]?.plan.to ?? '')),
      );
    default:
      return plan satisfies never;
  }
}

/** Keys are shared out by the names of sinks: one that is named twice has twice the share. */
function uniqueNames(names: readonly string[]): readonly string[] {
  return names.map(
    (name, place) => `${name} ${names.slice(0, place).filter((other) => other === name).length}`,
  );
}

function sourceOf(source: string, context: CompileContext): PipelineSource {
  const endpoint = endpointNamed(context, source);
  const carriesValues = endpoint.capabilities.source?.carries === 'values';
  return { endpoint, marshaller: carriesValues ? undefined : marshallerOf(context, source) };
}

function legOf(route: Route, part: RoutePart, branch: BranchPart, context: CompileContext): Leg {
  const { plan, key } = branch;
  const { retry } = plan;
  const sources = part.plan.from.map((source) => endpointNamed(context, source).inbound);
  const maxDeliveries = Math.max(...sources.map((source) => source.maxDeliveries));
  const name = legName(route.name, branch);
  return new Leg(endpointNamed(context, plan.to).outbound, {
    name,
    overflow: plan.overflow,
    capacity: plan.buffer,
    key,
    tellsOrigin: part.plan.ack === 'first',
    sampling:
      plan.everyMs === undefined ? undefined : { everyMs: plan.everyMs, scheduler: context.scheduler },
    spill: spillOptions(branch, context.spills?.get(branch), { ...context, route, maxDeliveries }),
    retry: retry && {
      ...retry,
      isOrdered: retry.inOrder,
      scheduler: context.scheduler,
      random: context.random?.(name),
    },
  });
}

/** The largest message that the sources of a route let in, in bytes. */
function largestOf({ plan }: RoutePart, context: CompileContext): number {
  return Math.max(
    ...plan.from.map((name) => {
      const { maxPayload, refusesAbove } = endpointNamed(context, name).capabilities.source ?? {};
      return maxPayload ?? refusesAbove ?? MAX_PAYLOAD;
    }),
  );
}

function deadLettersLeg(sink: string, route: string, context: CompileContext): Leg {
  return new Leg(endpointNamed(context, sink).outbound, {
    name: `${route} ⇢ ${sink}`,
    overflow: 'pause',
    capacity: DEAD_LETTER_BUFFER,
  });
}

/** What makes the bytes that a sink takes; nothing for a sink that takes values. */
function marshallingFor(sink: string, context: CompileContext): Pick<Branch, 'marshal' | 'marshaller'> {
  const { answersTo } = context.configuration.endpoints.get(sink)?.plan ?? {};
  if (endpointNamed(context, sink).capabilities.sink?.carries === 'values') return asking({}, answersTo);
  const marshaller = marshallerOf(context, sink);
  return asking(
    { marshal: marshaller === undefined ? wireOf : marshalMessage(marshaller), marshaller },
    answersTo,
  );
}

function marshallerOf(context: CompileContext, endpoint: string): Marshaller | undefined {
  const name = context.configuration.endpoints.get(endpoint)?.plan.marshal;
  return name === undefined || name === 'none' ? undefined : context.marshallers.get(name);
}

function canRedeliver(context: CompileContext, source: string): boolean {
  const capabilities = context.configuration.endpoints.get(source)?.capabilities.source;
  return capabilities?.redelivers === true || capabilities?.acks === true;
}

function endpointNamed(context: CompileContext, name: string): Endpoint {
  const endpoint = context.endpoints.get(name);
  if (endpoint === undefined) throw new AraldoError('unknown-endpoint', `no endpoint is named ${name}`);
  return endpoint;
}

function sumOf(counts: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
}
