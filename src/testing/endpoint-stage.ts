/** An endpoint on a stage: its outside world on one side, a route that settles as it is told on the other. */
import type { Capabilities, Endpoint, EndpointOptions } from '../core/endpoint.ts';
import { AraldoError } from '../core/errors.ts';
import { Leg } from '../core/leg.ts';
import { silentLog } from '../core/log.ts';
import { Message, type RoutePort, type Status } from '../core/message.ts';
import { outgoingWire } from '../core/outgoing.ts';
import { type EndpointPlugin, endpointContext, type Service } from '../core/plugin.ts';
import type { Schema } from '../core/schema.ts';
import { within } from './own-time.ts';
import { shown } from './shown.ts';
import { type Timeline, timelineText } from './timeline.ts';
import { createVirtualClock } from './virtual-clock.ts';

/** What a test does at the other side of an endpoint. It leaves out what the endpoint cannot do. */
export interface EndpointWorld {
  /** The outside world gives it a payload: text, or bytes, or a value where it carries values. */
  send?(payload: unknown): void;
  /** What the outside world has received from it, the oldest first. */
  received?(): readonly unknown[];
  /** The outside world takes nothing more, and takes again. */
  stall?(): void;
  resume?(): void;
  /** The connection breaks, without a word. */
  break?(): void;
  /** The payloads of which the outside world was told that they are done, in any order. */
  acked?(): readonly unknown[];
  /** Ends what the world itself keeps open. */
  end?(): void;
}

export interface StagedEndpoint {
  readonly plugin: EndpointPlugin<Schema>;
  /** As in YAML. */
  readonly options: unknown;
  readonly world: (endpoint: Endpoint) => EndpointWorld;
  /** What the server would lend it. */
  readonly service?: <T>(key: Service<T>) => T;
  readonly maxInFlight: number;
}

export interface EndpointStage {
  readonly endpoint: Endpoint;
  readonly capabilities: Capabilities;
  readonly world: EndpointWorld;
  /** What the route has received, in order. */
  readonly emitted: readonly Emitted[];
  /** What the leg to it has delivered and failed so far. */
  readonly leg: Leg;
  send(payload: unknown): void;
  /** Settles a message that the route has, the oldest for 0. */
  settle(which: number, status: Status): void;
  hold(): void;
  release(): void;
  /** Sends a payload out. */
  write(payload: unknown): void;
  open(): Promise<void>;
  close(): Promise<void>;
  /** The connection breaks; what the supervisor does to a broken endpoint is done. */
  breakAndReset(): Promise<void>;
  pass(ms: number): Promise<void>;
  /** Whether anything is still planned. */
  readonly isQuiet: boolean;
  broken(text: string): Error;
}

export interface Emitted {
  readonly message: Message;
  readonly payload: unknown;
  /** Whether the gate was held then. */
  readonly wasHeld: boolean;
  readonly unsettled: number;
  status: Status | undefined;
}

const CAPACITY = { messages: 1024, bytes: 16 * 1024 * 1024 };

export async function createEndpointStage(staged: StagedEndpoint): Promise<EndpointStage> {
  const { plugin, maxInFlight } = staged;
  const clock = createVirtualClock();
  const life = clock.begin();
  const happenings: { atMs: number; who: string; what: string }[] = [];
  const note = (who: string, what: string): void => {
    happenings.push({ atMs: clock.nowMs, who, what });
  };
  const parsed = await plugin.options['~standard'].validate(staged.options);
  if (parsed.issues !== undefined) {
    throw new TypeError(
      `expected options of ${plugin.id}: ${parsed.issues[0]?.message ?? 'they are refused'}`,
    );
  }
  const capabilities = plugin.capabilities(parsed.value);
  const name = 'staged';
  const endpointOptions: EndpointOptions = {
    name,
    id: plugin.id,
    instance: 'stage',
    capabilities,
    scheduler: life.scheduler,
    log: silentLog,
    maxInFlight,
    maxDeliveries: 5,
  };
  const service = <T>(key: Service<T>): T => {
    if (staged.service !== undefined) return staged.service(key);
    throw new AraldoError('plugin-failed', `${name} asks for ${key.name}: lend it with service:`);
  };
  const context = { name, instance: 'stage', scheduler: life.scheduler, log: silentLog, service };
  const endpoint = plugin.create(parsed.value, endpointContext(context, endpointOptions));
  const world = staged.world(endpoint);
  const emitted: Emitted[] = [];
  const route: RoutePort = {
    name: 'stage',
    claimed: () => undefined,
    discarded: () => undefined,
    made: () => undefined,
    failed: (message) => message.reject(),
  };
  const leg = new Leg(endpoint.outbound, { name: 'stage', overflow: 'pause', capacity: CAPACITY });
  const test = { name: 'the test' };
  const run = <T>(work: () => T): T => within(life, work);
  const pass = (ms: number): Promise<void> => run(() => clock.pass(ms, () => true));

  const unsettled = (): number => emitted.filter(({ status }) => status === undefined).length;
  endpoint.messages.subscribe((root) => {
    const message = root.claim(route);
    const wasHeld = endpoint.inbound.gate.isHeld;
    note(name, `emits ${shown(message.payload)}${wasHeld ? ', though it is held' : ''}`);
    const before = unsettled();
    emitted.push({ message, payload: message.payload, wasHeld, unsettled: before + 1, status: undefined });
  });
  endpoint.onBroken = () => note(name, 'is broken');

  const reset = async (): Promise<void> => {
    await run(() => endpoint.reset());
    await pass(0);
  };

  return {
    endpoint,
    capabilities,
    world,
    emitted,
    leg,
    send(payload) {
      note('world', `sends ${shown(payload)}`);
      run(() => world.send?.(payload));
    },
    settle(which, status) {
      const open = emitted.filter((one) => one.status === undefined);
      const one = open[which % Math.max(1, open.length)];
      if (one === undefined) return;
      note('route', `settles ${shown(one.payload)}: ${status}`);
      one.status = status;
      run(() => one.message.settle(status));
    },
    hold() {
      note('route', 'holds');
      run(() => endpoint.inbound.hold(test));
    },
    release() {
      note('route', 'lets go');
      run(() => endpoint.inbound.release(test));
    },
    write(payload) {
      note('route', `writes ${shown(payload)}`);
      run(() => {
        const message = Message.of(payload);
        const carriesBytes = capabilities.sink?.carries === 'bytes';
        leg.offer(carriesBytes ? message.withWire(payload, outgoingWire(message)) : message);
      });
    },
    async open() {
      note(name, 'is opened');
      await run(() => endpoint.open(new AbortController().signal));
      await pass(0);
    },
    async close() {
      note(name, 'is closed');
      await run(() => endpoint.close());
      await pass(0);
    },
    async breakAndReset() {
      note('world', 'breaks the connection');
      run(() => world.break?.());
      await pass(0);
      await reset();
    },
    pass,
    get isQuiet() {
      return clock.dueMs === undefined;
    },
    broken(text) {
      const timeline: Timeline = happenings;
      return new Error(`${text}\n${timelineText(timeline)}`);
    },
  };
}
