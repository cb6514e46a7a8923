/** Configuration + plugins → a running server: start, look inside, stop. */
import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { marshalMessage } from '../operators/marshal.ts';
import { builtins } from './builtins.ts';
import type { Configuration, EndpointPart } from './config/configuration.ts';
import { type ConfigurationInput, loadConfiguration } from './config/load.ts';
import type { Endpoint } from './core/endpoint.ts';
import { AraldoError } from './core/errors.ts';
import type { Marshaller } from './core/marshaller.ts';
import { endpointContext, type PluginContext, type Service } from './core/plugin.ts';
import { type RequestEnd, shutdown } from './core/shutdown.ts';
import { turnScheduler } from './core/turn-scheduler.ts';
import { httpHost } from './http/host.ts';
import type { Address } from './http/listen.ts';
import { createHttpServer, type HttpServer } from './http/server.ts';
import type { ServerStatus } from './http/status.ts';
import { compileRoute, type RunningRoute } from './runtime/compile.ts';
import { drain, type Leftovers } from './runtime/drain.ts';
import { createLog } from './runtime/log.ts';
import { type MemoryGuard, startMemoryGuard } from './runtime/memory-guard.ts';
import { createRegistry } from './runtime/registry.ts';
import { closeSpills, openSpills } from './runtime/spills.ts';
import { endpointStatus, routeStatus } from './runtime/status.ts';
import { type Supervisor, supervise } from './runtime/supervise.ts';
import { startWatchdog } from './runtime/watchdog.ts';
import { version } from './version.ts';

export interface StartOptions {
  /** Takes the server's log; by default it goes to stderr, at the configuration's level. */
  readonly log?: Logger;
  /** For `${VAR}` in the configuration; the process's own unless given. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Told when an endpoint asks for the end: its input has ended. Whoever gives it is to call `stop`. */
  readonly onEndRequested?: RequestEnd;
}

export interface StopOptions {
  /** How long what is here may take to be carried through, in milliseconds; `drain-timeout` unless given. */
  readonly deadlineMs?: number;
}

export interface Server {
  readonly configuration: Configuration;
  readonly log: Logger;
  /** Where it listens; `url` is what a person opens in a browser. */
  readonly address: Address;
  /** The endpoint of this name, an RxJS Subject. Throws an `AraldoError` (`unknown-endpoint`) for any other. */
  endpoint<E extends Endpoint = Endpoint>(name: string): E;
  /**
   * The marshaller of this name, for routes in code: `endpoint('orders').pipe(claim(), unmarshal(marshaller('json')))`.
   * Throws an `AraldoError` (`unknown-name`) for any other.
   */
  marshaller(name: string): Marshaller;
  status(): ServerStatus;
  /**
   * Reads the files of `server-tls` again, for connections from now on. Rejects with an `AraldoError` that says
   * what is wrong with them, and then the certificate before stays in use. They are also looked at every minute.
   */
  reloadCertificates(): Promise<void>;
  /** Drains, closes, and says what was left. More calls wait for the first. */
  stop(options?: StopOptions): Promise<Leftovers>;
}

/**
 * Starts a server from the path of a YAML file, or from the same keys as an object.
 *
 * Rejects before anything opens when the configuration is wrong (`ConfigurationError`, with every problem),
 * and with `port-in-use` or `listen-failed` when it cannot listen. An external system that is away is no
 * reason to reject: its endpoint opens when it is there.
 *
 * @example
 * const server = await startServer('araldo.yaml');
 * server.endpoint('browsers').subscribe((message) => console.log(message.payload));
 * await server.stop();
 */
