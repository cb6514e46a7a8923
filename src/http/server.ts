/** The one HTTP server: its port, who gets in, and which handler answers what. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createAcceptor, type Socket } from 'node:net';
import { asyncScheduler, type SchedulerLike } from 'rxjs';
import type { Log } from '../core/log.ts';
import type { ServerTls } from '../options/server-tls.ts';
import type { AskReload } from './admin-reload.ts';
import { createAdmission } from './admission.ts';
import { answerSocket, answerText, type Refusal } from './answer.ts';
import { createCertificates } from './certificates.ts';
import { descriptorLimit } from './descriptors.ts';
import { createDispatch } from './dispatch.ts';
import { createHandshakes } from './handshakes.ts';
import type { HttpHost, RequestHandler, UpgradeHandler } from './host.ts';
import { createHostCheck } from './host-check.ts';
import { inspect } from './inspect.ts';
import { defaultLimits, type HttpLimits, withinDescriptors } from './limits.ts';
import { type Address, listen } from './listen.ts';
import type { ConnectionCounts } from './metrics-families.ts';
import { createServer as createProtocol } from './node-http.ts';
import { createOwnPaths } from './own-paths.ts';
import { createRouter } from './router.ts';
import type { Status } from './status.ts';

export interface HttpServerOptions {
  /** `server-host`. */
  readonly host: string;
  /** `server-port`; 0 is any free port. */
  readonly port: number;
  /** `hosts`: Host headers to admit besides loopback's. */
  readonly hosts: readonly string[];
  /** `server-tls`, with paths from the root; plain HTTP unless given. */
  readonly tls?: ServerTls | undefined;
  /** What the pages of the server show. */
  readonly status: Status;
  /** What `araldo reload` asks for; nobody can where it is absent. */
  readonly reload?: AskReload;
  readonly log: Log;
  readonly limits?: Partial<HttpLimits>;
  /** Whether there is too little memory for new peers: upgrades are refused while it says so. */
  readonly isExhausted?: () => boolean;
  /** The clock of the admission of connections; real time unless given. */
  readonly scheduler?: SchedulerLike;
}

export interface HttpServer {
  /** What listening endpoints claim their paths from; before `listen` and after. */
  readonly host: HttpHost;
  /**
   * Opens the port. Rejects with an `AraldoError`: `port-in-use`, `listen-failed`, or what is wrong with the
   * certificate. Called once.
   */
  listen(): Promise<Address>;
  /**
   * Reads the files of the certificate again; new connections are met with it, open ones stay as they are.
   * Rejects with an `AraldoError` that says what is wrong with them, and then the one before stays in use.
   */
  reloadCertificates(): Promise<void>;
  /** Takes no new connection, and ends those on which nothing is asked. Idempotent. */
  stopAccepting(): void;
  /** The same; then waits for what is being answered or upgraded, and ends it after `closeMs`. */
  close(): Promise<void>;
  readonly connections: ConnectionCounts;
}

/** How often requests are looked at whose headers take too long. */
const CHECKS_PER_TIMEOUT = 5;

