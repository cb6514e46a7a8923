/** TLS between the admission of a connection and HTTP: whoever finishes the handshake in time goes on. */
import type { Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import type { SchedulerLike, Subscription } from 'rxjs';
import { deadline } from '../core/deadline.ts';
import type { Log } from '../core/log.ts';
import type { Identity } from '../options/identity.ts';
import type { ClientCertificates } from '../options/server-tls.ts';
import { answerSocket, type Refusal } from './answer.ts';
import type { Counts } from './status.ts';

export interface HandshakesOptions {
  readonly clientCertificates: ClientCertificates;
  /** From the connection to the end of its handshake. */
  readonly timeoutMs: number;
  readonly scheduler: SchedulerLike;
  readonly log: Log;
  /** Called once for each connection that has finished: what is read from it and written to it is clear text. */
  readonly onSecure: (socket: TLSSocket) => void;
}

export interface Handshakes {
  /** From now on connections are met as this one; before the first call none may begin. */
  use(identity: Identity): void;
  /** Takes a connection that nobody has read from yet. */
  begin(carrier: Socket): void;
  /** The connection below one that is secure; itself for any other. */
  carrierOf(socket: Socket): Socket;
  /** Connections that did not finish, by reason. */
  readonly failed: Counts;
}

type Reason =
  /** It spoke HTTP, or something else that is no TLS. */
  | 'plain-http'
  | 'no-tls'
  | 'timeout'
  /** It hung up on the way. */
  | 'hung-up'
  /** It showed no certificate, or one that none of our authorities has signed. */
  | 'client-certificate'
  /** No version, cipher or protocol in common, an alert, a certificate of ours that it does not trust. */
  | 'protocol';

interface Handshake {
  readonly carrier: Socket;
  readonly timeout: Subscription;
  /** The two ends, which no other open connection has. */
  readonly ends: string;
}

/** The first byte of a TLS record that begins a handshake (RFC 8446, section 5.1). */
const HANDSHAKE = 0x16;

/** Failures that traffic can cause are logged at most this often; the next line says how many were left out. */
const LOG_EVERY_MS = 1_000;

const plainHttp: Refusal = {
  status: 400,
  text: 'This port speaks TLS only: write https:// in place of http://, and wss:// in place of ws://.',
};

export function createHandshakes(options: HandshakesOptions): Handshakes {
  const { clientCertificates, timeoutMs, scheduler, log, onSecure } = options;
  /** Those that have begun TLS, by their ends; each goes when it is done or its connection is closed. */
  const underWay = new Map<string, Handshake>();
  const carriers = new WeakMap<Socket, Socket>();
  const failed: Record<string, number> = {};
  let loggedAt = Number.NEGATIVE_INFINITY;
  let suppressed = 0;

  const server = createServer({
    ALPNProtocols: ['http/1.1'],
    requestCert: clientCertificates !== 'none',
    // They are judged below, where it can be counted and said why.
    rejectUnauthorized: false,
  });

  server.on('secureConnection', (socket) => {
    const handshake = underWay.get(endsOf(socket));
    if (handshake === undefined) return void socket.destroy();
    const objection = objectionTo(socket, clientCertificates);
    if (objection !== undefined) {
      fail(handshake, 'client-certificate', objection);
      return;
    }
    finish(handshake);
    carriers.set(socket, handshake.carrier);
    onSecure(socket);
  });

  // Most come with a code of OpenSSL's: which alert, which version. The connection is destroyed after it.
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    const handshake = underWay.get(endsOf(socket));
    if (handshake === undefined) return;
    if (error.code === 'ECONNRESET') fail(handshake, 'hung-up');
    else fail(handshake, 'protocol', error.code ?? error.message);
  });

  return {
    use: ({ context }) => server.setSecureContext(context),
    begin,
    carrierOf: (socket) => carriers.get(socket) ?? socket,
    failed,
  };

  function begin(carrier: Socket): void {
    const handshake: Handshake = {
      carrier,
      timeout: deadline(scheduler, timeoutMs, () => fail(handshake, 'timeout')),
      ends: endsOf(carrier),
    };
    carrier.once('close', () => {
      if (underWay.get(handshake.ends) === handshake) fail(handshake, 'hung-up');
      handshake.timeout.unsubscribe();
    });
    // Whoever hangs up without a word has not failed: probes of load balancers do.
    carrier.once('end', () => carrier.destroy());
    look(handshake);
  }

  /** Waits for the first bytes: who says nothing, or nothing of TLS, costs none of its state. */
  function look(handshake: Handshake): void {
    const { carrier } = handshake;
    carrier.once('readable', () => {
      const first = carrier.read() as Buffer | null;
      if (first === null) return look(handshake);
      if (first[0] === HANDSHAKE) {
        carrier.unshift(first);
        underWay.set(handshake.ends, handshake);
        server.emit('connection', carrier);
      } else if (isLetter(first[0])) {
        finish(handshake);
        report('plain-http', carrier);
        answerSocket(carrier, plainHttp);
      } else {
        fail(handshake, 'no-tls');
      }
    });
  }

  function finish(handshake: Handshake): void {
    handshake.timeout.unsubscribe();
    underWay.delete(handshake.ends);
  }

  function fail(handshake: Handshake, reason: Reason, why?: string): void {
    finish(handshake);
    report(reason, handshake.carrier, why);
    handshake.carrier.destroy();
  }

  function report(reason: Reason, { remoteAddress }: Socket, why?: string): void {
    failed[reason] = (failed[reason] ?? 0) + 1;
    const now = scheduler.now();
    if (now - loggedAt < LOG_EVERY_MS) {
      suppressed += 1;
      return;
    }
    loggedAt = now;
    const fields = {
      reason,
      ...(why !== undefined && { why }),
      remoteAddress,
      ...(suppressed > 0 && { suppressed }),
    };
    suppressed = 0;
    log.warn(fields, 'a TLS handshake failed');
  }
}

function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}

/** Requests begin with a method, which is in capital letters. */
function isLetter(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x41 && byte <= 0x5a;
}

/** Why a client may not come in with the certificate that it has shown, or not shown. */
function objectionTo(socket: TLSSocket, asked: ClientCertificates): string | undefined {
  if (asked === 'none' || socket.authorized) return undefined;
  const hasNone = socket.getPeerX509Certificate() === undefined;
  if (hasNone) return asked === 'require' ? 'it showed no certificate' : undefined;
  return String(socket.authorizationError);
}
