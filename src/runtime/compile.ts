/** A route's plan → the pipeline that runs: sources → claim → unmarshal → steps → fan-out → legs. */
import type { RoutePart } from '../config/configuration.ts';
import { type Branch, FanOut } from '../core/fan-out.ts';
import type { Leg } from '../core/leg.ts';
import { type CompileContext, endpointNamed, marshallerOf } from './compile-context.ts';
import { createInlet, type Inlet } from './inlet.ts';
import { createPipeline, type PipelineSource } from './pipeline.ts';
import { createRoute, type RouteOptions } from './route.ts';
import { deadLettersLeg, legOf, marshallingFor, targetOf } from './route-legs.ts';
import { placesOf } from './route-places.ts';
import { createRunning, type RunningRoute } from './running-route.ts';
import { createStepWatch } from './step-watch.ts';

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

function sourceOf(source: string, context: CompileContext): PipelineSource {
  const endpoint = endpointNamed(context, source);
  const carriesValues = endpoint.capabilities.source?.carries === 'values';
  return { endpoint, marshaller: carriesValues ? undefined : marshallerOf(context, source) };
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

function canRedeliver(context: CompileContext, source: string): boolean {
  const capabilities = context.configuration.endpoints.get(source)?.capabilities.source;
  return capabilities?.redelivers === true || capabilities?.acks === true;
}
