/** A route's plan → the pipeline that runs: sources → claim → unmarshal → steps → fan-out → legs. */
import { merge, type SchedulerLike, Subject, type Subscription } from 'rxjs';
import { claim } from '../../operators/claim.ts';
import { marshalMessage, wireOf } from '../../operators/marshal.ts';
import { unmarshal } from '../../operators/unmarshal.ts';
import type { BranchPart, Configuration, RoutePart, TargetPart } from '../config/configuration.ts';
import { DEAD_LETTER_BUFFER } from '../config/policy.ts';
import { fallback, hashed, roundRobin } from '../core/choice.ts';
import type { Endpoint } from '../core/endpoint.ts';
import { AraldoError } from '../core/errors.ts';
import { type Branch, FanOut, type Target } from '../core/fan-out.ts';
import { Leg } from '../core/leg.ts';
import type { Log } from '../core/log.ts';
import type { Marshaller } from '../core/marshaller.ts';
import { stepOf } from '../core/operator.ts';
import { createRoute, type Route } from './route.ts';
import { legName, placesOf, stepName } from './route-places.ts';
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
  readonly route: Route;
  /** A leg for each sink, by the sink's name; two branches to one sink have two. */
  readonly legs: readonly { readonly sink: string; readonly leg: Leg }[];
  /** The leg to the dead letters' endpoint. */
  readonly deadLetters: Leg | undefined;
  /** Messages inside the steps. */
  readonly inSteps: number;
  /** Failures in the steps, as opposed to those in legs. */
  readonly failedInSteps: number;
  /** What its steps of the kind `rx` have inside. */
  readonly stepWatch: StepWatch;
  /** Lets everything leave that steps and legs keep only because more may come. */
  flush(): void;
  /** Stops it at once; what it held goes back to its sources. */
  stop(): void;
}

/** Of sources that name no bound: that of a message. */
const MAX_PAYLOAD = 1024 * 1024;

export function compileRoute(part: RoutePart, context: CompileContext): RunningRoute {
  const { name, onError } = part.plan;
  const deadLetters =
    typeof onError === 'string' ? undefined : deadLettersTo(onError.deadLetter, name, context);
  const route = createRoute({
    name,
    onError,
    canRedeliver: part.plan.from.some((source) => canRedeliver(context, source)),
    deadLetters: deadLetters === undefined ? undefined : new FanOut([deadLetters]),
    maxOriginal: largestOf(part, context),
    placeOf: placesOf(part),
    scheduler: context.scheduler,
    log: context.log,
  });
  const legs = part.branches.map((branch) => ({
    sink: branch.plan.to,
    leg: legOf(route, part, branch, context),
    when: branch.when,
  }));
  const branches = legs.map(({ sink, leg, when }) => ({ leg, when, ...marshallingFor(sink, context) }));
  const fanOut = new FanOut(part.targets?.map((target) => targetOf(target, branches, part)) ?? branches, {
    acksFirst: part.plan.ack === 'first',
  });

  const stepWatch = createStepWatch(context.scheduler);
  const flushOn = new Subject<void>();
  let subscription: Subscription | undefined;
  const start = (): void => {
    const sources = part.plan.from.map((source) => readFrom(source, route, context));
    const steps = part.steps.map((step, place) =>
      stepOf(step.definition, step.options, {
        name: stepName(name, place, step),
        scheduler: context.scheduler,
        log: context.log,
        flushOn,
        marshaller: (name) => context.marshallers.get(name) as Marshaller,
        watch: stepWatch.watch,
      }),
    );
    const pipeline = steps.reduce((stream, step) => stream.pipe(step), merge(...sources));
    subscription = pipeline.subscribe({
      next(message) {
        route.forwarded += 1;
        fanOut.offer(message);
      },
      // No step lets an error out; should one do so all the same, the route starts anew without it.
      error(thrown: unknown) {
        const error = AraldoError.from(thrown, 'step-failed');
        context.log.error({ route: name, code: error.code }, `the pipeline failed: ${error.message}`);
        start();
      },
    });
  };
  start();

  return {
    route,
    legs,
    stepWatch,
    deadLetters: deadLetters?.leg,
    get inSteps() {
      const ended = route.joinedCount + route.forwarded + sumOf(route.discardedBy) + this.failedInSteps;
      return route.received + route.madeCount - ended;
    },
    get failedInSteps() {
      return legs.reduce((rest, { leg }) => rest - leg.failed, sumOf(route.failures));
    },
    flush() {
      flushOn.next();
      for (const { leg } of legs) leg.flush();
    },
    stop() {
      subscription?.unsubscribe();
      for (const { leg } of legs) leg.dispose();
      deadLetters?.leg.dispose();
      route.end();
    },
  };
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

/** One source of a route, up to where its steps begin. */
function readFrom(source: string, route: Route, context: CompileContext) {
  const endpoint = endpointNamed(context, source);
  const { maxDeliveries } = endpoint.inbound;
  const maxPayload = endpoint.capabilities.source?.maxPayload;
  const claimed = endpoint.messages.pipe(claim(route, { maxDeliveries, maxPayload }));
  const marshaller = marshallerOf(context, source);
  if (marshaller === undefined || endpoint.capabilities.source?.carries === 'values') return claimed;
  return claimed.pipe(unmarshal(marshaller));
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

function deadLettersTo(sink: string, route: string, context: CompileContext): Branch {
  const leg = new Leg(endpointNamed(context, sink).outbound, {
    name: `${route} ⇢ ${sink}`,
    overflow: 'pause',
    capacity: DEAD_LETTER_BUFFER,
  });
  return { leg, ...marshallingFor(sink, context) };
}

/** What makes the bytes that a sink takes; nothing for a sink that takes values. */
function marshallingFor(sink: string, context: CompileContext): Pick<Branch, 'marshal' | 'marshaller'> {
  if (endpointNamed(context, sink).capabilities.sink?.carries === 'values') return {};
  const marshaller = marshallerOf(context, sink);
  return { marshal: marshaller === undefined ? wireOf : marshalMessage(marshaller), marshaller };
}

function marshallerOf(context: CompileContext, endpoint: string): Marshaller | undefined {
  const name = context.configuration.plan.endpoints[endpoint]?.marshal;
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
