/** What one open endpoint has: a connection for what it reads and one for what it publishes. */
import type { SchedulerLike } from 'rxjs';
import { deadline } from '../../src/core/deadline.ts';
import { AraldoError } from '../../src/core/errors.ts';
import type { Lane } from '../../src/core/lane.ts';
import type { Meta } from '../../src/core/message.ts';
import { type Connection, type ConnectOptions, connectAmqp } from './connection.ts';
import { type Consumer, createConsumer } from './consumer.ts';
import { createPublisher, type Publisher } from './publisher.ts';
import type { Settings } from './settings.ts';
import { prepareOutlet, prepareSource } from './topology.ts';

/** How long the confirmations of what is published may take when the other connection is gone. */
const LAST_ANSWERS_MS = 1_000;

export interface SessionOptions {
  /** The name of the endpoint. */
  readonly name: string;
  readonly settings: Settings;
  readonly prefetch: number;
  readonly scheduler: SchedulerLike;
  /** What a delivery says is read by this before it is handed over. */
  readonly metaAs?: ((meta: Meta) => Meta) | undefined;
  /** Makes the lane of this session: an epoch, as delivery tags begin anew. */
  readonly laneOf: (queue: string) => Lane;
  readonly onWritable: () => void;
  /** Called once, when what was open has ended by itself. Not after `close`. */
  readonly onBroken: (error: AraldoError) => void;
}

export interface Session {
  /** Resolves when everything is connected, declared and read. After a rejection, `close` it. */
  open(signal: AbortSignal): Promise<void>;
  readonly publisher: Publisher | undefined;
  readonly consumer: Consumer | undefined;
  readonly lane: Lane | undefined;
  /** Resolves when RabbitMQ was told all, and the connections have ended. */
  close(): Promise<void>;
}

/**
 * Two connections where it both reads and publishes: RabbitMQ stops reading one on which it is published too fast,
 * and with it the acks that would make room.
 */
export function createSession(session: SessionOptions): Session {
  const { name, settings, prefetch, scheduler, metaAs, laneOf, onWritable, onBroken } = session;
  const { source, outlet } = settings;
  const connections: Connection[] = [];
  let publisher: Publisher | undefined;
  let consumer: Consumer | undefined;
  let lane: Lane | undefined;
  /** Until it is open what fails is the opening: it rejects with the first reason. */
  let isOpen = false;
  let lostEarly: AraldoError | undefined;
  let isOver = false;

  return {
    open,
    get publisher() {
      return publisher;
    },
    get consumer() {
      return consumer;
    },
    get lane() {
      return lane;
    },
    close,
  };

  async function open(signal: AbortSignal): Promise<void> {
    const [reading] = await Promise.all([openConsumer(signal), openPublisher(signal)]);
    // Only now: what is read may be for the sink of this very endpoint.
    await reading?.start();
    if (lostEarly !== undefined) throw lostEarly;
    isOpen = true;
  }

  async function openConsumer(signal: AbortSignal): Promise<Consumer | undefined> {
    if (source === undefined) return undefined;
    const connection = await connected({ name: `araldo ${name} (source)`, signal, onLost: lostConsumer });
    const channel = await connection.channel();
    await prepareSource(connection, channel, source, settings);
    throwIfOver();
    lane = laneOf(source.name);
    consumer = createConsumer({
      connection,
      channel,
      queue: source.name,
      prefetch,
      lane,
      metaAs,
      scheduler,
      onCancelled: lostConsumer,
    });
    return consumer;
  }

  async function openPublisher(signal: AbortSignal): Promise<void> {
    if (outlet === undefined) return;
    /** An alarm that is on when we connect is told before there is a publisher. */
    let isBlocked = false;
    const connection = await connected({
      name: `araldo ${name} (sink)`,
      signal,
      onLost: broken,
      onBlocked(blocked) {
        isBlocked = blocked;
        publisher?.block(blocked);
      },
    });
    const reopen = () => connection.confirmChannel((reason) => publisher?.channelClosed(reason) ?? false);
    const channel = await reopen();
    await prepareOutlet(connection, channel, settings);
    throwIfOver();
    publisher = createPublisher({
      connection,
      channel,
      reopen,
      outlet,
      scheduler,
      onWritable,
      onUnavailable: broken,
    });
    if (isBlocked) publisher.block(true);
  }

  async function connected(
    role: Pick<ConnectOptions, 'name' | 'signal' | 'onLost' | 'onBlocked'>,
  ): Promise<Connection> {
    const { target, tls, isAuthExternal, heartbeatMs } = settings;
    const connection = await connectAmqp({ target, tls, isAuthExternal, heartbeatMs, scheduler, ...role });
    connections.push(connection);
    // Its twin may have failed meanwhile, and closed everything.
    if (isOver) await connection.close();
    throwIfOver();
    return connection;
  }

  function throwIfOver(): void {
    if (isOver) throw new AraldoError('connect-failed', `gave up connecting to ${settings.target.address}`);
  }

  /**
   * What is published on the other connection may be confirmed in a moment: breaking only then keeps it from being
   * published twice.
   */
  function lostConsumer(error: AraldoError): void {
    if (!isOpen) return broken(error);
    consumer?.forget();
    lane?.revoke();
    if (publisher === undefined) return broken(error);
    const patience = deadline(scheduler, LAST_ANSWERS_MS, () => broken(error));
    void publisher.finish().then(() => {
      patience.unsubscribe();
      broken(error);
    });
  }

  function broken(error: AraldoError): void {
    if (isOver) return;
    if (!isOpen) {
      lostEarly ??= error;
      return;
    }
    void close();
    onBroken(error);
  }

  async function close(): Promise<void> {
    if (!isOver) {
      isOver = true;
      // What was settled in this turn is told yet; what is not settled goes back when the channel closes.
      consumer?.flush();
      consumer?.forget();
      lane?.revoke();
      publisher?.forget();
    }
    await Promise.all(connections.map((connection) => connection.close()));
  }
}
