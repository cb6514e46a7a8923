/** One life of a relay: real routes between modelled endpoints, until it is killed. */
import type { SchedulerLike } from 'rxjs';
import { marshalMessage } from '../../operators/marshal.ts';
import { isBuiltIn } from '../builtins.ts';
import type { BranchPart, Configuration, EndpointPart, StepPart } from '../config/configuration.ts';
import type { Endpoint } from '../core/endpoint.ts';
import { AraldoError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Marshaller } from '../core/marshaller.ts';
import type { Service } from '../core/plugin.ts';
import { compileRoute, type RunningRoute } from '../runtime/compile.ts';
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
  /** Nothing that it had planned happens any more. */
  kill(): void;
}

export interface LifeOptions {
  readonly configuration: Configuration;
  readonly marshallers: ReadonlyMap<string, Marshaller>;
  readonly modelled: ReadonlyMap<string, ModelledEndpoint>;
  /** Of the legs that spill; they outlive the relay. */
  readonly disks: ReadonlyMap<BranchPart, ModelledDisk>;
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
  const endpoints = new Map<string, Endpoint>();
  const routes: RunningRoute[] = [];

  const begin = (): void => {
    for (const [name, part] of configuration.endpoints) endpoints.set(name, createEndpoint(name, part));
    for (const endpoint of endpoints.values()) {
      chronicle.watchHolders(endpoint.inbound);
      endpoint.messages.subscribe((root) => {
        chronicle.enter();
        chronicle.emitted(endpoint.inbound, root);
      });
    }
    const spills = new Map([...options.disks].map(([branch, disk]) => [branch, disk.open()]));
    for (const part of configuration.routes.values()) {
      const running = compileRoute(watchedSteps(part, chronicle), {
        configuration,
        endpoints,
        marshallers: options.marshallers,
        spills,
        scheduler: life.scheduler,
        random: options.random,
        log,
      });
      watchRoute(running, chronicle);
      routes.push(running);
    }
    // Subscribed last, so told last: the emission is over.
    for (const endpoint of endpoints.values()) endpoint.messages.subscribe(() => chronicle.leave());
    options.compose?.({ endpoint: (name) => endpointNamed(endpoints, name), scheduler: life.scheduler });
    for (const endpoint of sinksFirst(configuration, endpoints)) {
      supervise(endpoint, { scheduler: life.scheduler, log, random: options.random(endpoint.name) }).start();
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
    const marshaller = options.marshallers.get(plan.marshal);
    if (marshaller !== undefined && capabilities.sink?.carries === 'bytes') {
      endpoint.prepare = marshalMessage(marshaller);
    }
    return endpoint;
  };

  run(begin);
  const hasPromises =
    options.compose !== undefined ||
    [...configuration.routes.values()].some(({ steps }) => steps.some(mayWait));

  return {
    endpoints,
    routes,
    scheduler: life.scheduler,
    get isAsync() {
      return hasPromises || [...endpoints.values()].some(({ state }) => state !== 'open');
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

function sinksFirst(
  configuration: Configuration,
  endpoints: ReadonlyMap<string, Endpoint>,
): readonly Endpoint[] {
  const sources = new Set([...configuration.routes.values()].flatMap(({ plan }) => plan.from));
  const isSource = ({ name }: Endpoint): number => Number(sources.has(name));
  return [...endpoints.values()].toSorted((one, other) => isSource(one) - isSource(other));
}

/** Of our own steps, those that call code which may answer later. */
const waiting: ReadonlySet<string> = new Set(['enrich', 'tap']);

/** Plain functions do not wait, nor do our own operators, which have their time from the scheduler. */
function mayWait({ definition, inner }: StepPart): boolean {
  if (inner.some(mayWait)) return true;
  if (definition.kind === 'fn') return false;
  return waiting.has(definition.name) || !isBuiltIn(definition);
}
