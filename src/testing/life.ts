/** One life of a relay: real routes between modelled endpoints, until it is killed. */
import type { SchedulerLike } from 'rxjs';
import { isBuiltIn } from '../builtins.ts';
import type { Configuration, EndpointPart, StepPart } from '../config/configuration.ts';
import type { Endpoint } from '../core/endpoint.ts';
import { AraldoError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Marshaller } from '../core/marshaller.ts';
import type { Service } from '../core/plugin.ts';
import { createParts, type Parts } from '../runtime/parts.ts';
import type { RunningRoute } from '../runtime/running-route.ts';
import { supervise } from '../runtime/supervise.ts';
import type { Chronicle } from './chronicle.ts';
import type { ModelledDisk } from './modelled-disk.ts';
import type { ModelledEndpoint } from './modelled-endpoint.ts';
import { type OwnTime, within } from './own-time.ts';
import type { Life } from './virtual-clock.ts';
import { watchedSteps, watchRoute } from './watched-route.ts';

export interface RelayLife {
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  readonly routes: readonly RunningRoute[];
  readonly scheduler: SchedulerLike;
  /** Whether promises may be at work, so that time has to pass turn by turn. */
  readonly isAsync: boolean;
  /** Runs code as a part of this life: in its time, and no more once it is over. */
  run<T>(work: () => T): T;
  /** Whether something still ends that the last reload has taken out of use: no other may follow before. */
  readonly isLeaving: boolean;
  /** As the server does, between two messages; throws what that throws. */
  reload(next: Configuration): void;
  /** Nothing that it had planned happens any more. */
  kill(): void;
}

export interface LifeOptions {
  readonly configuration: Configuration;
  readonly marshallers: ReadonlyMap<string, Marshaller>;
  readonly modelled: ReadonlyMap<string, ModelledEndpoint>;
  /** That of a leg that spills, by its path; it outlives the relay. */
  readonly diskOf: (path: string, leg: string) => ModelledDisk;
  readonly chronicle: Chronicle;
  readonly life: Life;
  readonly log: Log;
  /** From [0, 1), for each endpoint and leg its own: the jitter of reconnecting and of retries. */
  readonly random: (name: string) => () => number;
  /** Composes more routes in code, when there are endpoints and before anything flows. */
  readonly compose: ((relay: Composition) => void) | undefined;
}

/** What code that composes routes by hand is given. */
export interface Composition {
  /** Throws an `AraldoError` (`unknown-endpoint`). */
  endpoint(name: string): Endpoint;
  readonly scheduler: SchedulerLike;
}

/** The id of the run, so that ids are the same in each. */
const INSTANCE = 'virtual';

/** Routes subscribe before the first endpoint opens; sinks open before sources, as in the server. */
export function startLife(options: LifeOptions): RelayLife {
  const { configuration, modelled, chronicle, life, log } = options;
  const time: OwnTime = life;
  const run = <T>(work: () => T): T => within(time, work);
  /** Those that are told when an emission is over. */
  const told = new Set<Endpoint>();

  const begin = (): Parts => {
    const parts = createParts({
      configuration,
      scheduler: life.scheduler,
      log,
      random: options.random,
      createMarshaller: (name) => options.marshallers.get(name) as Marshaller,
      createEndpoint,
      supervise: (endpoint) =>
        supervise(endpoint, { scheduler: life.scheduler, log, random: options.random(endpoint.name) }),
      openSpill: ({ plan }, { plan: { to }, spill }) =>
        options.diskOf(spill?.path ?? '', `${plan.name} → ${to}`).open(),
      watchedPart: (part) => watchedSteps(part, chronicle),
      onRoute: (route) => watchRoute(route, chronicle),
    });
    tellOfEnds(parts);
    options.compose?.({
      endpoint: (name) => endpointNamed(parts.endpoints, name),
      scheduler: life.scheduler,
    });
    parts.start();
    return parts;
  };

  /** Subscribed last, so told last: the emission is over. */
  const tellOfEnds = ({ endpoints }: Parts): void => {
    for (const endpoint of endpoints.values()) {
      if (told.has(endpoint)) continue;
      told.add(endpoint);
      endpoint.messages.subscribe(() => chronicle.leave());
    }
  };

  const createEndpoint = (name: string, { plan, capabilities }: EndpointPart): Endpoint => {
    const endpoint = (modelled.get(name) as ModelledEndpoint).create(
      {
        name,
        id: plan.id,
        instance: INSTANCE,
        capabilities,
        scheduler: life.scheduler,
        log,
        maxInFlight: plan.maxInFlight,
        maxDeliveries: plan.maxDeliveries,
      },
      life,
    );
    chronicle.watchHolders(endpoint.inbound);
    endpoint.messages.subscribe((root) => {
      chronicle.enter();
      chronicle.emitted(endpoint.inbound, root);
    });
    return endpoint;
  };

  const parts = run(begin);
  const hasPromises =
    options.compose !== undefined ||
    [...configuration.routes.values()].some(({ steps }) => steps.some(mayWait));

  return {
    get endpoints() {
      return parts.endpoints;
    },
    get routes() {
      return [...parts.routes.values()];
    },
    scheduler: life.scheduler,
    get isAsync() {
      return (
        hasPromises || parts.isLeaving || [...parts.endpoints.values()].some(({ state }) => state !== 'open')
      );
    },
    get isLeaving() {
      return parts.isLeaving;
    },
    reload(next) {
      run(() => {
        parts.change(next);
        tellOfEnds(parts);
      });
    },
    run,
    kill() {
      life.end();
    },
  };
}

/** Makes the marshallers of a configuration, which keep nothing: all lives share them. */
export function marshallersOf(
  configuration: Configuration,
  scheduler: SchedulerLike,
  log: Log,
): ReadonlyMap<string, Marshaller> {
  const marshallers = new Map<string, Marshaller>();
  for (const [name, { plugin, options }] of configuration.marshallers) {
    const service = <T>(key: Service<T>): T => {
      throw new AraldoError(
        'plugin-failed',
        `${name} asks for ${key.name}, which a virtual relay does not lend`,
      );
    };
    marshallers.set(name, plugin.create(options, { name, instance: INSTANCE, scheduler, log, service }));
  }
  return marshallers;
}

export function endpointNamed(endpoints: ReadonlyMap<string, Endpoint>, name: string): Endpoint {
  const endpoint = endpoints.get(name);
  if (endpoint !== undefined) return endpoint;
  const names = [...endpoints.keys()].join(', ');
  throw new AraldoError('unknown-endpoint', `no endpoint is named "${name}"; there are: ${names}`);
}

/** Of our own steps, those that call code which may answer later. */
const waiting: ReadonlySet<string> = new Set(['enrich', 'tap']);

/** Plain functions do not wait, nor do our own operators, which have their time from the scheduler. */
function mayWait({ definition, inner }: StepPart): boolean {
  if (inner.some(mayWait)) return true;
  if (definition.kind === 'fn') return false;
  return waiting.has(definition.name) || !isBuiltIn(definition);
}
