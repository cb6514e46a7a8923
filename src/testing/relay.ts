/** A whole relay in virtual time: the user's own configuration, with the outside world in the hands of a test. */
import type { Configuration, EndpointPart } from '../config/configuration.ts';
import type { Endpoint } from '../core/endpoint.ts';
import { AraldoError } from '../core/errors.ts';
import { type Log, silentLog } from '../core/log.ts';
import type { Marshaller } from '../core/marshaller.ts';
import { Message, type Meta } from '../core/message.ts';
import { outgoingWire } from '../core/outgoing.ts';
import type { RunningRoute } from '../runtime/compile.ts';
import { createChronicle } from './chronicle.ts';
import { type Composition, endpointNamed, marshallersOf, type RelayLife, startLife } from './life.ts';
import { loadRelay, type RelaySource } from './load-relay.ts';
import { createModelledEndpoint, type ModelledEndpoint } from './modelled-endpoint.ts';
import type { Received, SinkControl } from './modelled-sink.ts';
import { parcelOf } from './parcel.ts';
import { type RelayEvent, wordsOf } from './relay-event.ts';
import { seededRandom } from './seeded.ts';
import type { Sent, SentRecord } from './sent.ts';
import type { Timeline } from './timeline.ts';
import { createVirtualClock } from './virtual-clock.ts';

export interface RelayOptions {
  /** Decides the jitter of reconnecting; 0 unless given. */
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
  /** The connection is gone, and does not come back before `up`. */
  down(): void;
  up(): void;
  /** Holds its gate, as a leg that is full would. */
  hold(): void;
  release(): void;
}

/** A message that is not settled, and where it stays. */
export interface Open {
  readonly id: string;
  readonly endpoint: string;
  readonly payload: unknown;
  /** In words: `orders.via[0] ./slow.ts`, `orders → archive`, `the gate of orders, held by orders → archive`. */
  readonly where: string;
  readonly sentAtMs: number;
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
  /** Killed and started again: what was in memory is lost, and what was not settled comes again where it is kept. */
  restart(): Promise<void>;
  /** What happened, in words. `timelineText` makes lines of it. */
  timeline(): Timeline;
  /** The same as data. */
  readonly events: readonly RelayEvent[];
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

/** What a circle of endpoints may carry in all: beyond, it goes round for ever. */
const MOST_CARRIED = 10_000;

/** Between a sink that wrote and the source that reads the same address. */
const CARRY_MS = 1;

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
  const configuration = await loadRelay(options);
  const clock = createVirtualClock();
  const random = seededRandom(options.seed ?? 0);
  const log = options.log ?? silentLog;
  const all: SentRecord[] = [];
  const modelled = new Map<string, ModelledEndpoint>();
  let carried = 0;
  let isStopped = false;

  const chronicle = createChronicle({
    nowMs: () => clock.nowMs,
    onWritten: carry,
    stopsAt: (route) => configuration.plan.routes[route]?.onError === 'hold',
  });
  const marshallers = marshallersOf(configuration, clock.begin().scheduler, log);
  for (const [name, part] of configuration.endpoints) modelled.set(name, model(part));
  let life = begin();
  await pass(0);

  return {
    configuration,
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

    async restart() {
      chronicle.note('relay', 'is killed');
      life.kill();
      for (const endpoint of modelled.values()) endpoint.killed();
      chronicle.note('relay', 'is started again');
      life = begin();
      await pass(0);
    },

    timeline: () => chronicle.events.map((event) => ({ atMs: event.atMs, ...wordsOf(event) })),

    async settle() {
      chronicle.note('relay', 'all sinks take messages, and time passes');
      life.run(() => {
        for (const { inbound } of life.endpoints.values()) inbound.release(test);
        for (const endpoint of modelled.values()) endpoint.up();
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
      chronicle,
      life: clock.begin(),
      log,
      random,
      compose: options.compose,
    });
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
        settled(parcel, status, floor) {
          settled(parcel, status, floor);
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
        witness: chronicle.sinkOf(name),
      },
    });
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
      atMs: clock.nowMs,
      fate: 'open',
      deliveries: 0,
      nacks: 0,
      settledAtMs: undefined,
    };
    const parcel = parcelOf(sent, meta, part, marshallers.get(part.plan.marshal));
    all.push(sent);
    chronicle.sent(sent);
    life.run(() => named(endpoint).source?.send(parcel));
    return sent;
  }

  /** What an endpoint wrote to an address comes in where others read it; where each gets a copy, at itself too. */
  function carry(from: string, message: Message): void {
    const part = configuration.endpoints.get(from);
    const addresses = part?.capabilities.writesTo ?? [];
    if (addresses.length === 0) return;
    for (const [name, { capabilities }] of configuration.endpoints) {
      const { source, readsFrom = [] } = capabilities;
      if (source === undefined || (name === from && source.scope !== 'copy')) continue;
      if (!readsFrom.some((address) => addresses.includes(address))) continue;
      carried += 1;
      if (carried > MOST_CARRIED) {
        throw new Error(`${from} → ${name}: more than ${MOST_CARRIED} messages went round in a circle`);
      }
      const { key, hops = 0 } = message.meta;
      const isValue = part?.capabilities.sink?.carries === 'values';
      const content = isValue ? message.payload : outgoingWire(message).bytes;
      const meta = isValue ? { ...(key === undefined ? {} : { key }), hops: hops + 1 } : {};
      life.run(() => life.scheduler.schedule(() => give(name, content, meta), CARRY_MS));
    }
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
      .map((sent) => ({
        id: sent.id,
        endpoint: sent.endpoint,
        payload: sent.payload,
        where: whereOf(sent),
        sentAtMs: sent.atMs,
      }));
  }

  function whereOf(sent: SentRecord): string {
    const { inbound } = endpointNamed(life.endpoints, sent.endpoint);
    const { gate } = inbound;
    const held = gate.isHeld
      ? `, held by ${gate.holders.join(', ')}`
      : gate.isFull
        ? ', whose window is full'
        : '';
    const { source } = named(sent.endpoint);
    if (source?.waiting.some((parcel) => parcel.sent === sent) === true) {
      return `the other side of ${sent.endpoint}${held}`;
    }
    const places = chronicle.whereabouts.placesOf(sent);
    if (places.length === 0) return `${sent.endpoint}: nobody has it, and nobody settled it`;
    return places.map((place) => (place.startsWith('the gate of ') ? place + held : place)).join(', and ');
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
