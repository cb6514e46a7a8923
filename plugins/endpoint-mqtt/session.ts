/** One time that the endpoint is open: its connections, from the first byte to the reason why they ended. */
import type { SchedulerLike } from 'rxjs';
import { deadline } from '../../src/core/deadline.ts';
import { AraldoError } from '../../src/core/errors.ts';
import { type Heartbeat, heartbeat } from '../../src/core/heartbeat.ts';
import { formatDuration } from '../../src/options/duration.ts';
import type { Connect, Connection, ConnectOptions, Incoming } from './connection.ts';
import { createPublisher, type Publisher } from './publisher.ts';
import { isDurable, type Settings } from './settings.ts';

/** How long answers to what was published are waited for, after the subscribing connection was lost. */
const LAST_ANSWERS_MS = 1_000;

/** How long a broker has to take note of a goodbye. */
const GOODBYE_MS = 500;

/** What a receive maximum can be. */
const MOST_IN_FLIGHT = 65_535;

export interface SessionOptions {
  readonly settings: Settings;
  /** The client id of the connection that subscribes, or of the only one. */
  readonly clientId: string;
  readonly maxInFlight: number;
  readonly scheduler: SchedulerLike;
  readonly connect: Connect;
  /** Whether the broker still had the session of the subscribing connection; before any message. */
  readonly onSession: (isPresent: boolean) => void;
  readonly onMessage: (message: Incoming) => void;
  readonly onReleased: (packetId: number) => void;
  readonly onWritable: () => void;
  /** Called once, when it has ended by itself. Not after `close`. */
  readonly onBroken: (error: AraldoError) => void;
}

export interface Session {
  /** Resolves when everything is connected and subscribed. After a rejection, `close` it. */
  open(signal: AbortSignal): Promise<void>;
  /** There once it is open, if it publishes. */
  readonly publisher: Publisher | undefined;
  /** Writes answers to what came, if there is still somebody to answer to. */
  answer(packets: Buffer): void;
  /** Reads no further messages until `release`. Idempotent, both. */
  hold(): void;
  release(): void;
  /** Says goodbye; resolves when nothing is left of it. */
  close(): Promise<void>;
}

/**
 * Two connections where it both subscribes and publishes: a broker that does not read on before we have read what it
 * sends would otherwise never confirm what we publish. And the one that publishes begins without a session: what it had
 * not confirmed is sent again by the legs, with packet ids that an old session could take for those of other messages.
 */
