/** The parts of a relay that runs: marshallers, endpoints and routes, and how they change while messages flow. */
import type { SchedulerLike } from 'rxjs';
import { marshalMessage } from '../../operators/marshal.ts';
import type {
  BranchPart,
  Configuration,
  EndpointPart,
  MarshallerPart,
  RoutePart,
} from '../config/configuration.ts';
import type { Endpoint } from '../core/endpoint.ts';
import type { Log } from '../core/log.ts';
import type { Marshaller } from '../core/marshaller.ts';
import type { SpillStore } from '../core/spill-store.ts';
import { type Changes, changesBetween } from './changes.ts';
import { type PreparedRoute, prepareRoute } from './compile.ts';
import type { CompileContext } from './compile-context.ts';
import { answering } from './correlation.ts';
import {
  type Leaving,
  type LeavingEndpoint,
  type LeavingLeg,
  type LeavingRoute,
  startLeaving,
} from './leaving.ts';
import type { RunningRoute } from './running-route.ts';
import type { StepWatch } from './step-watch.ts';
import type { Supervisor } from './supervise.ts';

export interface PartsOptions {
  readonly configuration: Configuration;
  readonly scheduler: SchedulerLike;
  readonly log: Log;
  /** For the jitter of retries; see `CompileContext`. */
  readonly random?: CompileContext['random'];
  createMarshaller(name: string, part: MarshallerPart): Marshaller;
  /** Opens nothing. */
  createEndpoint(name: string, part: EndpointPart): Endpoint;
  supervise(endpoint: Endpoint): Supervisor;
  /** Opens the disk part of a leg. Throws what `openSpillFile` throws. */
  openSpill(route: RoutePart, branch: BranchPart): SpillStore;
  /** What a test listens in to; the part itself unless given. */
  readonly watchedPart?: (part: RoutePart) => RoutePart;
  /** Called for each route before its first message, with the legs that are new. */
  readonly onRoute?: (route: PreparedRoute) => void;
}

export interface Parts {
  readonly configuration: Configuration;
  readonly marshallers: ReadonlyMap<string, Marshaller>;
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  readonly routes: ReadonlyMap<string, RunningRoute>;
  /** With those that a reload has taken out of use, until they have ended. The same lists for good: whoever looks has them. */
  readonly allEndpoints: readonly Endpoint[];
  readonly allRoutes: readonly RunningRoute[];
  readonly stepWatches: readonly StepWatch[];
  /** Opens the endpoints, sinks first. Once. */
  start(): void;
  /**
   * Changes to another configuration, between two messages: within this call. Throws what the parts throw that cannot
   * be made, and then everything is as it was. Not while `isLeaving`.
   */
  change(next: Configuration): Changes;
  /** Whether something still ends that the last change has taken out of use. */
  readonly isLeaving: boolean;
  /** Resolves when nothing is leaving any more. */
  left(): Promise<void>;
  /** Stops everything at once. */
  stop(): Promise<void>;
  /** Closes the files of legs, of parts that were never started. */
  abandon(): void;
}

