/** Configuration + plugins → a running server: start, look inside, reload, stop. */
import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { builtins } from './builtins.ts';
import type { Configuration, EndpointPart } from './config/configuration.ts';
import { loadConfiguration } from './config/load.ts';
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
import { drain, type Leftovers } from './runtime/drain.ts';
import { createLog, levelOf } from './runtime/log.ts';
import { type MemoryGuard, startMemoryGuard } from './runtime/memory-guard.ts';
import { createParts } from './runtime/parts.ts';
import { createRegistry } from './runtime/registry.ts';
import { createReloads, type ReloadReport } from './runtime/reload.ts';
import { reloadAnswer } from './runtime/reload-answer.ts';
import { openSpillOf } from './runtime/spills.ts';
import { endpointStatus, routeStatus } from './runtime/status.ts';
import { supervise } from './runtime/supervise.ts';
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

/** The path of a YAML file, or the same keys as an object. */
export type ConfigurationSource = string | Readonly<Record<string, unknown>>;

export interface Server {
  /** That in use: a reload brings another. */
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
  /**
   * Reads the configuration again, the one it was started with unless given, and changes to it between two messages:
   * what is equal stays as it is, with its connections, peers and messages; what is gone or changed carries through
   * what it holds. Resolves when the new parts are in use.
   *
   * Rejects with a `ConfigurationError` that has every problem, or an `AraldoError`: `needs-restart` for the server's
   * own keys, `reload-refused` while it stops. Nothing has changed then.
   *
   * @example
   * const { changed } = await server.reload();
   */
  reload(config?: ConfigurationSource): Promise<ReloadReport>;
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
export async function startServer(config: ConfigurationSource, options: StartOptions = {}): Promise<Server> {
  const { env } = options;
  const load = (input: ConfigurationSource): Promise<Configuration> =>
    loadConfiguration(typeof input === 'string' ? { file: input } : { value: input }, {
      registry: createRegistry(builtins),
      ...(env === undefined ? {} : { env }),
    });
  const configuration = await load(config);
  const { plan } = configuration;
  const secrets = { known: configuration.secrets };
  const ownLog = (): Promise<Logger> =>
    createLog({ level: plan.logLevel, secrets: () => secrets.known, isPretty: process.stderr.isTTY });
  return run({
    configuration,
    load: (input) => load(input ?? config),
    log: options.log ?? (await ownLog()),
    ownsLog: options.log === undefined,
    secrets,
    onEndRequested: options.onEndRequested,
  });
}

interface RunOptions {
  readonly configuration: Configuration;
  readonly load: (input: ConfigurationSource | undefined) => Promise<Configuration>;
  readonly log: Logger;
  /** Whether its level is that of the configuration. */
  readonly ownsLog: boolean;
  /** What the log leaves out: secrets of the configuration, and of the one before, whose parts may still end. */
  readonly secrets: { known: readonly string[] };
  readonly onEndRequested: RequestEnd | undefined;
}

async function run({
  configuration,
  load,
  log,
  ownsLog,
  secrets,
  onEndRequested,
}: RunOptions): Promise<Server> {
  const { plan, tls } = configuration;
  const { drainMs, watchdogMs } = plan.server.limits;
  const scheduler = turnScheduler;
  const startedAt = Date.now();
  const instance = randomBytes(4).toString('hex');
  let state: ServerStatus['state'] = 'starting';
  let stopping: Promise<Leftovers> | undefined;

  const status = (): ServerStatus => ({
    version,
    state,
    startedAt,
    reload: reloads.status,
    endpoints: [...parts.endpoints.values()].map((endpoint) => endpointStatus(endpoint, parts.configuration)),
    routes: [...parts.routes.values()].map((running) => routeStatus(running, parts.configuration)),
  });

  /** Made once the endpoints are, and asked by the server that they need. */
  const late: { memory?: MemoryGuard } = {};
  const http: HttpServer = createHttpServer({
    ...plan.server,
    tls,
    status: { status },
    reload: () => reloadAnswer(reloads.reload()),
    log,
    scheduler,
    isExhausted: () => late.memory?.isExhausted === true,
  });
  /** By the name of what logs; as many as there are names. */
  const childLogs = new Map<string, Logger>();
  const contextOf = (name: string): PluginContext => {
    const childLog = childLogs.get(name) ?? log.child({ endpoint: name });
    childLogs.set(name, childLog);
    return {
      name,
      instance,
      scheduler,
      log: childLog,
      service: <T>(key: Service<T>): T => {
        if (key.name === httpHost.name) return http.host as T;
        if (key.name === shutdown.name && onEndRequested !== undefined) return onEndRequested as T;
        throw new AraldoError(
          'plugin-failed',
          `${name} asks for ${key.name}, which this server does not lend`,
        );
      },
    };
  };
  const parts = createParts({
    configuration,
    scheduler,
    log,
    createMarshaller: (name, { plugin, options }) => plugin.create(options, contextOf(name)),
    createEndpoint: (name, part) => createEndpoint(part, contextOf(name)),
    supervise: (endpoint) => supervise(endpoint, { scheduler, log }),
    openSpill: openSpillOf,
  });
  const reloads = createReloads({
    configuration,
    load: async (input: ConfigurationSource | undefined) => {
      const next = await load(input);
      secrets.known = [...new Set([...parts.configuration.secrets, ...next.secrets])];
      return next;
    },
    change: (next) => parts.change(next),
    async applied(next) {
      if (ownsLog) for (const each of [log, ...childLogs.values()]) each.level = levelOf(next.plan.logLevel);
      for (const name of childLogs.keys()) {
        if (!next.endpoints.has(name) && !next.marshallers.has(name)) childLogs.delete(name);
      }
      // Their files were examined with the configuration; who replaces them in between is told by the log.
      await http.reloadCertificates().catch((thrown: Error) => log.error({ err: thrown }, thrown.message));
    },
    left: () => parts.left(),
    refusal: () => (state === 'running' ? undefined : `this one is ${state}`),
    now: Date.now,
    log,
  });
  for (const { text, place } of configuration.warnings) log.warn({ place }, text);

  const address = await http.listen().catch((thrown: unknown) => {
    parts.abandon();
    throw thrown;
  });
  const { allEndpoints, allRoutes, stepWatches } = parts;
  const stopWatchdog = startWatchdog({
    endpoints: allEndpoints,
    stepWatches,
    afterMs: watchdogMs,
    scheduler,
    log,
  });
  const memory = startMemoryGuard({ endpoints: allEndpoints, scheduler, log });
  late.memory = memory;
  parts.start();
  state = 'running';

  const stop = async (deadlineMs: number): Promise<Leftovers> => {
    state = 'draining';
    http.stopAccepting();
    stopWatchdog();
    memory.stop();
    const left = await drain({ endpoints: allEndpoints, routes: allRoutes, deadlineMs, scheduler });
    if (left.unsettled > 0 || left.undelivered > 0) log.warn(left, 'stopped before all was carried through');
    if (left.onDisk > 0)
      log.info({ messages: left.onDisk }, 'left on disk, to be sent first by the next start');
    await parts.stop();
    await http.close();
    return left;
  };

  return {
    get configuration() {
      return parts.configuration;
    },
    log,
    address,
    endpoint<E extends Endpoint>(name: string): E {
      const endpoint = parts.endpoints.get(name);
      if (endpoint !== undefined) return endpoint as E;
      const names = [...parts.endpoints.keys()].join(', ');
      throw new AraldoError('unknown-endpoint', `no endpoint is named "${name}"; there are: ${names}`);
    },
    marshaller(name) {
      const marshaller = parts.marshallers.get(name);
      if (marshaller !== undefined) return marshaller;
      const names = [...parts.marshallers.keys()].join(', ');
      throw new AraldoError(
        'unknown-name',
        `no marshaller is named "${name}"; there are: ${names || 'none'}`,
      );
    },
    status,
    reload: (next) => reloads.reload(next),
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
