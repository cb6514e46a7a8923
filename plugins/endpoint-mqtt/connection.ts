/**
 * One connection to a broker over MQTT.js, with all that it does by itself to mend it switched off.
 *
 * MQTT.js answers a message when its handler calls back, and reads nothing before: who waits with the answer sees no
 * ping and no answer to what was published. So it is told here, where it first shows a packet, that a message is of QoS
 * 0, which needs no answer; the answers are ours to write, when the messages are settled.
 */
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type * as mqtt from 'mqtt';
import { loadLibrary } from '../../src/core/client-library.ts';
import { AraldoError } from '../../src/core/errors.ts';
import { LONGEST_TIMER_MS } from '../../src/options/duration.ts';
import { readTls, type TlsFiles } from '../../src/options/tls.ts';
import { tlsProblem } from '../../src/options/tls-problem.ts';
import { createPacketIds } from './packet-ids.ts';
import { codeOf, reasonText, refusalText } from './reason.ts';
import type { QoS, Settings, Subscriptions, Will } from './settings.ts';
import type { Target } from './target.ts';

/** A message as the broker sent it. */
export interface Incoming {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: QoS;
  readonly isRetained: boolean;
  /** The broker has sent it before, and got no answer. */
  readonly isDuplicate: boolean;
  /** What to answer to; 0 under QoS 0. */
  readonly packetId: number;
  readonly properties: Properties | undefined;
}

export type Properties = NonNullable<mqtt.IPublishPacket['properties']>;

export interface Outgoing {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties: Properties | undefined;
}

/** What the broker said of itself; `undefined` where it did not. */
export interface Limits {
  /** How many of our messages it takes without having answered. */
  readonly receiveMaximum: number | undefined;
  /** In bytes. */
  readonly maximumPacketSize: number | undefined;
  readonly maximumQos: number | undefined;
  readonly takesRetained: boolean;
  /** Replaces what we asked for. */
  readonly keepAliveMs: number | undefined;
}

export interface ConnectOptions {
  readonly target: Target;
  readonly tls: TlsFiles;
  readonly version: Settings['version'];
  readonly clientId: string;
  /** Whether the broker forgets the session at the beginning and at the end. */
  readonly isClean: boolean;
  readonly sessionExpiryMs: number;
  /** How many messages the broker may send that we have not answered. */
  readonly receiveMaximum: number;
  readonly keepAliveMs: number;
  readonly will: Will | undefined;
  readonly signal: AbortSignal;
  /** Whether the broker still had the session; before any message of it. */
  readonly onSession: (isPresent: boolean) => void;
  readonly onMessage: (message: Incoming) => void;
  /** A message of QoS 2 that was answered is done: its packet id may come again for another. */
  readonly onReleased: (packetId: number) => void;
  /** Something came from the broker, whatever it is. */
  readonly onHeard: () => void;
  /** Called once, when a connection that was open has ended by itself. Not after `end` or `hangUp`. */
  readonly onLost: (error: AraldoError) => void;
}

export interface Connection {
  readonly limits: Limits;
  /** Resolves when the broker has granted all of it. */
  subscribe(subscriptions: Subscriptions, qos: QoS): Promise<void>;
  /**
   * `done` is called when the broker has answered, with the reason when it refused; with QoS 0 it is not called. Nothing
   * is called any more once the connection has ended.
   */
  publish(message: Outgoing, done: (reason?: Refusal) => void): void;
  /** Writes packets as they are; `done` is called when they have left. */
  write(packets: Buffer, done?: () => void): void;
  ping(): void;
  /** Takes nothing more from the broker after what it hands over now, until `resume`. Idempotent, both. */
  pause(): void;
  resume(): void;
  /** Says goodbye, so that no will is published; resolves when it has ended. */
  end(): Promise<void>;
  /** Ends it at once, without a word. Idempotent. */
  hangUp(): void;
}

/** Why the broker did not take a message. */
export interface Refusal {
  /** A reason code of MQTT 5; absent where MQTT.js itself refused. */
  readonly code: number | undefined;
  readonly text: string;
}

export type Connect = (options: ConnectOptions) => Promise<Connection>;

const DISCONNECT = Buffer.from([0xe0, 0x00]);

