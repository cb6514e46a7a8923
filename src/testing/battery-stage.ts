/** One case of the endpoint battery: a world, a fault proxy in front of it, and endpoints that a supervisor keeps open. */
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Capabilities, Endpoint, EndpointOptions } from '../core/endpoint.ts';
import { AraldoError } from '../core/errors.ts';
import { Leg } from '../core/leg.ts';
import { type Log, silentLog } from '../core/log.ts';
import { Message, type Meta, type RoutePort } from '../core/message.ts';
import { type EndpointPlugin, endpointContext, type Service } from '../core/plugin.ts';
import { turnScheduler } from '../core/turn-scheduler.ts';
import { Wire } from '../core/wire.ts';
import { supervise } from '../runtime/supervise.ts';
import type { BatteryWorld, ServerAddress } from './battery-world.ts';
import { type FaultProxy, faultProxy } from './fault-proxy.ts';

export interface BatteryStage extends AsyncDisposable {
  readonly world: BatteryWorld;
  /** Where endpoints connect to: the proxy, where there is a server behind it. */
  readonly at: ServerAddress;
  /** Where the server is known to listen and the battery can come between. */
  readonly proxy: FaultProxy | undefined;
  /** Makes an endpoint and starts to open it. */
  readonly mount: (options: object, more?: StageOptions) => Promise<StagedRole>;
  /** What an endpoint with these options could do. */
  readonly capabilitiesOf: (options: object) => Promise<Capabilities>;
  /** Waits until something holds, as long as the battery has patience unless told otherwise. */
  readonly until: typeof until;
}

export interface StageOptions {
  /** The most messages that may be unsettled. Default 64. */
  readonly maxInFlight?: number;
  /** Default 1,000: nothing is set aside for being delivered often. */
  readonly maxDeliveries?: number;
  /** What the route does with a message, or keeps it by doing nothing. Default: acks it. */
  readonly route?: (message: Message) => void;
  /** How long it may take to open. Default 10,000. */
  readonly openDeadlineMs?: number;
}

/** An endpoint in real time, with a route that reads it and a leg that writes to it. */
export interface StagedRole {
  readonly endpoint: Endpoint;
  readonly capabilities: Capabilities;
  /** What it has emitted, each claimed by the route, in order. */
  readonly emitted: readonly Message[];
  /** The most that it ever had unsettled. */
  readonly peakInFlight: number;
  readonly leg: Leg;
  /** How often it was opened. */
  readonly attempts: number;
  /** What every attempt that failed has said, and every connection that was lost. */
  readonly failures: readonly AraldoError[];
  write(payload: Uint8Array, meta?: Meta): void;
  /** Whether others connect to it, and it to nothing. */
  readonly listens: boolean;
  /** Resolves when it is open, and those who connect to it are there. */
  isOpen(): Promise<void>;
  /** Closes it; what is unsettled stays so. Idempotent. */
  stop(): Promise<void>;
}

const LEG = { messages: 1_024, bytes: 64 * 1024 * 1024 };

/** Failures beyond are counted, and not kept. */
const MOST_FAILURES = 1_000;

export async function createBatteryStage(
  start: () => Promise<BatteryWorld>,
  patienceMs: number,
): Promise<BatteryStage> {
  const world = await start();
  const { server } = world;
  const proxy = server === undefined ? undefined : (world.proxy ?? (await faultProxy({ to: server })));
  const patiently: typeof until = (what, holds, more) =>
    until(what, holds, { withinMs: patienceMs, ...more });
  const at = proxy === undefined ? { host: '127.0.0.1', port: 0 } : { host: proxy.host, port: proxy.port };
  /** As many as the case mounts: a handful. */
  const mounted: StagedRole[] = [];

  return {
    world,
    proxy,
    at,
    async capabilitiesOf(options) {
      return world.plugin.capabilities(await parse(world.plugin, options));
    },
    until: patiently,
    async mount(options, more) {
      const role = await mountRole(world, patiently, options, more ?? {});
      mounted.push(role);
      return role;
    },
    async [Symbol.asyncDispose]() {
      for (const role of mounted) await role.stop();
      if (proxy !== undefined && proxy === world.proxy) proxy.clear();
      else await proxy?.stop();
      await world.end?.();
    },
  };
}

