/** A TCP proxy that does to connections what networks do: a test stands it between a relay and a broker. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { type Toxics, toxicPipe } from './toxic-pipe.ts';

export interface FaultProxyOptions {
  /** What it stands in front of. */
  readonly to: { readonly host?: string; readonly port: number };
  /** Where it listens: on loopback, on any free port unless given. */
  readonly port?: number;
  /** From [0, 1): the jitter. `Math.random` unless given. */
  readonly random?: () => number;
}

/** `up` is what clients send, `down` what comes back to them. */
export type Direction = 'up' | 'down' | 'both';

export interface FaultProxy {
  readonly host: string;
  readonly port: number;
  /** How many clients are connected. */
  readonly connections: number;
  /** How many clients have ever connected. */
  readonly accepted: number;
  /** From now on this is done to all connections, those that are open too, in place of what was done before. */
  set(toxics: Toxics, direction?: Direction): void;
  /** Nothing is done to them any more. What was swallowed stays lost. */
  clear(): void;
  /** Refuses connections, and cuts those that are open. */
  down(): Promise<void>;
  /** Accepts them again, on the same port. */
  up(): Promise<void>;
  /** Cuts all connections with a reset, as a machine that lost its memory. */
  reset(): void;
  /** Ends it, with all connections. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';

/** More clients than a test has; beyond, connections are refused. */
const MOST_CONNECTIONS = 1_024;

/**
 * Starts a proxy in front of a server. Rejects when its port is taken.
 *
 * | fault | |
 * |---|---|
 * | latency, jitter | `set({ latency: { ms: 200, jitterMs: 50 } })` |
 * | bandwidth | `set({ bandwidth: { bytesPerSecond: 10_000 } })` |
 * | slicer | `set({ slice: { bytes: 1, pauseMs: 1 } })` |
 * | data limit | `set({ limit: { bytes: 100 } })` |
 * | slow close | `set({ slowClose: { ms: 5_000 } })` |
 * | time-out, half-open | `set({ silence: true })`, or one direction of it |
 * | reset | `reset()` |
 * | down | `down()`, `up()` |
 *
 * @example
 * const proxy = await faultProxy({ to: { port: 6379 } });
 * const server = await startServer({ plugins: [{ name: 'r', id: 'endpoint-redis', url: `redis://127.0.0.1:${proxy.port}` }] });
 * proxy.set({ silence: true });
 */
export async function faultProxy({ to, port = 0, random }: FaultProxyOptions): Promise<FaultProxy> {
  const toxics: { up: Toxics; down: Toxics } = { up: {}, down: {} };
  const open = new Set<{ readonly client: Socket; readonly server: Socket }>();

  let accepted = 0;

  const accept = (client: Socket): void => {
    accepted += 1;
    if (open.size >= MOST_CONNECTIONS) {
      client.destroy();
      return;
    }
    // Half-open sockets stay so: the end of one direction is passed on by its pipe, when it is.
    const server = connect({ host: to.host ?? HOST, port: to.port, allowHalfOpen: true });
    const pair = { client, server };
    open.add(pair);
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('close', () => {
        if (client.destroyed && server.destroyed) open.delete(pair);
      });
    }
    toxicPipe(client, server, () => toxics.up, random);
    toxicPipe(server, client, () => toxics.down, random);
  };

  let listener = await listen(port, accept);
  const own = (listener.address() as AddressInfo).port;

  const cut = (how: (socket: Socket) => void): void => {
    for (const { client, server } of open) {
      how(client);
      how(server);
    }
    open.clear();
  };
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => listener.close(() => resolve()));
    cut((socket) => socket.destroy());
    await closed;
  };

  return {
    host: HOST,
    port: own,
    get connections() {
      return open.size;
    },
    get accepted() {
      return accepted;
    },
    set(given, direction = 'both') {
      if (direction !== 'down') toxics.up = given;
      if (direction !== 'up') toxics.down = given;
    },
    clear() {
      toxics.up = {};
      toxics.down = {};
    },
    down: close,
    async up() {
      if (!listener.listening) listener = await listen(own, accept);
    },
    reset: () => cut((socket) => socket.resetAndDestroy()),
    stop: close,
  };
}

function listen(port: number, accept: (client: Socket) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer({ allowHalfOpen: true }, accept);
    server.once('error', reject);
    server.listen(port, HOST, () => resolve(server));
  });
}