/**
 * @example
 * const tls = { cert: '/tls/cert.pem', key: '/tls/key.pem', clientCertificates: 'none', minVersion: 'TLSv1.2' };
 * const server = createHttpServer({ host: '0.0.0.0', port: 8443, hosts: [], tls, status, log });
 * server.host.onUpgrade('/ws', ({ request, socket, head }) => …);
 * const { url } = await server.listen();
 */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { host, port, tls, log, scheduler = asyncScheduler } = options;
  const asked: HttpLimits = { ...defaultLimits, ...options.limits };
  const limits = withinDescriptors(asked, descriptorLimit());
  const upgrades = createRouter<UpgradeHandler>();
  const requests = createRouter<RequestHandler>();
  const rules = { headerCount: limits.headerCount, checkHost: createHostCheck(options) };
  const hostsOf = (pathname: string): readonly string[] => upgrades.find(pathname)?.hosts ?? [];
  /** Requests being answered on each admitted connection, and upgrades; an entry goes with the last of them. */
  const busy = new Map<Socket, number>();
  let isStopping = false;

  const protocol = createProtocol({
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: Math.max(limits.requestTimeoutMs, limits.headersTimeoutMs),
    connectionsCheckingInterval: Math.ceil(limits.headersTimeoutMs / CHECKS_PER_TIMEOUT),
    // Other protocols are offered (h2c, by some clients with every request), and need not be taken.
    shouldUpgradeCallback: isWebSocket,
  });
  // Headers are counted for real, in `inspect`: node:http would drop those beyond its maximum silently.
  protocol.maxHeadersCount = 0;

  const speak = (socket: Socket): void => {
    protocol.emit('connection', socket);
    socket.resume();
  };
  const handshakes =
    tls &&
    createHandshakes({ ...tls, timeoutMs: limits.handshakeTimeoutMs, scheduler, log, onSecure: speak });
  const certificates =
    tls && createCertificates({ tls, scheduler, log, onGood: (identity) => handshakes?.use(identity) });
  const carrierOf = (socket: Socket): Socket => handshakes?.carrierOf(socket) ?? socket;

  const admission = createAdmission({
    limits,
    scheduler,
    admit: (socket) => (handshakes === undefined ? speak(socket) : handshakes.begin(socket)),
    // An answer within TLS would cost the handshake that is to be spared.
    ...(tls !== undefined && { turnAway: (socket: Socket) => void socket.destroy() }),
  });
  // Accepts before anybody reads: what waits for a place has cost no buffer.
  const acceptor = createAcceptor({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, (socket) =>
    admission.arrive(socket),
  );

  const dispatch = createDispatch({
    own: createOwnPaths({
      host,
      status: options.status,
      upgrades,
      connections: counts(),
      reload: options.reload,
    }),
    upgrades,
    requests,
    log,
  });

  protocol.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    const carrier = carrierOf(socket);
    begin(carrier);
    response.once('close', () => {
      end(carrier);
      if (isStopping && !busy.has(carrier)) socket.destroySoon();
    });
    if (isStopping) response.setHeader('connection', 'close');
    const inspected = inspect(request, { ...rules, hostsOf: () => [] });
    if (inspected.refusal === undefined) dispatch.request(inspected.pathname, request, response);
    else answerText(response, { ...inspected.refusal, headers: { connection: 'close' } });
  });

  protocol.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const carrier = carrierOf(socket);
    begin(carrier);
    socket.once('close', () => end(carrier));
    const inspected = inspect(request, { ...rules, hostsOf });
    if (isStopping) answerSocket(socket, { status: 503, text: 'The server is going down.' });
    else if (options.isExhausted?.() === true) answerSocket(socket, exhausted);
    else if (inspected.refusal === undefined) dispatch.upgrade(inspected.pathname, { request, socket, head });
    else answerSocket(socket, inspected.refusal);
  });

  protocol.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // An answer may be half written: another one would be read as its rest.
    if (busy.has(carrierOf(socket))) socket.destroy();
    else answerSocket(socket, refusalOf(error, limits));
  });

  return {
    host: {
      onUpgrade: (pattern, handler, { hosts } = {}) => upgrades.claim(pattern, handler, hosts),
      onRequest: (pattern, handler) => requests.claim(pattern, handler),
    },
    async listen() {
      await certificates?.reload();
      const address = await listen(acceptor, { host, port, scheme: tls === undefined ? 'http' : 'https' });
      certificates?.watch();
      // Out of descriptors, or a connection gone before it was accepted: later ones are accepted again.
      acceptor.on('error', (error) => log.warn({ err: error }, 'a connection could not be accepted'));
      // Makes node:http look at what takes too long, as it does when it listens itself.
      protocol.emit('listening');
      if (limits.connections < asked.connections) {
        log.warn(
          { connections: limits.connections, wanted: asked.connections },
          'too few file descriptors for all connections: raise the limit (ulimit -n)',
        );
      }
      return address;
    },
    reloadCertificates: async () => certificates?.reload(),
    stopAccepting,
    close,
    connections: counts(),
  };

  function begin(carrier: Socket): void {
    busy.set(carrier, (busy.get(carrier) ?? 0) + 1);
  }

  function end(carrier: Socket): void {
    const left = (busy.get(carrier) ?? 0) - 1;
    if (left > 0) busy.set(carrier, left);
    else busy.delete(carrier);
  }

  function counts(): ConnectionCounts {
    return {
      get count() {
        return admission.open.size;
      },
      get waiting() {
        return admission.waiting;
      },
      get accepted() {
        return admission.accepted;
      },
      get refused() {
        return admission.refused;
      },
      get handshakesFailed() {
        return handshakes?.failed;
      },
      get certificateExpiresAt() {
        return certificates?.expiresAt;
      },
    };
  }

  function stopAccepting(): void {
    if (isStopping) return;
    isStopping = true;
    certificates?.stop();
    acceptor.close();
    admission.stop();
    for (const socket of admission.open) {
      if (!busy.has(socket)) socket.destroy();
    }
  }

  async function close(): Promise<void> {
    stopAccepting();
    const { promise, resolve } = Promise.withResolvers<void>();
    const whenGone = (): void => {
      if (admission.open.size === 0) resolve();
    };
    for (const socket of admission.open) socket.once('close', whenGone);
    whenGone();
    const deadline = setTimeout(() => {
      for (const socket of admission.open) socket.destroy();
    }, limits.closeMs);
    await promise;
    clearTimeout(deadline);
    // Ends the looking at what takes too long.
    protocol.close();
  }
}

const exhausted: Refusal = {
  status: 503,
  text: 'The server has too little memory for another peer.',
  headers: { 'retry-after': '5' },
};

function isWebSocket(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === 'websocket';
}

function refusalOf(error: NodeJS.ErrnoException, limits: HttpLimits): Refusal {
  switch (error.code ?? '') {
    case 'HPE_HEADER_OVERFLOW':
      return { status: 431, text: `The headers of a request may have ${limits.headerBytes} bytes.` };
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: 408, text: 'The request took too long to arrive.' };
    default:
      return { status: 400, text: 'This is no HTTP request.' };
  }
}
