/** One time that the endpoint is open: its connections, from the first byte to the reason why they ended. */
import type { SchedulerLike } from 'rxjs';
import { deadline } from '../../src/core/deadline.ts';
import { AraldoError } from '../../src/core/errors.ts';
import { type Heartbeat, heartbeat } from '../../src/core/heartbeat.ts';
import { formatDuration } from '../../src/options/duration.ts';
import { asBuffer, createWriter, type Writer } from '../../src/redis/writer.ts';
import type { Connect, Connection, ConnectOptions } from './connection.ts';
import type { OnMessage } from './message-reader.ts';
import type { Settings } from './settings.ts';

/** How long answers to what was published are waited for, after the subscribing connection was lost. */
const LAST_ANSWERS_MS = 1_000;

export interface SessionOptions {
  readonly settings: Settings;
  readonly scheduler: SchedulerLike;
  readonly connect: Connect;
  readonly onMessage: OnMessage;
  readonly onWritable: () => void;
  /** Called once, when it has ended by itself. Not after `close`. */
  readonly onBroken: (error: AraldoError) => void;
}

export interface Session {
  /** Resolves when everything is connected and subscribed. After a rejection, `close` it. */
  open(signal: AbortSignal): Promise<void>;
  /** There once it is open, if it publishes. */
  readonly publisher: Writer<Uint8Array> | undefined;
  /** Ends the subscriptions and goes on publishing. */
  unsubscribe(): void;
  close(): void;
}

/**
 * Two connections where it both subscribes and publishes. RESP3 would allow one. But Redis cuts off a subscriber
 * that falls behind, and answers to what was published would stand in line behind all that is subscribed to;
 * and servers before Redis 6 do not have RESP3.
 */
export function createSession(session: SessionOptions): Session {
  const { settings, scheduler, connect, onMessage, onWritable, onBroken } = session;
  const { target, tls, subscriptions, publishes, pingMs, pongMs } = settings;
  const subscribes = subscriptions.channels.length + subscriptions.patterns.length > 0;
  let subscriber: Living | undefined;
  let sender: Living | undefined;
  let publisher: Writer<Uint8Array> | undefined;
  let isOver = false;

  return {
    open,
    get publisher() {
      return publisher;
    },
    unsubscribe: () => subscriber?.close(),
    close,
  };

  async function open(signal: AbortSignal): Promise<void> {
    await Promise.all([subscribes ? openSubscriber(signal) : undefined, openSender(signal)]);
  }

  async function openSubscriber(signal: AbortSignal): Promise<void> {
    subscriber = await living({ signal, onLost: lostSubscriber });
    await subscriber.connection.subscribe(subscriptions);
  }

  async function openSender(signal: AbortSignal): Promise<void> {
    if (publishes === undefined) return;
    sender = await living({ signal, onLost: broken });
    const { connection } = sender;
    publisher = createWriter<Uint8Array>({
      link: connection,
      send: (payload) => connection.publish(publishes, asBuffer(payload)),
      place: publishes,
      scheduler,
      onWritable,
      onUnavailable: broken,
    });
  }

  /** A connection with a heartbeat. */
  async function living(role: Pick<ConnectOptions, 'signal' | 'onLost'>): Promise<Living> {
    // It may be lost as soon as it is there, before this function goes on.
    const late: { beat?: Heartbeat } = {};
    const connection = await connect({
      target,
      tls,
      signal: role.signal,
      onLost(error) {
        late.beat?.stop();
        role.onLost(error);
      },
      // Under load the answer to a PING stands in line behind messages: they are signs of life too.
      onMessage(channel, wire, pattern) {
        late.beat?.heard();
        onMessage(channel, wire, pattern);
      },
    });
    // Its twin may have failed meanwhile, and closed everything.
    if (isOver) {
      connection.close();
      throw new AraldoError('connect-failed', `gave up connecting to ${target.address}`);
    }
    late.beat = heartbeat({
      scheduler,
      everyMs: pingMs,
      withinMs: pongMs,
      ping: () => void connection.ping().then(() => late.beat?.heard(), ignore),
      dead: () => {
        connection.close();
        const text = `${target.address} did not answer a PING within ${formatDuration(pongMs)}`;
        role.onLost(new AraldoError('connection-lost', text));
      },
    });
    const close = (): void => {
      late.beat?.stop();
      connection.close();
    };
    return { connection, close };
  }

  /**
   * What is published on the other connection may be answered in a moment: breaking only then keeps it from
   * being published twice.
   */
  function lostSubscriber(error: AraldoError): void {
    if (publisher === undefined) return broken(error);
    const patience = deadline(scheduler, LAST_ANSWERS_MS, () => broken(error));
    void publisher.finish().then(() => {
      patience.unsubscribe();
      broken(error);
    });
  }

  function broken(error: AraldoError): void {
    if (isOver) return;
    close();
    onBroken(error);
  }

  function close(): void {
    isOver = true;
    subscriber?.close();
    sender?.close();
  }
}

interface Living {
  readonly connection: Connection;
  close(): void;
}

/** That the connection ended while Redis was asked is told by `onLost`. */
function ignore(): void {}