export function createSession(session: SessionOptions): Session {
  const { settings, clientId, maxInFlight, scheduler, connect, onWritable, onBroken } = session;
  const { target, subscriptions, publications, qos } = settings;
  let subscriber: Living | undefined;
  let sender: Living | undefined;
  let publisher: Publisher | undefined;
  let isOver = false;
  let isSubscribed = false;
  let isHeld = false;

  return {
    open,
    get publisher() {
      return publisher;
    },
    answer(packets) {
      subscriber?.connection.write(packets);
    },
    hold() {
      // Not before it is subscribed: the answer to that stands behind what the session has kept.
      if (isHeld || !isSubscribed) return;
      isHeld = true;
      subscriber?.hold();
    },
    release() {
      if (!isHeld) return;
      isHeld = false;
      subscriber?.release();
    },
    close,
  };

  async function open(signal: AbortSignal): Promise<void> {
    await Promise.all([openSubscriber(signal), openSender(signal)]);
  }

  async function openSubscriber(signal: AbortSignal): Promise<void> {
    if (subscriptions === undefined) return;
    const living = await live({
      signal,
      clientId,
      isClean: !isDurable(settings),
      will: settings.will,
      onSession: session.onSession,
      onMessage: session.onMessage,
      onReleased: session.onReleased,
      onLost: lostSubscriber,
      onStart: (started) => {
        subscriber = started;
      },
    });
    await unlessAborted(living.connection.subscribe(subscriptions, qos), signal);
    isSubscribed = true;
  }

  async function openSender(signal: AbortSignal): Promise<void> {
    if (publications === undefined) return;
    const isAlone = subscriptions === undefined;
    const { connection } = await live({
      signal,
      clientId: isAlone ? clientId : `${clientId}-publish`,
      isClean: true,
      will: isAlone ? settings.will : undefined,
      onSession: ignore,
      onMessage: ignore,
      onReleased: ignore,
      onLost: broken,
      onStart: (started) => {
        sender = started;
      },
    });
    const { maximumQos = 2, takesRetained } = connection.limits;
    const problem =
      maximumQos < qos
        ? `takes QoS ${maximumQos} at most: write qos: ${maximumQos}`
        : !takesRetained && publications.retain === true
          ? 'keeps no retained messages: remove retain'
          : undefined;
    if (problem !== undefined) throw new AraldoError('connect-failed', `${target.address} ${problem}`);
    publisher = createPublisher({ connection, settings, scheduler, onWritable, onUnavailable: broken });
  }

  /** A connection with a heartbeat. */
  async function live(role: Role): Promise<Living> {
    const { tls, version, sessionExpiryMs, keepAliveMs, pingMs, pongMs } = settings;
    // It may be lost as soon as it is there, before this function goes on.
    const late: { beat?: Heartbeat } = {};
    const connection = await connect({
      ...role,
      target,
      tls,
      version,
      sessionExpiryMs,
      keepAliveMs,
      receiveMaximum: Math.min(maxInFlight, MOST_IN_FLIGHT),
      onHeard: () => late.beat?.heard(),
      onLost(error) {
        late.beat?.stop();
        role.onLost(error);
      },
    });
    // Its twin may have failed meanwhile, and closed everything.
    if (isOver) {
      connection.hangUp();
      throw new AraldoError('connect-failed', `gave up connecting to ${target.address}`);
    }
    late.beat = heartbeat({
      scheduler,
      everyMs: Math.min(pingMs, connection.limits.keepAliveMs ?? pingMs),
      withinMs: pongMs,
      ping: () => connection.ping(),
      dead: () => {
        connection.hangUp();
        const text = `${target.address} did not answer a ping within ${formatDuration(pongMs)}`;
        role.onLost(new AraldoError('connection-lost', text));
      },
    });
    const living: Living = {
      connection,
      hold() {
        late.beat?.hold();
        connection.pause();
      },
      release() {
        late.beat?.release();
        connection.resume();
      },
      async end() {
        late.beat?.stop();
        const patience = deadline(scheduler, GOODBYE_MS, () => connection.hangUp());
        await connection.end();
        patience.unsubscribe();
      },
    };
    role.onStart(living);
    return living;
  }

  /**
   * What is published on the other connection may be answered in a moment: breaking only then keeps it from
   * being published twice.
   */
  function lostSubscriber(error: AraldoError): void {
    subscriber = undefined;
    if (publisher === undefined) return broken(error);
    const patience = deadline(scheduler, LAST_ANSWERS_MS, () => broken(error));
    void publisher.finish().then(() => {
      patience.unsubscribe();
      broken(error);
    });
  }

  function broken(error: AraldoError): void {
    if (isOver) return;
    void close();
    onBroken(error);
  }

  async function close(): Promise<void> {
    isOver = true;
    publisher?.lost();
    await Promise.all([subscriber?.end(), sender?.end()]);
  }
}

interface Role
  extends Pick<
    ConnectOptions,
    'signal' | 'clientId' | 'isClean' | 'will' | 'onSession' | 'onMessage' | 'onReleased' | 'onLost'
  > {
  readonly onStart: (living: Living) => void;
}

interface Living {
  readonly connection: Connection;
  /** Reads nothing, and so waits for no pong, until `release`. */
  hold(): void;
  release(): void;
  /** Resolves when it has ended. */
  end(): Promise<void>;
}

/** Nobody answers any more on a connection that hangs: the deadline of whoever opens ends the wait. */
function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(AraldoError.from(signal.reason, 'connect-failed'));
    signal.addEventListener('abort', abort, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** The connection that publishes subscribes to nothing. */
function ignore(): void {}