/** Connects and waits until the broker serves. Rejects with an `AraldoError` that says where and why. */
export async function connectMqtt(options: ConnectOptions): Promise<Connection> {
  const { target, signal, onLost } = options;
  const library = await loadLibrary('endpoint-mqtt', 'mqtt', () => import('mqtt'));
  const settings = settingsOf(options);
  if (target.isTls) Object.assign(settings, await readTls(options.tls));
  signal.throwIfAborted();

  const client = library.connect(settings);
  let reason: { readonly text: string; readonly cause?: Error } | undefined;
  let isReady = false;
  let isOver = false;
  let isPaused = false;
  /** Makes MQTT.js read on: it waits for it before it looks at the next packet. */
  let readOn: (() => void) | undefined;
  const hangUp = (): void => {
    isOver = true;
    client.stream.destroy();
  };
  // An answer is four bytes, and the broker waits for it: it must not wait for more to send with it.
  (client.stream as Socket).setNoDelay(true);
  const isClosed = new Promise<void>((resolve) => client.once('close', () => resolve()));

  const connected = new Promise<Limits>((resolve, reject) => {
    client.once('connect', ({ properties }) => {
      isReady = true;
      resolve(limitsOf(properties));
    });
    client.on('error', (error: Error) => {
      reason ??= { text: tlsProblem(error) ?? refusalText(error), cause: error };
      // It does not always hang up on an error; we do, so that there is one way to lose a connection.
      client.stream.destroy();
    });
    client.on('disconnect', ({ reasonCode = 0 }) => {
      reason ??= { text: `the broker ended it: ${reasonText(reasonCode)}` };
      client.stream.destroy();
    });
    client.once('close', () => {
      const { text = 'it was closed by the other side', cause } = reason ?? {};
      const named = `${target.address}: ${text}`;
      if (!isReady) reject(new AraldoError('connect-failed', `could not connect to ${named}`, { cause }));
      else if (!isOver) {
        isOver = true;
        onLost(new AraldoError('connection-lost', `lost the connection to ${named}`, { cause }));
      }
    });
  });
  client.on('packetreceive', (packet) => {
    if (!isOver) receive(packet, options);
  });
  client.handleMessage = (_packet, done) => {
    if (isPaused) readOn = done;
    else done();
  };
  const resume = (): void => {
    isPaused = false;
    const next = readOn;
    readOn = undefined;
    next?.();
  };

  signal.addEventListener('abort', hangUp, { once: true });
  let limits: Limits;
  try {
    limits = await connected;
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown;
  } finally {
    signal.removeEventListener('abort', hangUp);
  }
  signal.throwIfAborted();

  return {
    limits,
    subscribe: (subscriptions, qos) => subscribe(client, subscriptions, qos, target),
    publish({ topic, payload, qos, retain, properties }, done) {
      const details = { qos, retain, ...(properties !== undefined && { properties }) };
      if (qos === 0) client.publish(topic, payload, details);
      else {
        client.publish(topic, payload, details, (error) => {
          if (isOver || client.stream.destroyed) return;
          done(error ? { code: codeOf(error), text: refusalText(error) } : undefined);
        });
      }
    },
    write(packets, done) {
      client.stream.write(packets, (error) => {
        if (!error) done?.();
      });
    },
    ping: () => client.sendPing(),
    pause() {
      isPaused = true;
    },
    resume,
    async end() {
      if (!isOver && !client.stream.destroyed) {
        isOver = true;
        // The end of what the broker sends is behind what was not read.
        resume();
        client.stream.write(DISCONNECT);
        client.stream.end();
      }
      await isClosed;
    },
    hangUp,
  };
}

