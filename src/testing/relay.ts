/** A whole relay in virtual time: the user's own configuration, with the outside world in the hands of a test. */
import type { Configuration, EndpointPart } from '../config/configuration.ts';
import type { Endpoint } from '../core/endpoint.ts';
import { AraldoError } from '../core/errors.ts';
import { type Log, silentLog } from '../core/log.ts';
import type { Marshaller } from '../core/marshaller.ts';
import type { Message, Meta } from '../core/message.ts';
import { outgoingWire } from '../core/outgoing.ts';
import type { RunningRoute } from '../runtime/running-route.ts';
import { createChronicle } from './chronicle.ts';
import { createCircle } from './circle.ts';
import { type Composition, endpointNamed, marshallersOf, type RelayLife, startLife } from './life.ts';
import { loadRelay, type RelaySource } from './load-relay.ts';
import { createModelledDisk, type ModelledDisk } from './modelled-disk.ts';
import { createModelledEndpoint, type ModelledEndpoint } from './modelled-endpoint.ts';
import type { Received, SinkControl } from './modelled-sink.ts';
import { type Open, openOf } from './open.ts';
import { refuseOtherEnds } from './other-ends.ts';
import { parcelOf } from './parcel.ts';
import { type RelayEvent, wordsOf } from './relay-event.ts';
import { hashOf, seededRandom } from './seeded.ts';
import type { Sent, SentRecord } from './sent.ts';
import type { Timeline } from './timeline.ts';
import { createVirtualClock } from './virtual-clock.ts';
import { stepNames } from './watched-route.ts';

export interface RelayOptions {
  /** Decides the jitter of reconnecting and of retries; 0 unless given. */
  readonly seed?: number;
  /** Sources whose acks cover all that came before, as in Kafka. */
  readonly cumulative?: readonly string[];
  /** Takes the log; by default nobody does. */
  readonly log?: Log;
  /** Composes routes in code, beside those of the configuration; called for each life. */
  readonly compose?: (relay: Composition) => void;
}

/** How a test makes a source behave. */
export interface SourceControl {
  down(): void;
  up(): void;
  /** Holds its gate, as a leg that is full would. */
  hold(): void;
  release(): void;
}

export interface VirtualRelay {
  readonly configuration: Configuration;
  readonly nowMs: number;
  /**
   * The outside world gives an endpoint a message. Where bytes travel, a value is marshalled as the endpoint's
   * marshaller would, and a `Uint8Array` is what travels. What it leads to at this moment has happened when it
   * returns; promises, and all that takes time, wait for `advance`.
   */
  send(endpoint: string, payload: unknown, meta?: Meta): Sent;
  /** Lets virtual time pass, and promises settle in between. */
  advance(ms: number): Promise<void>;
  source(endpoint: string): SourceControl;
  sink(endpoint: string): SinkControl;
  /** What the outside world has received from an endpoint, the oldest first. */
  received(endpoint: string): readonly Received[];
  /** All that was sent, the oldest first. */
  readonly sent: readonly Sent[];
  /** The connection of an endpoint is gone, and does not come back before `up`. */
  down(endpoint: string): void;
  up(endpoint: string): void;
  /**
   * A step, as `orders.via[0] map`, throws at one message, however often that comes: the one in this place among
   * all that is sent, or the next that comes to the step. Steps of the kinds `fn` and `async`; others have code of
   * their own to throw in.
   */
  poison(step: string, place?: number): void;
  /**
   * Changes to another configuration between two messages, as the server does. What the outside world is stays as it
   * is: endpoints and marshallers must be those that are there. Waits, in virtual time, for the reload before it.
   * Rejects as the server does, and with `not-available` for other endpoints; nothing has changed then.
   */
  reload(source: RelaySource): Promise<void>;
  /** Killed and started again: what was in memory is lost, and what was not settled comes again where it is kept. */
  restart(): Promise<void>;
  /** What happened, in words. `timelineText` makes lines of it. */
  timeline(): Timeline;
  /** The same as data. */
  readonly events: readonly RelayEvent[];
  /** Time passes until nothing moves, with all as it is. Returns what is still open. */
  rest(): Promise<readonly Open[]>;
  /** All sinks take messages again and all is up; time passes until nothing moves. Returns what is still open. */
  settle(): Promise<readonly Open[]>;
  /** What is not settled now. */
  open(): readonly Open[];
  /** The running parts of the present life, to look into. */
  readonly routes: readonly RunningRoute[];
  endpoint(name: string): Endpoint;
  /** Ends it: what it had planned never happens. */
  stop(): void;
}

/** Between a system that was written to and another endpoint that reads from it. */
const TRAVEL_MS = 1;

/** When so much has passed without anything happening, nothing will; longer than any default deadline. */
const QUIET_MS = 120_000;

/** What a route may take to come to rest: windows and delays of a day and less. */
const LONGEST_REST_MS = 100_000_000;