export async function startServer(
  config: string | Readonly<Record<string, unknown>>,
  options: StartOptions = {},
): Promise<Server> {
  const input: ConfigurationInput = typeof config === 'string' ? { file: config } : { value: config };
  const configuration = await loadConfiguration(input, {
    registry: createRegistry(builtins),
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  const { plan, secrets } = configuration;
  const log =
    options.log ?? (await createLog({ level: plan.logLevel, secrets, isPretty: process.stderr.isTTY }));
  return run(configuration, log, options.onEndRequested);
}

async function run(
  configuration: Configuration,
  log: Logger,
  onEndRequested: RequestEnd | undefined,
): Promise<Server> {
  const { plan, tls } = configuration;
  const { drainMs, watchdogMs } = plan.server.limits;
  const scheduler = turnScheduler;
  const startedAt = Date.now();
  const instance = randomBytes(4).toString('hex');
  const endpoints = new Map<string, Endpoint>();
  const routes: RunningRoute[] = [];
  let state: ServerStatus['state'] = 'starting';
  let stopping: Promise<Leftovers> | undefined;

  const status = (): ServerStatus => ({
    version,
    state,
    startedAt,
    endpoints: [...endpoints.values()].map((endpoint) => endpointStatus(endpoint, configuration)),
    routes: routes.map((running) => routeStatus(running, configuration)),
  });

  /** Made once the endpoints are, and asked by the server that they need. */
  const late: { memory?: MemoryGuard } = {};
  const http: HttpServer = createHttpServer({
    ...plan.server,
    tls,
    status: { status },
    log,
    scheduler,
    isExhausted: () => late.memory?.isExhausted === true,
  });
  const contextOf = (name: string): PluginContext => ({
    name,
    instance,
    scheduler,
    log: log.child({ endpoint: name }),
    service: <T>(key: Service<T>): T => {
      if (key.name === httpHost.name) return http.host as T;
      if (key.name === shutdown.name && onEndRequested !== undefined) return onEndRequested as T;
      throw new AraldoError('plugin-failed', `${name} asks for ${key.name}, which this server does not lend`);
    },
  });

  const marshallers = new Map<string, Marshaller>();
  for (const [name, { plugin, options }] of configuration.marshallers) {
    marshallers.set(name, plugin.create(options, contextOf(name)));
  }
  for (const [name, part] of configuration.endpoints) {
    const endpoint = createEndpoint(part, contextOf(name));
    const marshaller = marshallers.get(part.plan.marshal);
    if (marshaller !== undefined && part.capabilities.sink?.carries === 'bytes') {
      endpoint.prepare = marshalMessage(marshaller);
    }
    endpoints.set(name, endpoint);
  }
  const spills = openSpills(configuration.routes.values());
  for (const part of configuration.routes.values()) {
    routes.push(compileRoute(part, { configuration, endpoints, marshallers, spills, scheduler, log }));
  }
  for (const { text, place } of configuration.warnings) log.warn({ place }, text);

  const address = await http.listen().catch((thrown: unknown) => {
    closeSpills(spills);
    throw thrown;
  });
  const all = [...endpoints.values()];
  const stopWatchdog = startWatchdog({
    endpoints: all,
    stepWatches: routes.map(({ stepWatch }) => stepWatch),
    afterMs: watchdogMs,
    scheduler,
    log,
  });
  const memory = startMemoryGuard({ endpoints: all, scheduler, log });
  late.memory = memory;
  const supervisors = startSinksFirst(configuration, endpoints, log);
  state = 'running';

  const stop = async (deadlineMs: number): Promise<Leftovers> => {
    state = 'draining';
    http.stopAccepting();
    stopWatchdog();
    memory.stop();
    const left = await drain({ endpoints: all, routes, deadlineMs, scheduler });
    if (left.unsettled > 0 || left.undelivered > 0) log.warn(left, 'stopped before all was carried through');
    if (left.onDisk > 0)
      log.info({ messages: left.onDisk }, 'left on disk, to be sent first by the next start');
    for (const running of routes) running.stop();
    await Promise.all(supervisors.map((supervisor) => supervisor.stop()));
    await http.close();
    return left;
  };

  return {
    configuration,
    log,
    address,
    endpoint<E extends Endpoint>(name: string): E {
      const endpoint = endpoints.get(name);
      if (endpoint !== undefined) return endpoint as E;
      const names = [...endpoints.keys()].join(', ');
      throw new AraldoError('unknown-endpoint', `no endpoint is named "${name}"; there are: ${names}`);
    },
    marshaller(name) {
      const marshaller = marshallers.get(name);
      if (marshaller !== undefined) return marshaller;
      const names = [...marshallers.keys()].join(', ');
      throw new AraldoError(
        'unknown-name',
        `no marshaller is named "${name}"; there are: ${names || 'none'}`,
      );
    },
    status,
    reloadCertificates: () => http.reloadCertificates(),
    stop({ deadlineMs = drainMs } = {}) {
      stopping ??= stop(deadlineMs);
      return stopping;
    },
  };
}

function createEndpoint(
  { plan, plugin, options, capabilities }: EndpointPart,
  context: PluginContext,
): Endpoint {
  const endpoint = endpointContext(context, {
    name: plan.name,
    id: plan.id,
    instance: context.instance,
    capabilities,
    scheduler: context.scheduler,
    log: context.log,
    maxInFlight: plan.maxInFlight,
    maxDeliveries: plan.maxDeliveries,
  });
  try {
    return plugin.create(options, endpoint);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new AraldoError('plugin-failed', `${plan.name} (${plan.id}): ${reason}`, { cause: thrown });
  }
}

/** Nothing waits for another: what comes in before its sink is up waits in the leg. */
function startSinksFirst(
  configuration: Configuration,
  endpoints: ReadonlyMap<string, Endpoint>,
  log: Logger,
): Supervisor[] {
  const sources = new Set([...configuration.routes.values()].flatMap(({ plan }) => plan.from));
  const ordered = [...endpoints.values()].sort(
    (a, b) => Number(sources.has(a.name)) - Number(sources.has(b.name)),
  );
  const supervisors = ordered.map((endpoint) => supervise(endpoint, { scheduler: turnScheduler, log }));
  for (const supervisor of supervisors) supervisor.start();
  return supervisors;
}
