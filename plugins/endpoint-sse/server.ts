/** The serving half: peers ask for a stream, and get every message that is for them as an event. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SchedulerLike, Subscription } from 'rxjs';
import type { Message } from '../../src/core/message.ts';
import { outgoingWire } from '../../src/core/outgoing.ts';
import type { Sender } from '../../src/core/sink.ts';
import type { PeerCounts, Transport } from '../../src/core/transport.ts';
import type { HttpHost } from '../../src/http/host.ts';
import { crossOriginHeaders, isOriginAllowed } from '../../src/options/origins.ts';
import { encodeEvent, eventId, lostEvent, numberOf, type StreamEvent } from './event.ts';
import { createHistory } from './history.ts';
import { createPeer, type Peer, type PeerOverflow } from './peer.ts';

/** Sizes are in bytes. */
export interface ServerOptions {
  /** A URLPattern pathname. */
  readonly path: string;
  readonly origins: readonly string[] | undefined;
  readonly reach: 'all' | 'room';
  /** The type of every event; `message` unless given. */
  readonly event: string | undefined;
  /** How long a browser is to wait before it comes back. */
  readonly retryMs: number;
  readonly keepAliveMs: number;
  readonly history: { readonly messages: number; readonly bytes: number };
  readonly peer: { readonly overflow: PeerOverflow; readonly buffer: number };
  readonly allBuffers: number;
}

export interface ServerContext {
  readonly instance: string;
  readonly scheduler: SchedulerLike;
  readonly http: HttpHost;
}

type Params = Readonly<Record<string, string>>;

const keepAlive = Buffer.from(':\n\n');

