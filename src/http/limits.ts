/** How much one caller, and all of them, may ask of the HTTP server before any endpoint sees them. */

export interface HttpLimits {
  /** The bytes of a request's path, header names and header values together must be fewer than this. */
  readonly headerBytes: number;
  readonly headerCount: number;
  /** From the connection, or the end of the request before, to the last header. */
  readonly headersTimeoutMs: number;
  /** From the first byte of a request to the last of its body. */
  readonly requestTimeoutMs: number;
  readonly connections: number;
  /** Of one remote address; loopback is exempt. */
  readonly connectionsPerAddress: number;
  /** Loopback is exempt. */
  readonly acceptsPerSecond: number;
  /** How long a connection too many waits for a place before it is refused. */
  readonly acceptPatienceMs: number;
  /** How many connections may wait for a place. */
  readonly waiting: number;
  /** How long `close` waits for what is being answered. */
  readonly closeMs: number;
}

export const defaultLimits: HttpLimits = {
  headerBytes: 8 * 1024,
  headerCount: 64,
  headersTimeoutMs: 5_000,
  requestTimeoutMs: 30_000,
  connections: 16_384,
  connectionsPerAddress: 1_000,
  acceptsPerSecond: 500,
  acceptPatienceMs: 5_000,
  // More than are accepted during the patience of one could not be served in any case.
  waiting: 2_500,
  closeMs: 5_000,
};

/**
 * The limits that fit into the file descriptors of the process. Without descriptors the kernel's connections
 * could be neither kept nor answered, and the endpoints' own files and connections would fail as well: an
 * eighth, 8,192 at most, is left to those and to the connections that wait.
 */
export function withinDescriptors(limits: HttpLimits, descriptors: number | undefined): HttpLimits {
  if (descriptors === undefined) return limits;
  const reserve = Math.min(8_192, Math.max(32, Math.floor(descriptors / 8)));
  return {
    ...limits,
    connections: Math.min(limits.connections, Math.max(1, descriptors - reserve)),
    waiting: Math.min(limits.waiting, reserve >> 1),
  };
}