/** Things that happen again and again, such as a timer of a step, are no end by themselves. */
const MOST_STEPS = 100_000;

/**
 * Loads a configuration as the server does, with its real steps, marshallers, legs and policies, and models the
 * endpoints by what they declare: order, acks, pausing, redelivery. Nothing is opened, and no time passes but
 * by `advance` and `settle`. Timers of own steps are virtual as well; I/O in them is real, and takes no time.
 *
 * Rejects with a `ConfigurationError`, as the server would.
 *
 * @example
 * const relay = await virtualRelay({ file: 'araldo.yaml' });
 * relay.sink('archive').stall();
 * const order = relay.send('orders', { id: 7, qty: 2 });
 * await relay.advance(1_000);
 * expect(order.fate).toBe('open');
 * expect(await relay.settle()).toEqual([]);
 * expect(relay.received('archive')[0]?.payload).toEqual({ id: 7, qty: 2 });
 */
export async function virtualRelay(options: RelaySource & RelayOptions): Promise<VirtualRelay> {
  let configuration = await loadRelay(options);
  const clock = createVirtualClock();
  const log = options.log ?? silentLog;
  const { plugins, operators } = options;
  const all: SentRecord[] = [];
  const modelled = new Map<string, ModelledEndpoint>();
  /** By path; as many as there are legs that spill. */
  const disks = new Map<string, ModelledDisk>();
  let isStopped = false;

  const chronicle = createChronicle({
    nowMs: () => clock.nowMs,
    onWritten: createCircle({
      configuration,
      give: giveOn,
      note: (who, what) => chronicle.note(who, what),
    }),
    stopsAt: (route) => configuration.plan.routes[route]?.onError === 'hold',
  });
  const marshallers = marshallersOf(configuration, clock.begin().scheduler, log);
  for (const [name, part] of configuration.endpoints) modelled.set(name, model(part));
  let life = begin();
  await pass(0);

  return {
    get configuration() {
      return configuration;
    },
    events: chronicle.events,
    sent: all,
    get nowMs() {
      return clock.nowMs;
    },
    get routes() {
      return life.routes;
    },
    endpoint: (name) => endpointNamed(life.endpoints, name),

    send(endpoint, payload, meta = {}) {
      const { source } = named(endpoint);
      if (source === undefined) throw wrongRole(endpoint, 'a source');
      return give(endpoint, payload, meta);
    },

    advance: pass,

    source(name) {
      const { source, down, up } = named(name);
      if (source === undefined) throw wrongRole(name, 'a source');
      return {
        down: () => life.run(down),
        up: () => life.run(up),
        hold: () => life.run(() => endpointNamed(life.endpoints, name).inbound.hold(test)),
        release: () => life.run(() => endpointNamed(life.endpoints, name).inbound.release(test)),
      };
    },

    sink(name) {
      const { sink, down, up } = named(name);
      if (configuration.endpoints.get(name)?.capabilities.sink === undefined) throw wrongRole(name, 'a sink');
      return {
        ...sink,
        stall: () => life.run(sink.stall),
        resume: () => life.run(sink.resume),
        down: () => life.run(down),
        up: () => life.run(up),
      };
    },

    received: (name) => named(name).sink.received,

    down: (name) => life.run(named(name).down),
    up: (name) => life.run(named(name).up),

    poison(step, place) {
      if (!stepNames(configuration).includes(step)) {
        throw new AraldoError(
          'unknown-name',
          `no step is named ${step}; there are: ${stepNames(configuration).join(', ')}`,
        );
      }
      chronicle.poison(step, place);
    },

    async reload(source) {
      const next = await loadRelay({
        ...source,
        ...(plugins !== undefined && { plugins }),
        ...(operators !== undefined && { operators }),
      });
      refuseOtherEnds(configuration, next);
      // As in the server, one waits for what the one before has taken out of use.
      while (life.isLeaving) await pass(1);
      chronicle.reloads();
      life.reload(next);
      configuration = next;
      await pass(0);
    },

    async restart() {
      chronicle.killed();
      life.kill();
      for (const endpoint of modelled.values()) endpoint.killed();
      life = begin();
      await pass(0);
    },

    timeline: () => chronicle.events.map((event) => ({ atMs: event.atMs, ...wordsOf(event) })),

    async rest() {
      await rest();
      return open();
    },

    async settle() {
      chronicle.settling();
      life.run(() => {
        for (const { inbound } of life.endpoints.values()) inbound.release(test);
        for (const endpoint of modelled.values()) endpoint.up();
        for (const disk of disks.values()) disk.repair();
        for (const { sink } of modelled.values()) sink.takeAll();
      });
      await rest();
      return open();
    },

    open,

    stop() {
      isStopped = true;
      life.kill();
    },
  };

  function begin(): RelayLife {
    return startLife({
      configuration,
      marshallers,
      modelled,
      diskOf,
      chronicle,
      life: clock.begin(),
      log,
      random: (name) => seededRandom(hashOf(name, options.seed ?? 0)),
      compose: options.compose,
    });
  }

  function diskOf(path: string, leg: string): ModelledDisk {
    const disk = disks.get(path) ?? createModelledDisk(leg);
    disks.set(path, disk);
    return disk;
  }

  function model(part: EndpointPart): ModelledEndpoint {
    const { name } = part.plan;
    const marshaller = marshallers.get(part.plan.marshal);
    const { settled, lost, ...witness } = chronicle.sourceOf(name);
    return createModelledEndpoint({
      part,
      isCumulative: options.cumulative?.includes(name) === true,
      sourceWitness: {
        ...witness,
        settled(parcel, status, lane, root) {
          settled(parcel, status, lane, root);
          const redelivers = part.capabilities.source?.redelivers === true;
          if (status === 'nack') parcel.sent.nacks += 1;
          if (status === 'nack' && redelivers) return;
          conclude(parcel.sent, fates[status]);
        },
        lost(parcel, why) {
          lost(parcel, why);
          conclude(parcel.sent, 'lost');
        },
      },
      sink: {
        read: (message) => seenOutside(message, part, marshaller),
        nowMs: () => clock.nowMs,
        pipelines: part.capabilities.sink?.pipelines !== false,
        witness: chronicle.sinkOf(name),
      },
      witness: chronicle,
    });
  }

  function giveOn(endpoint: string, payload: unknown, meta: Meta, travels: boolean): void {
    if (!travels) give(endpoint, payload, meta);
    else life.run(() => life.scheduler.schedule(() => give(endpoint, payload, meta), TRAVEL_MS));
  }

  function named(name: string): ModelledEndpoint {
    const endpoint = modelled.get(name);
    // The life's endpoints have the same names, and the error.
    return endpoint ?? (endpointNamed(life.endpoints, name) as never);
  }

  function conclude(sent: SentRecord, fate: Sent['fate']): void {
    sent.fate = fate;
    sent.settledAtMs = clock.nowMs;
  }

  function give(endpoint: string, payload: unknown, meta: Meta): Sent {
    if (isStopped) throw new Error('this relay was stopped: make another one');
    const part = configuration.endpoints.get(endpoint) as EndpointPart;
    const number = all.filter((sent) => sent.endpoint === endpoint).length + 1;
    const sent: SentRecord = {
      id: `${endpoint}#${number}`,
      endpoint,
      payload,
      meta,
      atMs: clock.nowMs,
      fate: 'open',
      deliveries: 0,
      nacks: 0,
      settledAtMs: undefined,
    };
    const parcel = parcelOf(sent, meta, part, marshallers.get(part.plan.marshal));
    all.push(sent);
    chronicle.sent(sent, all.length - 1);
    life.run(() => named(endpoint).source?.send(parcel));
    return sent;
  }

  async function pass(ms: number): Promise<void> {
    await life.run(() => clock.pass(ms, () => life.isAsync));
  }

  async function rest(): Promise<void> {
    const start = clock.nowMs;
    let seen = chronicle.events.length;
    let movedAt = clock.nowMs;
    for (let step = 0; step < MOST_STEPS; step += 1) {
      await pass(0);
      if (chronicle.events.length !== seen) movedAt = clock.nowMs;
      seen = chronicle.events.length;
      const due = clock.dueMs;
      if (due === undefined) return;
      const isQuiet = due - movedAt > QUIET_MS && (open().length === 0 || due - movedAt > LONGEST_REST_MS);
      if (isQuiet || due - start > LONGEST_REST_MS) return;
      await pass(due - clock.nowMs);
    }
  }

  function open(): readonly Open[] {
    return all
      .filter(({ fate }) => fate === 'open')
      .map((sent) => {
        const { endpoint } = sent;
        return openOf(sent, endpointNamed(life.endpoints, endpoint), named(endpoint), chronicle.whereabouts);
      });
  }
}

const test = { name: 'the test' };

const fates = { ack: 'acked', nack: 'nacked', reject: 'rejected' } as const;

function wrongRole(name: string, role: string): AraldoError {
  return new AraldoError('wrong-role', `${name} cannot be ${role}`);
}

/** What is in a message for who receives it: the value, or bytes and what the endpoint's marshaller reads in them. */
function seenOutside(
  message: Message,
  part: EndpointPart,
  marshaller: Marshaller | undefined,
): Pick<Received, 'payload' | 'bytes'> {
  if (part.capabilities.sink?.carries === 'values') return { payload: message.payload, bytes: undefined };
  const wire = outgoingWire(message);
  const { bytes } = wire;
  if (marshaller !== undefined) return { payload: marshaller.unmarshal(bytes), bytes };
  return { payload: wire.isText === true ? new TextDecoder().decode(bytes) : bytes, bytes };
}
