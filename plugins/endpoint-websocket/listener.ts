/** The transport: admits peers, hands over what they send, and ends them. */
import type { SchedulerLike } from 'rxjs';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Lane } from '../../src/core/lane.ts';
import type { Log } from '../../src/core/log.ts';
import type { Message } from '../../src/core/message.ts';
import type { Sender } from '../../src/core/sink.ts';
import type { PeerCounts, Port, Transport } from '../../src/core/transport.ts';
import type { Wire } from '../../src/core/wire.ts';
import type { HttpHost, Upgrade } from '../../src/http/host.ts';
import { isOriginAllowed } from '../../src/options/origins.ts';
import type { Asks } from '../../src/replies/option.ts';
import { createRequests, type Requests } from '../../src/replies/requests.ts';
import { createAudience, type Reach } from './audience.ts';
import { type BroadcastOptions, createBroadcast } from './broadcast.ts';
import { readFrames } from './frame-reader.ts';
import { Peer } from './peer.ts';
import { createPulse } from './pulse.ts';

/** Sizes are in bytes. */
export interface ListenerOptions
  extends Pick<BroadcastOptions, 'frames' | 'echo' | 'holdsWhenEmpty' | 'peer' | 'allBuffers'> {
  /** A URLPattern pathname. */
  readonly path: string;
  readonly origins: readonly string[] | undefined;
  readonly hosts: readonly string[];
  readonly maxPayload: number;
  readonly pingMs: number;
  readonly pongMs: number;
  readonly reach: Reach;
  /** Messages of peers are requests that wait for answers, so long and so many. `reach` is `peer` then. */
  readonly asks: Asks | undefined;
}

export interface ListenerContext {
  readonly name: string;
  readonly instance: string;
  readonly scheduler: SchedulerLike;
  readonly log: Log;
  readonly http: HttpHost;
}

const MAX_FRAGMENTS = 1024;
const CLOSE_TIMEOUT_MS = 5_000;
/** Refused origins are logged once each; so many are remembered. */
const MAX_LOGGED_ORIGINS = 100;
/** Refusals of other kinds are logged at most this often. */
const LOG_EVERY_MS = 1_000;

/** One peer may take up a tenth of the requests that may wait, and so many in any case. */
const SMALLEST_SHARE = 16;

const GOING_AWAY = 1001;
const TRY_LATER = 1013;

/** How `ws` names the errors that a peer's bytes can cause, and the reason we count them by. */
const refusals: Readonly<Record<string, string>> = {
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 'too-big',
  WS_ERR_INVALID_UTF8: 'invalid-utf8',
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 'too-many-fragments',
};

