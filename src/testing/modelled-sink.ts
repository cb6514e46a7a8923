/** The outside world of a sink: what it has received, and whether it takes more. */

import { AraldoError } from '../core/errors.ts';
import type { Message, Meta } from '../core/message.ts';
import type { Sender } from '../core/sink.ts';
import type { Port } from '../core/transport.ts';
import type { Life } from './virtual-clock.ts';

/** A message as the outside world has it. */
export interface Received {
  /** The value; where bytes travel, what the endpoint's marshaller reads in them. */
  readonly payload: unknown;
  /** The bytes that travel; `undefined` for an endpoint that carries values. */
  readonly bytes: Uint8Array | undefined;
  readonly meta: Meta;
  readonly id: string;
  /** The leg that it came through: `orders → archive`. */
  readonly leg: string;
  readonly atMs: number;
  /** When the relay was told that it is here; `undefined` until then, and for ever if the sink was lost first. */
  readonly confirmedAtMs: number | undefined;
}

/** How a test makes a sink behave. */
export interface SinkControl {
  /** Takes nothing more, as one that is too slow. */
  stall(): void;
  /** Takes messages again. */
  resume(): void;
  /** Refuses the next messages, for their own fault. */
  failNext(count?: number): void;
  /** Refuses each message for which this is true once; when it comes again, it is taken. */
  nack(predicate?: (received: Received) => boolean): void;
  /** Refuses the messages for which this is true, however often they come. */
  reject(predicate?: (received: Received) => boolean): void;
  /** The connection is gone, and does not come back before `up`. */
  readonly down: () => void;
  readonly up: () => void;
  /** From now on it confirms so long after it was sent a message; 0: at once. */
  latency(ms: number): void;
}

export interface SinkWitness {
  written(message: Message, received: Received): void;
  confirmed(message: Message, received: Received): void;
  refused(message: Message, received: Received, reason: string): void;
  note(what: string): void;
}

export interface ModelledSink extends Omit<SinkControl, 'down' | 'up'> {
  readonly received: readonly Received[];
  connect(port: Port, life: Life): void;
  isWritable(): boolean;
  write(message: Message, ticket: number, sender: Sender): boolean;
  /** The connection or the relay is gone: nobody waits for confirmations any more. */
  closed(): void;
  /** Nothing keeps it from taking messages. */
  takeAll(): void;
}

export interface ModelledSinkOptions {
  readonly name: string;
  /** What is seen of a message outside. */
  readonly read: (message: Message) => Pick<Received, 'payload' | 'bytes'>;
  readonly nowMs: () => number;
  /** Whether it takes further messages while one is unconfirmed. */
  readonly pipelines: boolean;
  readonly witness: SinkWitness;
}

export function createModelledSink(options: ModelledSinkOptions): ModelledSink {
  const { name, read, nowMs, pipelines, witness } = options;
  const received: { -readonly [K in keyof Received]: Received[K] }[] = [];
  /** What has been refused once already, by id: bounded by what the test sends. */
  const nacked = new Set<string>();
  let port: Port | undefined;
  let life: Life | undefined;
  /** Counts connections, so that what one of them confirms too late changes nothing. */
  let connection = 0;
  let unconfirmed = 0;
  let isStalled = false;
  let latencyMs = 0;
  let failures = 0;
  let nacks: ((received: Received) => boolean) | undefined;
  let rejects: ((received: Received) => boolean) | undefined;

  const refusalOf = (one: Received): string | undefined => {
    if (failures > 0) {
      failures -= 1;
      return 'it was told to fail';
    }
    if (rejects?.(one) === true) return 'it rejects it for good';
    if (nacks?.(one) !== true || nacked.has(one.id)) return undefined;
    nacked.add(one.id);
    return 'it refuses it once';
  };

  const isWritable = (): boolean => !isStalled && (pipelines || unconfirmed === 0);

  const closed = (): void => {
    connection += 1;
    unconfirmed = 0;
  };

  return {
    received,

    connect(given, of) {
      port = given;
      life = of;
      closed();
    },

    isWritable,

    write(message, ticket, sender) {
      const { id, meta } = message;
      const one = {
        ...read(message),
        meta,
        id,
        leg: sender.name,
        atMs: nowMs(),
        confirmedAtMs: undefined as number | undefined,
      };
      const reason = refusalOf(one);
      if (reason !== undefined) {
        witness.refused(message, one, reason);
        throw new AraldoError('sink-rejected', `${name} refused ${id}: ${reason}`);
      }
      received.push(one);
      witness.written(message, one);
      const confirm = (): void => {
        one.confirmedAtMs = nowMs();
        witness.confirmed(message, one);
      };
      if (latencyMs === 0) {
        confirm();
        return true;
      }
      const at = connection;
      unconfirmed += 1;
      life?.after(latencyMs, () => {
        if (at !== connection) return;
        unconfirmed -= 1;
        confirm();
        sender.confirm(ticket);
        if (!pipelines && isWritable()) port?.writable();
      });
      return false;
    },

    closed,

    takeAll() {
      failures = 0;
      nacks = undefined;
      rejects = undefined;
      latencyMs = 0;
      isStalled = false;
      port?.writable();
    },

    stall() {
      isStalled = true;
      witness.note('stalls');
    },

    resume() {
      isStalled = false;
      witness.note('takes messages again');
      port?.writable();
    },

    failNext(count = 1) {
      failures = count;
    },

    nack(predicate = () => true) {
      nacks = predicate;
    },

    reject(predicate = () => true) {
      rejects = predicate;
    },

    latency(ms) {
      latencyMs = ms;
    },
  };
}