/** Throws what the parts throw that cannot be made; no file is open then. */
export function createParts(options: PartsOptions): Parts {
  const { scheduler, log } = options;
  let configuration = nothingOf(options.configuration);
  let marshallers: ReadonlyMap<string, Marshaller> = new Map();
  let endpoints: ReadonlyMap<string, Endpoint> = new Map();
  let routes: ReadonlyMap<string, RunningRoute> = new Map();
  const supervisors = new Map<Endpoint, Supervisor>();
  const allEndpoints: Endpoint[] = [];
  const allRoutes: RunningRoute[] = [];
  const stepWatches: StepWatch[] = [];
  let leaving: Leaving | undefined;
  let whenLeft: PromiseWithResolvers<void> | undefined;
  let isStarted = false;

  const parts: Parts = {
    get configuration() {
      return configuration;
    },
    get marshallers() {
      return marshallers;
    },
    get endpoints() {
      return endpoints;
    },
    get routes() {
      return routes;
    },
    allEndpoints,
    allRoutes,
    stepWatches,
    start() {
      isStarted = true;
      for (const endpoint of sinksFirst(configuration, [...endpoints.values()]))
        supervisors.get(endpoint)?.start();
    },
    change,
    get isLeaving() {
      return leaving !== undefined;
    },
    left: () => whenLeft?.promise ?? Promise.resolve(),
    async stop() {
      for (const running of allRoutes) running.stop();
      const cut = leaving?.cut();
      await Promise.all([cut, ...[...supervisors.values()].map((supervisor) => supervisor.stop())]);
    },
    abandon() {
      for (const running of allRoutes) running.stop();
    },
  };
  change(options.configuration);
  return parts;

  function change(next: Configuration): Changes {
    const changes = changesBetween(configuration, next);
    const prepared = prepare(next, changes);
    swap(next, changes, prepared);
    return changes;
  }

  interface Prepared {
    readonly marshallers: ReadonlyMap<string, Marshaller>;
    readonly endpoints: ReadonlyMap<string, Endpoint>;
    readonly routes: ReadonlyMap<string, PreparedRoute>;
  }

  /** Makes what is new. Whatever cannot be made leaves no trace of the rest. */
  function prepare(next: Configuration, changes: Changes): Prepared {
    const newMarshallers = new Map<string, Marshaller>();
    for (const [name, part] of next.marshallers) {
      const kept = changes.marshallers.kept.has(name) ? marshallers.get(name) : undefined;
      newMarshallers.set(name, kept ?? options.createMarshaller(name, part));
    }
    const newEndpoints = new Map<string, Endpoint>();
    for (const [name, part] of next.endpoints) {
      const kept = changes.endpoints.kept.has(name) ? endpoints.get(name) : undefined;
      newEndpoints.set(name, kept ?? options.createEndpoint(name, part));
    }
    const newRoutes = new Map<string, PreparedRoute>();
    const spills = new Map<BranchPart, SpillStore>();
    try {
      for (const [name, part] of next.routes) {
        if (changes.routes.kept.has(name)) continue;
        const before = routes.get(name);
        const kept = (branch: number) => {
          const place = changes.keptLeg(name, branch);
          return place === undefined ? undefined : before?.legs[place]?.leg;
        };
        for (const [place, branch] of part.branches.entries()) {
          if (branch.spill === undefined || kept(place) !== undefined) continue;
          spills.set(branch, options.openSpill(part, branch));
        }
        const context: CompileContext = {
          configuration: next,
          endpoints: newEndpoints,
          marshallers: newMarshallers,
          spills,
          scheduler,
          random: options.random,
          log,
        };
        const former =
          before === undefined
            ? undefined
            : { running: before, kept, keepsDeadLetters: changes.keepsDeadLetters(name) };
        newRoutes.set(name, prepareRoute(options.watchedPart?.(part) ?? part, context, former));
      }
    } catch (thrown) {
      for (const route of newRoutes.values()) route.abandon();
      // Those that have a leg were closed with it.
      for (const store of spills.values()) store.close();
      throw thrown;
    }
    return { marshallers: newMarshallers, endpoints: newEndpoints, routes: newRoutes };
  }

  /** Everything between two messages; from here on nothing fails. */
  function swap(next: Configuration, changes: Changes, prepared: Prepared): void {
    const goneEndpoints = [...endpoints.values()].filter(
      (endpoint) => prepared.endpoints.get(endpoint.name) !== endpoint,
    );
    const goneRoutes = [...routes.values()].filter(({ route }) => !changes.routes.kept.has(route.name));
    const leavingEndpoints = goneEndpoints.map((endpoint): LeavingEndpoint => {
      const successor = prepared.endpoints.get(endpoint.name);
      return {
        endpoint,
        supervisor: supervisors.get(endpoint) as Supervisor,
        successor: successor === undefined ? undefined : supervised(successor),
      };
    });
    const leavingRoutes = goneRoutes.map((running) =>
      leavingRoute(running, prepared.routes.get(running.route.name), goneEndpoints),
    );

    for (const [name, endpoint] of prepared.endpoints)
      prepareSending(endpoint, next, prepared.marshallers, name);
    for (const { running, sources } of leavingRoutes) {
      const stay = running.part.plan.from.flatMap((name) => endpoints.get(name) ?? []);
      running.pipeline.leave(stay.filter((endpoint) => !sources.includes(endpoint)));
    }
    const followers = new Set(leavingEndpoints.map(({ endpoint }) => prepared.endpoints.get(endpoint.name)));
    const fresh = [...prepared.endpoints.values()].filter(
      (endpoint) => endpoints.get(endpoint.name) !== endpoint && !followers.has(endpoint),
    );
    for (const endpoint of fresh) supervised(endpoint);

    configuration = next;
    marshallers = prepared.marshallers;
    endpoints = prepared.endpoints;
    routes = new Map(
      [...next.routes.keys()].map((name) => [
        name,
        prepared.routes.get(name)?.running ?? (routes.get(name) as RunningRoute),
      ]),
    );
    replace(allEndpoints, [...endpoints.values(), ...goneEndpoints]);
    replace(allRoutes, [...routes.values(), ...goneRoutes.filter(({ route }) => !routes.has(route.name))]);
    replace(
      stepWatches,
      [...allRoutes, ...goneRoutes].map(({ stepWatch }) => stepWatch),
    );

    for (const route of prepared.routes.values()) {
      options.onRoute?.(route);
      route.begin();
    }
    // One that stood still goes on with what is new around it: that is what people reload for.
    for (const name of changes.routes.kept) routes.get(name)?.route.end();
    for (const endpoint of goneEndpoints) endpoint.drain();
    if (isStarted) for (const endpoint of sinksFirst(next, fresh)) supervisors.get(endpoint)?.start();
    if (leavingRoutes.length + leavingEndpoints.length > 0) leave(leavingRoutes, leavingEndpoints);
  }

  function leavingRoute(
    running: RunningRoute,
    next: PreparedRoute | undefined,
    goneEndpoints: readonly Endpoint[],
  ): LeavingRoute {
    const isGone = (name: string): boolean => goneEndpoints.includes(endpoints.get(name) as Endpoint);
    const { onError, from } = running.part.plan;
    const legs = running.legs.map(({ sink, leg }) => ({ sink, leg }));
    if (running.deadLetters !== undefined && typeof onError === 'object') {
      legs.push({ sink: onError.deadLetter, leg: running.deadLetters });
    }
    const staying = new Set([...(next?.running.legs ?? []).map(({ leg }) => leg), next?.running.deadLetters]);
    /** Each follows one. */
    const followed = new Set<RunningRoute['legs'][number]>();
    const leavingLegs = legs
      .filter(({ leg }) => !staying.has(leg))
      .map(({ sink, leg }): LeavingLeg => {
        const successor = next?.running.legs.find(
          (other) => other.sink === sink && next.newLegs.includes(other.leg) && !followed.has(other),
        );
        if (successor !== undefined) followed.add(successor);
        return { leg, successor: successor?.leg, isSinkLeaving: isGone(sink) };
      });
    return {
      running,
      next,
      legs: leavingLegs,
      sources: from.filter(isGone).map((name) => endpoints.get(name) as Endpoint),
    };
  }

  function leave(leavingRoutes: readonly LeavingRoute[], leavingEndpoints: readonly LeavingEndpoint[]): void {
    whenLeft = Promise.withResolvers();
    let isOver = false;
    const started = startLeaving({
      routes: leavingRoutes,
      endpoints: leavingEndpoints,
      deadlineMs: configuration.plan.server.limits.drainMs,
      scheduler,
      log,
      onRouteGone(running) {
        if (!routes.has(running.route.name)) without(allRoutes, running);
        without(stepWatches, running.stepWatch);
      },
      onEndpointGone(endpoint) {
        without(allEndpoints, endpoint);
        supervisors.delete(endpoint);
      },
      onOver() {
        isOver = true;
        leaving = undefined;
        whenLeft?.resolve();
      },
    });
    if (!isOver) leaving = started;
  }

  function supervised(endpoint: Endpoint): Supervisor {
    const supervisor = options.supervise(endpoint);
    supervisors.set(endpoint, supervisor);
    return supervisor;
  }
}