/** The supervisor reconnects, the legs are the queue and pings are ours, so MQTT.js does none of it. */
function settingsOf(options: ConnectOptions): mqtt.IClientOptions {
  const { target, version, clientId, isClean, sessionExpiryMs, receiveMaximum, keepAliveMs, will } = options;
  const isFive = version === 5;
  return {
    protocol: target.isTls ? 'mqtts' : 'mqtt',
    host: target.host,
    port: target.port,
    ...(target.username !== undefined && { username: target.username }),
    ...(target.password !== undefined && { password: target.password }),
    clientId,
    clean: isClean,
    protocolVersion: isFive ? 5 : 4,
    keepalive: Math.ceil(keepAliveMs / 1_000),
    // Pings are sent by the heartbeat of session.ts: those of the library stop while messages come in.
    timerVariant: { set: () => 0, clear: () => undefined },
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    // The supervisor's deadline is the one there is.
    connectTimeout: LONGEST_TIMER_MS,
    outgoingStore: nothingKept(),
    messageIdProvider: createPacketIds(),
    log: () => undefined,
    ...(isFive && {
      properties: { receiveMaximum, sessionExpiryInterval: isClean ? 0 : secondsOf(sessionExpiryMs) },
    }),
    ...(will !== undefined && {
      will: {
        topic: will.topic,
        payload: Buffer.from(will.payload),
        qos: will.qos,
        retain: will.retain,
        ...(isFive && { properties: { willDelayInterval: secondsOf(will.delayMs) } }),
      },
    }),
  };
}

/** A store that keeps nothing: what is unconfirmed is in the legs, and is sent again by them. */
function nothingKept(): mqtt.IStore {
  const store: mqtt.IStore = {
    put(_packet, done) {
      done();
      return store;
    },
    createStream: () => Readable.from([]) as unknown as ReturnType<mqtt.IStore['createStream']>,
    del(_packet, done) {
      done();
      return store;
    },
    get(_packet, done) {
      done(new Error('nothing is kept here'));
      return store;
    },
    close: (done) => done(),
  };
  return store;
}

function receive(packet: mqtt.Packet, options: ConnectOptions): void {
  options.onHeard();
  switch (packet.cmd) {
    case 'connack':
      if ((packet.reasonCode ?? packet.returnCode ?? 0) === 0) options.onSession(packet.sessionPresent);
      break;
    case 'publish': {
      const { topic, payload, qos, retain, dup, messageId = 0, properties } = packet;
      packet.qos = 0;
      options.onMessage({
        topic,
        payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
        qos,
        isRetained: retain,
        isDuplicate: dup,
        packetId: qos === 0 ? 0 : messageId,
        properties,
      });
      break;
    }
    case 'pubrel':
      if (packet.messageId !== undefined) options.onReleased(packet.messageId);
      break;
    default:
  }
}

function subscribe(
  client: mqtt.MqttClient,
  { filters, retained }: Subscriptions,
  qos: QoS,
  target: Target,
): Promise<void> {
  const rh = { always: 0, new: 1, never: 2 }[retained];
  const wanted: mqtt.ISubscriptionMap = Object.fromEntries(filters.map(({ text }) => [text, { qos, rh }]));
  const names = Object.keys(wanted);
  return new Promise((resolve, reject) => {
    client.subscribe(wanted, (error, _subscriptions, packet) => {
      const granted = (packet?.granted ?? []).map(Number);
      // Less than was asked for would lose what the configuration promises to keep.
      const place = granted.findIndex((code) => code > 2 || code < qos);
      const code = granted[place];
      if (error === null && code === undefined) return resolve();
      const name = code === undefined ? 'to its topics' : `to ${names[place]}`;
      const why =
        code === undefined
          ? (error?.message ?? 'the broker gave no reason')
          : code > 2
            ? reasonText(code)
            : `the broker grants QoS ${code} at most: write qos: ${code}`;
      reject(new AraldoError('connect-failed', `could not subscribe ${name} at ${target.address}: ${why}`));
    });
  });
}

function limitsOf(properties: mqtt.IConnackPacket['properties'] = {}): Limits {
  const {
    receiveMaximum,
    maximumPacketSize,
    maximumQoS,
    retainAvailable = true,
    serverKeepAlive,
  } = properties;
  return {
    receiveMaximum,
    maximumPacketSize,
    maximumQos: maximumQoS,
    takesRetained: retainAvailable,
    // 0: it does not ask for pings.
    keepAliveMs: serverKeepAlive === undefined || serverKeepAlive === 0 ? undefined : serverKeepAlive * 1_000,
  };
}

function secondsOf(ms: number): number {
  return Math.ceil(ms / 1_000);
}