export function createListener(options: ListenerOptions, context: ListenerContext, port: Port): Transport {
  const { scheduler, log, name } = context;
  const audience = createAudience(options.reach);
  const byLane = new Map<Lane, Peer>();
  const { asks } = options;
  const maxOfOne = Math.max(SMALLEST_SHARE, Math.ceil((asks?.max ?? 0) / 10));
  const requests = asks && createRequests<Peer>({ scheduler, ...asks, maxOfOne });
  const refused: Record<string, number> = {};
  const loggedOrigins = new Set<string>();
  let loggedAt = Number.NEGATIVE_INFINITY;
  let peerCount = 0;
  let isDraining = false;
  let giveBack: (() => void) | undefined;

  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: options.maxPayload,
    maxFragments: MAX_FRAGMENTS,
  });

  const broadcast = createBroadcast({
    ...options,
    // An answer to the one who asked is meant for the one it came from.
    echo: options.echo || options.reach === 'peer',
    scheduler,
    peers: audience.peers,
    roomOf: (message) => audience.roomOf(message),
    senderOf: (message) => audience.peerNamed(message.meta.peer),
    onWritable: () => port.writable(),
    disconnect: (peer, reason) => end(peer, TRY_LATER, reason),
  });

  const pulse = createPulse({
    pingMs: options.pingMs,
    pongMs: options.pongMs,
    scheduler,
    peers: audience.peers,
    onSilent(peer) {
      count('no-pong');
      peer.webSocket.terminate();
    },
  });

  const count = (reason: string): void => {
    refused[reason] = (refused[reason] ?? 0) + 1;
  };

  const logRefusal = (fields: object, text: string): void => {
    const now = scheduler.now();
    if (now - loggedAt < LOG_EVERY_MS) return;
    loggedAt = now;
    log.warn({ endpoint: name, ...fields }, text);
  };

  /** Ends a peer with a reason it can read; one that does not even take that is cut off. */
  const end = (peer: Peer, code: number, reason: string): void => {
    count(reason);
    logRefusal({ peer: peer.id, reason }, 'a peer was disconnected');
    leave(peer);
    peer.webSocket.close(code, reason);
    const cutOff = scheduler.schedule(() => peer.webSocket.terminate(), CLOSE_TIMEOUT_MS);
    peer.webSocket.once('close', () => cutOff.unsubscribe());
  };

  const leave = (peer: Peer): void => {
    if (!audience.peers.has(peer)) return;
    audience.leave(peer);
    broadcast.forget(peer);
    requests?.forgetAll(peer);
    byLane.delete(peer.lane);
    peer.lane.close();
  };

  const onUpgrade = (upgrade: Upgrade): void => {
    if (isDraining) {
      upgrade.refuse(503, 'the server is stopping', { 'Retry-After': '5' });
      return;
    }
    if (!isOriginAllowed(upgrade.request, options.origins)) {
      refuseOrigin(upgrade);
      return;
    }
    server.handleUpgrade(upgrade.request, upgrade.socket, upgrade.head, (webSocket) =>
      welcome(webSocket, upgrade),
    );
  };

  const refuseOrigin = (upgrade: Upgrade): void => {
    count('origin');
    const origin = upgrade.request.headers.origin ?? '';
    if (!loggedOrigins.has(origin) && loggedOrigins.size < MAX_LOGGED_ORIGINS) {
      loggedOrigins.add(origin);
      const cure = `origins: [${JSON.stringify(origin)}]`;
      log.warn({ endpoint: name, origin }, `a page of another origin was refused; to admit it: ${cure}`);
    }
    upgrade.refuse(403, 'this origin may not connect here');
  };

  const welcome = (webSocket: WebSocket, upgrade: Upgrade): void => {
    peerCount += 1;
    const id = `${context.instance}.${name}.${peerCount}`;
    const { params } = upgrade;
    const hasParams = Object.keys(params).length > 0;
    const lane = port.source.lane({
      name: id,
      // Shared by all messages of the peer.
      meta: Object.freeze({ endpoint: name, lane: id, peer: id, ...(hasParams ? { params } : {}) }),
    });
    const room = audience.roomFor(params);
    const peer = new Peer({ id, webSocket, socket: upgrade.socket, lane, room });
    peer.lastPingAt = scheduler.now();
    byLane.set(lane, peer);
    audience.join(peer);
    broadcast.joined(peer);

    readFrames(webSocket, upgrade.socket, {
      maxPayload: options.maxPayload,
      onMessage:
        requests === undefined ? (wire) => lane.receiveBytes(wire) : (wire) => ask(peer, wire, requests),
      // Otherwise `ws` would close the socket before the end of the turn, and before the last answers.
      onEnding: () => broadcast.flush(),
    });
    webSocket.on('pong', () => {
      peer.pingedAt = undefined;
    });
    webSocket.on('close', () => leave(peer));
    // The connection closes after it: with 1009 for too big a message, 1007 for bad UTF-8, 1002 otherwise.
    webSocket.on('error', (error: Error & { code?: string }) => {
      const reason = refusals[error.code ?? ''] ?? (error.code?.startsWith('WS_ERR') ? 'protocol' : 'socket');
      count(reason);
      logRefusal({ peer: id, reason }, `a peer failed: ${error.message}`);
    });
  };

  /** A peer that asks too much is not held: what it sends beyond is turned away, and counted. */
  const ask = (peer: Peer, wire: Wire, table: Requests<Peer>): void => {
    if (table.isFullFor(peer)) table.refuse();
    else peer.lane.receiveBytes(wire, { ...peer.lane.meta, correlationId: table.ask(peer, undefined) });
  };

  /** Only the peer that asked gets it, whatever the message says of peers. */
  const answer = (message: Message, ticket: number, sender: Sender, table: Requests<Peer>): boolean => {
    const asked = table.take(message, sender);
    if (typeof asked !== 'string')
      return broadcast.write(message.withMeta({ ...message.meta, peer: asked.way.id }), ticket, sender);
    sender.dismiss(ticket, asked);
    return false;
  };

  return {
    open() {
      isDraining = false;
      giveBack = context.http.onUpgrade(options.path, onUpgrade, { hosts: options.hosts });
      pulse.start();
    },
    pause: (lane) => byLane.get(lane)?.webSocket.pause(),
    resume: (lane) => byLane.get(lane)?.webSocket.resume(),
    isWritable: (sender) => broadcast.isWritable(sender),
    write:
      requests === undefined
        ? broadcast.write
        : (message, ticket, sender) => answer(message, ticket, sender, requests),
    ...(requests !== undefined && {
      requests,
      settled(_lane, root, status) {
        // No answer will come.
        if (status !== 'ack') requests.forget(root.meta.correlationId);
      },
    }),
    async flush() {
      broadcast.flush();
      await Promise.all([...audience.peers].map((peer) => emptied(peer)));
    },
    drain() {
      isDraining = true;
    },
    async close() {
      giveBack?.();
      giveBack = undefined;
      pulse.stop();
      requests?.clear();
      await Promise.all([...audience.peers].map((peer) => goodbye(peer)));
    },
    peers(): PeerCounts {
      let lagging = 0;
      let buffered = 0;
      for (const peer of audience.peers) {
        if (peer.isLagging) lagging += 1;
        buffered += peer.buffered;
      }
      return { connected: audience.peers.size, lagging, buffered, lost: broadcast.lost, refused };
    },
  };

  /** Resolves when the peer has taken everything, or is gone. The caller has the deadline. */
  function emptied(peer: Peer): Promise<void> {
    if (peer.buffered === 0) return Promise.resolve();
    return new Promise((resolve) => {
      peer.webSocket.once('close', () => resolve());
      peer.onEmpty = resolve;
    });
  }

  function goodbye(peer: Peer): Promise<void> {
    return new Promise((resolve) => {
      peer.webSocket.once('close', () => {
        cutOff.unsubscribe();
        resolve();
      });
      peer.webSocket.resume();
      peer.webSocket.close(GOING_AWAY, 'the server is stopping');
      const cutOff = scheduler.schedule(() => peer.webSocket.terminate(), CLOSE_TIMEOUT_MS);
    });
  }
}