/** What code sends by it is made into bytes as what routes send. */
function prepareSending(
  endpoint: Endpoint,
  { endpoints }: Configuration,
  marshallers: ReadonlyMap<string, Marshaller>,
  name: string,
): void {
  const part = endpoints.get(name);
  const marshaller = marshallers.get(part?.plan.marshal ?? '');
  const marshals = marshaller !== undefined && part?.capabilities.sink?.carries === 'bytes';
  const plain = marshals ? { marshal: marshalMessage(marshaller), marshaller } : {};
  const { marshal = (message) => message } = answering(plain, endpoint.requests);
  endpoint.prepare = marshal;
}

/** A server before its first part. */
function nothingOf(configuration: Configuration): Configuration {
  return { ...configuration, marshallers: new Map(), endpoints: new Map(), routes: new Map() };
}

/** Nothing waits for another: what comes in before its sink is up waits in the leg. */
function sinksFirst({ routes }: Configuration, endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const sources = new Set([...routes.values()].flatMap(({ plan }) => plan.from));
  const isSource = ({ name }: Endpoint): number => Number(sources.has(name));
  return endpoints.toSorted((one, other) => isSource(one) - isSource(other));
}

function replace<T>(list: T[], items: readonly T[]): void {
  list.splice(0, list.length, ...items);
}

function without<T>(list: T[], item: T): void {
  const place = list.indexOf(item);
  if (place >= 0) list.splice(place, 1);
}
