/** Publishes what one open endpoint is given: many unanswered, each confirmed by the broker for itself. */
import type { SchedulerLike } from 'rxjs';
import { AraldoError } from '../../src/core/errors.ts';
import { payloadTooLarge } from '../../src/core/payload-limit.ts';
import type { Sender } from '../../src/core/sink.ts';
import type { Connection, Outgoing, Refusal } from './connection.ts';
import { sizeOf } from './properties.ts';
import { isOwnFault } from './reason.ts';
import type { Settings } from './settings.ts';

/** What the broker may have of us unanswered. What waits in the socket is part of it. */
const MOST_MESSAGES = 8_192;
const MOST_BYTES = 4 * 1024 * 1024;

/**
 * The same of QoS 2 with MQTT 3.1.1, where a broker cannot say how many it takes and some end the connection for more
 * (mosquitto): what all of them take unless they are told otherwise.
 */
const MOST_UNTOLD = 20;

/** Fixed header, length of the topic, packet id. */
const HEAD = 9;

const NOTHING = Buffer.alloc(0);

export interface PublisherOptions {
  readonly connection: Connection;
  readonly settings: Pick<Settings, 'version' | 'qos'>;
  readonly scheduler: SchedulerLike;
  /** It takes messages again. */
  readonly onWritable: () => void;
  /** The broker cannot serve now. */
  readonly onUnavailable: (error: AraldoError) => void;
}

export interface Publisher {
  readonly isWritable: boolean;
  /** Throws an `AraldoError` for a message that the broker would not take. */
  publish(message: Outgoing, ticket: number, sender: Sender): void;
  /** Takes no more, and resolves when all is answered, or the connection is lost. */
  finish(): Promise<void>;
  /** Resolves when all is answered, or the connection is lost. */
  settled(): Promise<void>;
  /** The connection is lost: nothing will be answered. */
  lost(): void;
}

export function createPublisher(options: PublisherOptions): Publisher {
  const { connection, settings, scheduler, onWritable, onUnavailable } = options;
  const isUntold = settings.version !== 5 && settings.qos === 2;
  const { receiveMaximum = isUntold ? MOST_UNTOLD : MOST_MESSAGES, maximumPacketSize } = connection.limits;
  const most = settings.qos === 0 ? MOST_MESSAGES : Math.min(MOST_MESSAGES, receiveMaximum);
  let unanswered = 0;
  let unansweredBytes = 0;
  let isFull = false;
  let isFinishing = false;
  let isLost = false;
  /** Of QoS 0, written in this turn: they are confirmed when they have left. Bounded as what is unanswered. */
  let written: { readonly ticket: number; readonly sender: Sender; readonly size: number }[] = [];
  /** As many as there are callers of `settled` that wait: a drain and a close at most. */
  let waiting: (() => void)[] = [];

  return {
    get isWritable() {
      return !isFull && !isFinishing && !isLost;
    },
    publish,
    finish() {
      isFinishing = true;
      return settled();
    },
    settled,
    lost() {
      isLost = true;
      unanswered = 0;
      resolveWaiting();
    },
  };

  function publish(message: Outgoing, ticket: number, sender: Sender): void {
    const { topic, payload, qos, properties } = message;
    const size = HEAD + Buffer.byteLength(topic) + payload.length + sizeOf(properties);
    // One that is larger ends the connection, again and again.
    if (maximumPacketSize !== undefined && size > maximumPacketSize) {
      throw payloadTooLarge(size, maximumPacketSize);
    }
    unanswered += 1;
    unansweredBytes += size;
    if (unanswered >= most || unansweredBytes >= MOST_BYTES) isFull = true;
    if (qos === 0) {
      connection.publish(message, ignore);
      if (written.push({ ticket, sender, size }) === 1) scheduler.schedule(awaitLeaving);
      return;
    }
    connection.publish(message, (refusal) => {
      if (isLost) return;
      if (refusal === undefined) sender.confirm(ticket);
      else refused(refusal, message, ticket, sender);
      answered(1, size);
    });
  }

  function refused({ code, text }: Refusal, { topic }: Outgoing, ticket: number, sender: Sender): void {
    const said = `the broker did not take a message for ${topic}: ${text}`;
    if (code !== undefined && isOwnFault(code)) sender.fail(ticket, new AraldoError('sink-rejected', said));
    else onUnavailable(new AraldoError('connection-lost', said));
  }

  /** Nothing answers under QoS 0: what was written before an empty piece has left when that has. */
  function awaitLeaving(): void {
    const batch = written;
    written = [];
    connection.write(NOTHING, () => {
      if (isLost) return;
      let size = 0;
      for (const one of batch) {
        one.sender.confirm(one.ticket);
        size += one.size;
      }
      answered(batch.length, size);
    });
  }

  function answered(count: number, size: number): void {
    unanswered -= count;
    unansweredBytes -= size;
    if (unanswered === 0) resolveWaiting();
    // Half empty before it takes more, or each answer would let a single message in.
    if (!isFull || unanswered > most / 2 || unansweredBytes > MOST_BYTES / 2) return;
    isFull = false;
    onWritable();
  }

  function settled(): Promise<void> {
    if (unanswered === 0) return Promise.resolve();
    return new Promise((resolve) => waiting.push(resolve));
  }

  function resolveWaiting(): void {
    const resolved = waiting;
    waiting = [];
    for (const resolve of resolved) resolve();
  }
}

/** Under QoS 0 there is no answer. */
function ignore(): void {}