async function mountRole(
  world: BatteryWorld,
  patiently: typeof until,
  written: object,
  more: StageOptions,
): Promise<StagedRole> {
  const { plugin, name = 'battery' } = world;
  const value = await parse(plugin, written);
  const capabilities = plugin.capabilities(value);
  const { maxInFlight = 64, maxDeliveries = 1_000, route = (message) => message.ack() } = more;
  const log: Log = silentLog;
  const scheduler = turnScheduler;
  const service = <T>(key: Service<T>): T => {
    if (world.service !== undefined) return world.service(key);
    throw new AraldoError('plugin-failed', `${name} asks for ${key.name}: lend it with service:`);
  };
  const options: EndpointOptions = {
    name,
    id: plugin.id,
    instance: `battery-${process.pid}`,
    capabilities,
    scheduler,
    log,
    maxInFlight,
    maxDeliveries,
  };
  const context = { name, instance: options.instance, scheduler, log, service };
  const endpoint = plugin.create(value, endpointContext(context, options));

  const emitted: Message[] = [];
  const failures: AraldoError[] = [];
  let attempts = 0;
  let peakInFlight = 0;
  const open = endpoint.open.bind(endpoint);
  endpoint.open = async (signal) => {
    attempts += 1;
    await open(signal).catch((thrown: unknown) => {
      if (failures.length < MOST_FAILURES) failures.push(AraldoError.from(thrown, 'connect-failed'));
      throw thrown;
    });
  };
  endpoint.messages.subscribe((root) => {
    const message = root.claim(stageRoute);
    emitted.push(message);
    peakInFlight = Math.max(peakInFlight, endpoint.inbound.inFlight);
    route(message);
  });
  const supervisor = supervise(endpoint, {
    scheduler,
    log,
    ...(more.openDeadlineMs !== undefined && { openDeadlineMs: more.openDeadlineMs }),
  });
  supervisor.start();
  const leg = new Leg(endpoint.outbound, { name: `battery → ${name}`, overflow: 'pause', capacity: LEG });
  let stopped: Promise<void> | undefined;

  return {
    endpoint,
    capabilities,
    emitted,
    leg,
    failures,
    get attempts() {
      return attempts;
    },
    get peakInFlight() {
      return peakInFlight;
    },
    write(payload, meta) {
      const message = Message.of<Uint8Array>(payload, meta);
      leg.offer(message.withWire(payload, Wire.of(payload)));
    },
    listens: capabilities.listensOn !== undefined,
    async isOpen() {
      await patiently('the endpoint is open', () => endpoint.state === 'open', {
        more: () => `it is ${endpoint.state}: ${endpoint.lastError?.message ?? 'no error'}`,
      });
      await world.meet?.();
    },
    stop() {
      stopped ??= supervisor.stop();
      return stopped;
    },
  };
}

async function parse(plugin: EndpointPlugin, written: object): Promise<unknown> {
  const parsed = await plugin.options['~standard'].validate(written);
  if (parsed.issues === undefined) return parsed.value;
  throw new TypeError(`expected options of ${plugin.id}: ${parsed.issues[0]?.message ?? 'they are refused'}`);
}

/** A route that loses nothing: what fails goes back to its source. */
const stageRoute: RoutePort = {
  name: 'battery',
  claimed: () => undefined,
  discarded: () => undefined,
  made: () => undefined,
  failed: (message) => message.nack(),
};

/** Waits until something holds, looking every few milliseconds. Rejects with what it waited for, and what is there. */
export async function until(
  what: string,
  holds: () => unknown,
  { withinMs = 60_000, everyMs = 5, more }: { withinMs?: number; everyMs?: number; more?: () => string } = {},
): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > end) {
      throw new Error(`waited ${withinMs} ms until ${what}${more === undefined ? '' : `; ${more()}`}`);
    }
    await sleep(everyMs);
  }
}

/** A port of loopback on which nobody listens. */
export function closedPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** What a payload is in bytes, be it text or bytes. */
export function bytesOf(payload: unknown): Buffer {
  return typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(payload as Uint8Array);
}
