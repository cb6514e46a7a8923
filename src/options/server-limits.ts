/** How much callers of the server may ask of it, and how long it waits for them: one declaration of it all. */
import { z } from 'zod';
import { duration } from './duration.ts';
import { size } from './size.ts';

export interface ServerLimits {
  readonly connections: number;
  /** Of one remote address; loopback is exempt. */
  readonly connectionsPerAddress: number;
  /** Loopback is exempt. */
  readonly acceptsPerSecond: number;
  /** How long a connection too many waits for a place before it is refused. */
  readonly acceptPatienceMs: number;
  /** How many connections may wait for a place. */
  readonly waiting: number;
  /** From the connection to the end of the TLS handshake. */
  readonly handshakeTimeoutMs: number;
  /** From the connection, its handshake, or the end of the request before, to the last header. */
  readonly headersTimeoutMs: number;
  /** From the first byte of a request to the last of its body. */
  readonly requestTimeoutMs: number;
  /** The bytes of a request's path, header names and header values together must be fewer than this. */
  readonly headerBytes: number;
  readonly headerCount: number;
  /** How long the end of the server waits for what is here to be carried through. */
  readonly drainMs: number;
  /** How long it waits then for what is being answered. */
  readonly closeMs: number;
  /** How long a source may be held, or a step keep a message, before the log says so. */
  readonly watchdogMs: number;
}

const count = (max: number): z.ZodInt => z.int().min(1).max(max);

/** Shorter ones would refuse people whose network is slow, and have the server look at little else. */
const timeout = (): ReturnType<typeof duration> => duration({ min: 100 });

/**
 * The type of `server-limits`; made once, because making it costs more than what it reads.
 *
 * @example
 * serverLimits.parse({ 'headers-timeout': '2s' }).headersTimeoutMs // 2000
 */
export const serverLimits: z.ZodType<ServerLimits, unknown> = z
  .strictObject({
    connections: count(1_048_576).default(16_384).describe('Connections in all.'),
    'connections-per-address': count(1_048_576)
      .default(1_000)
      .describe('Connections of one remote address; loopback is exempt.'),
    'accepts-per-second': count(1_000_000)
      .default(500)
      .describe('Connections accepted in a second; loopback is exempt.'),
    'accept-patience': duration()
      .default(5_000)
      .describe('How long a connection too many waits for a place before it is refused.'),
    // More than are accepted during the patience of one could not be served in any case.
    waiting: count(1_048_576).default(2_500).describe('Connections that may wait for a place.'),
    'handshake-timeout': timeout()
      .default(5_000)
      .describe('From the connection to the end of its handshake.'),
    'headers-timeout': timeout().default(5_000).describe('From there to the last header of a request.'),
    'request-timeout': timeout()
      .default(30_000)
      .describe('From the first byte of a request to the last of its body.'),
    'header-bytes': size({ min: 1024, max: 1024 * 1024 })
      .default(8 * 1024)
      .describe('Path, header names and values of a request together are smaller than this.'),
    'header-count': count(1_000).default(64).describe('Headers of a request.'),
    'drain-timeout': duration()
      .default(10_000)
      .describe('How long the end of the server waits for what is here to be carried through.'),
    'close-timeout': duration().default(5_000).describe('How long it waits then for what is being answered.'),
    watchdog: timeout()
      .default(30_000)
      .describe('How long a source may be held, or a step keep a message, before the log says so.'),
  })
  .prefault({})
  .transform((value) => ({
    connections: value.connections,
    connectionsPerAddress: value['connections-per-address'],
    acceptsPerSecond: value['accepts-per-second'],
    acceptPatienceMs: value['accept-patience'],
    waiting: value.waiting,
    handshakeTimeoutMs: value['handshake-timeout'],
    headersTimeoutMs: value['headers-timeout'],
    requestTimeoutMs: value['request-timeout'],
    headerBytes: value['header-bytes'],
    headerCount: value['header-count'],
    drainMs: value['drain-timeout'],
    closeMs: value['close-timeout'],
    watchdogMs: value.watchdog,
  }));

export const defaultServerLimits: ServerLimits = serverLimits.parse({});