export function createServer(options: ServerOptions, context: ServerContext): Transport {
  const { scheduler, instance } = context;
  const history = createHistory(options.history);
  const peers = new Set<Peer>();
  /** The peers of each room; a room goes with its last one. */
  const rooms = new Map<string, Set<Peer>>();
  const refused: Record<string, number> = {};
  const lost: Record<string, number> = {};
  /** The last ticket of each sender this turn: all is with the peers, and is told at the end of it. */
  const tickets = new Map<Sender, number>();
  let isScheduled = false;
  let newest = 0;
  let isStopping = false;
  let timer: Subscription | undefined;
  let giveBack: (() => void) | undefined;

  const count = (counts: Record<string, number>, reason: string, messages = 1): void => {
    counts[reason] = (counts[reason] ?? 0) + messages;
  };

  const onRequest = (request: IncomingMessage, response: ServerResponse, params: Params): void => {
    request.on('error', gone);
    response.on('error', gone);
    const refuse = (status: number, text: string, headers: Params = {}): void => {
      count(refused, reasons[status] ?? 'refused');
      response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers });
      response.end(`${text}\n`);
    };
    if (request.method !== 'GET')
      return refuse(405, 'this path is a stream of events: GET it', { allow: 'GET' });
    if (!isOriginAllowed(request, options.origins)) return refuse(403, 'this origin may not listen here');
    if (isStopping) return refuse(503, 'the server is stopping', { 'retry-after': '5' });
    welcome(request, response, params);
  };

  const welcome = (request: IncomingMessage, response: ServerResponse, params: Params): void => {
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      // Proxies that gather an answer before they pass it on would keep the events.
      'x-accel-buffering': 'no',
      ...crossOriginHeaders(request),
    });
    const peer = createPeer({
      response,
      room: options.reach === 'all' ? '' : roomKey(params),
      most: options.peer.buffer,
      overflow: options.peer.overflow,
      onTooSlow(slow) {
        count(refused, 'too-slow');
        leave(slow);
      },
      onLost: (messages) => count(lost, options.peer.overflow, messages),
    });
    response.once('close', () => leave(peer));
    response.write(`retry: ${options.retryMs}\n\n`);
    const lastId = request.headers['last-event-id'];
    if (typeof lastId === 'string' && lastId !== '') resume(peer, lastId);
    peers.add(peer);
    let room = rooms.get(peer.room);
    if (room === undefined) {
      room = new Set();
      rooms.set(peer.room, room);
    }
    room.add(peer);
  };

  /** What a run before this one sent is not known here; all of this one is then new to the peer. */
  const resume = (peer: Peer, lastId: string): void => {
    const number = numberOf(lastId, instance) ?? 0;
    const { events, forgotten } = history.after(number, peer.room);
    const missed = events.map(({ bytes }) => bytes);
    peer.replay(forgotten > 0 ? [lostEvent(forgotten), ...missed] : missed);
  };

  const leave = (peer: Peer): void => {
    if (!peers.delete(peer)) return;
    const room = rooms.get(peer.room);
    room?.delete(peer);
    if (room?.size === 0) rooms.delete(peer.room);
  };

  const write = (message: Message, ticket: number, sender: Sender): boolean => {
    const room = options.reach === 'all' ? '' : roomKey(message.meta.params ?? {});
    const id = eventId(instance, newest + 1);
    const bytes = encodeEvent(outgoingWire(message).bytes, id, options.event);
    newest += 1;
    const event: StreamEvent = { number: newest, room, bytes };
    history.add(event);
    const reached = rooms.get(room);
    if (reached === undefined) {
      sender.dismiss(ticket, 'no-peer');
      return false;
    }
    for (const peer of reached) peer.send(bytes);
    tickets.set(sender, ticket);
    schedule();
    return false;
  };

  const schedule = (): void => {
    if (isScheduled) return;
    isScheduled = true;
    scheduler.schedule(confirm);
  };

  const confirm = (): void => {
    isScheduled = false;
    boundAll();
    const confirmed = [...tickets];
    tickets.clear();
    for (const [sender, ticket] of confirmed) sender.confirmThrough(ticket);
  };

  /** All peers' buffers together are bounded; the one that lags most goes first. */
  const boundAll = (): void => {
    if (peers.size * (options.peer.buffer + options.history.bytes) <= options.allBuffers) return;
    let all = 0;
    for (const { buffered } of peers) all += buffered;
    if (all <= options.allBuffers) return;
    for (const peer of [...peers].toSorted((one, other) => other.buffered - one.buffered)) {
      if (all <= options.allBuffers) return;
      all -= peer.buffered;
      count(refused, 'all-buffers-full');
      leave(peer);
      peer.cut();
    }
  };

  const tick = (): void => {
    for (const peer of peers) peer.nudge(keepAlive);
    timer = scheduler.schedule(tick, options.keepAliveMs);
  };

  return {
    open() {
      isStopping = false;
      giveBack = context.http.onRequest(options.path, onRequest);
      timer = scheduler.schedule(tick, options.keepAliveMs);
    },
    isWritable: () => true,
    write,
    async flush() {
      confirm();
      await Promise.all([...peers].map((peer) => peer.emptied()));
    },
    drain() {
      isStopping = true;
    },
    close() {
      giveBack?.();
      giveBack = undefined;
      timer?.unsubscribe();
      for (const peer of peers) peer.end();
      peers.clear();
      rooms.clear();
      tickets.clear();
    },
    peers(): PeerCounts {
      let lagging = 0;
      let buffered = 0;
      for (const peer of peers) {
        if (peer.isLagging) lagging += 1;
        buffered += peer.buffered;
      }
      return { connected: peers.size, lagging, buffered, lost, refused };
    },
  };
}

/** What refused requests are counted by. */
const reasons: Readonly<Record<number, string>> = { 403: 'origin', 405: 'method', 503: 'stopping' };

function gone(): void {
  // A peer that hangs up is seen by 'close'.
}

/** Equal for equal parameters, whatever the order of their names. */
function roomKey(params: Params): string {
  return JSON.stringify(Object.entries(params).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}
