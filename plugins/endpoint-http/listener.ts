/** The serving half: requests on a path become messages, and their senders are told what became of them. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { SchedulerLike } from 'rxjs';
import type { Lane } from '../../src/core/lane.ts';
import type { Meta, Status } from '../../src/core/message.ts';
import type { Port, Transport } from '../../src/core/transport.ts';
import type { HttpHost } from '../../src/http/host.ts';
import { formatDuration } from '../../src/options/duration.ts';
import { crossOriginHeaders, isOriginAllowed } from '../../src/options/origins.ts';
import type { Asks } from '../../src/replies/option.ts';
import type { Requests } from '../../src/replies/requests.ts';
import { answerJson, answerProblem, type Refusal, refuse } from './answer.ts';
import { type BodyRoom, linesOf, mediaType, readBody, wireOf } from './body.ts';
import type { Exchange, Exchanges } from './exchanges.ts';
import { answerFate, hasFailed, soon } from './fate.ts';
import { headerFilter, metaOf } from './headers.ts';
import { createTurnstile } from './turnstile.ts';

/** Sizes are in bytes. */
export interface ListenerOptions {
  /** A URLPattern pathname. */
  readonly path: string;
  readonly origins: readonly string[] | undefined;
  /** The headers that become `meta.headers`. */
  readonly acceptHeaders: readonly string[];
  /** Media types to take, `text/*` for all of a kind; any unless given. */
  readonly contentTypes: readonly string[] | undefined;
  readonly maxPayload: number;
  readonly maxBody: number;
  readonly allBodies: number;
  readonly maxMessages: number;
  readonly maxRequests: number;
  readonly patienceMs: number;
  readonly timeoutMs: number;
  /** What a request waits for, if anything; unless for an answer. */
  readonly awaits: 'nothing' | 'settlement';
  /** Requests wait for answers, so long and so many. */
  readonly asks: Asks | undefined;
}

export interface ListenerContext {
  readonly name: string;
  readonly instance: string;
  readonly scheduler: SchedulerLike;
  readonly http: HttpHost;
  readonly exchanges: Exchanges;
  /** Those that wait for answers, where they do. */
  readonly requests: Requests<Exchange> | undefined;
}

export interface Listener extends Required<Pick<Transport, 'drain' | 'settled' | 'explained'>> {
  open(): void;
  close(): void;
  readonly refused: Readonly<Record<string, number>>;
  readonly connected: number;
}

const METHODS = 'POST, PUT';
const isBatch = /^application\/(x-ndjson|jsonl)$/;

export function createListener(options: ListenerOptions, context: ListenerContext, port: Port): Listener {
  const { name, scheduler, exchanges, requests } = context;
  const isHeaderAllowed = headerFilter(options.acceptHeaders);
  const room: BodyRoom = { bytes: 0, most: options.allBodies };
  /** One for each connection that has sent something: the requests of one come in order. */
  const lanes = new Map<Socket, Lane>();
  const refused: Record<string, number> = {};
  let underWay = 0;
  let requestCount = 0;
  let isStopping = false;
  let giveBack: (() => void) | undefined;

  const turnstile = createTurnstile({
    scheduler,
    most: options.maxRequests,
    patienceMs: options.patienceMs,
    isOpen: (lane) => !isStopping && port.source.gate.isOpen && !lane.isOverShare && lane.stash.length === 0,
  });

  const onRequest = (
    request: IncomingMessage,
    response: ServerResponse,
    params: Readonly<Record<string, string>>,
  ): void => {
    request.on('error', gone);
    response.on('error', gone);
    if (isOriginAllowed(request, options.origins)) {
      for (const [header, value] of Object.entries(crossOriginHeaders(request)))
        response.setHeader(header, value);
    }
    if (request.method === 'OPTIONS' && isOriginAllowed(request, options.origins)) {
      return preflight(response);
    }
    const refusal = refusalOf(request);
    if (refusal !== undefined) return turnAway(request, response, refusal);
    underWay += 1;
    response.once('close', () => {
      underWay -= 1;
    });
    readBody(request, {
      most: isBatchOf(request) ? options.maxBody : options.maxPayload,
      room,
      done(body) {
        if (body === undefined) return;
        if (!Buffer.isBuffer(body)) return turnAway(request, response, body);
        arrive(request, response, params, body);
      },
    });
  };

  const refusalOf = (request: IncomingMessage): Refusal | undefined => {
    const { method, headers } = request;
    if (method !== 'POST' && method !== 'PUT') {
      return { status: 405, error: `this path takes ${METHODS}`, headers: { allow: METHODS } };
    }
    if (!isOriginAllowed(request, options.origins))
      return { status: 403, error: 'this origin may not send here' };
    const coding = headers['content-encoding'] ?? 'identity';
    if (coding !== 'identity') return { status: 415, error: 'expected a body without content-encoding' };
    if (!isTypeAllowed(headers['content-type'], options.contentTypes)) {
      return { status: 415, error: `expected a content-type of ${options.contentTypes?.join(', ')}` };
    }
    if (isStopping) return stopping;
    if (underWay >= options.maxRequests || !turnstile.hasRoom) return busy;
    return undefined;
  };

  const arrive = (
    request: IncomingMessage,
    response: ServerResponse,
    params: Readonly<Record<string, string>>,
    body: Buffer,
  ): void => {
    const leave = (): void => {
      room.bytes -= body.length;
    };
    const lines = isBatchOf(request)
      ? linesOf(body, { messages: options.maxMessages, payload: options.maxPayload })
      : [body];
    if (!isLines(lines)) {
      leave();
      return turnAway(request, response, lines);
    }
    turnstile.arrive({
      lane: laneOf(request.socket),
      isGone() {
        if (!response.destroyed) return false;
        leave();
        return true;
      },
      enter() {
        leave();
        enter(request, response, params, lines);
      },
      turnedAway() {
        leave();
        turnAway(request, response, isStopping ? stopping : busy);
      },
    });
  };

  const enter = (
    request: IncomingMessage,
    response: ServerResponse,
    params: Readonly<Record<string, string>>,
    lines: readonly Buffer[],
  ): void => {
    requestCount += 1;
    const lane = laneOf(request.socket);
    const token = `${context.instance}.${name}.${requestCount}`;
    const own = metaOf(request.headers, isHeaderAllowed);
    const query = queryOf(request.url ?? '');
    const meta: Meta = {
      endpoint: name,
      lane: lane.name,
      peer: token,
      ...(Object.keys(params).length > 0 && { params }),
      ...(query !== undefined && { query }),
      ...own,
    };
    if (requests !== undefined) return ask(request, response, lane, meta, lines, requests);
    if (options.awaits === 'nothing')
      answerJson(response, 202, { status: 'accepted', messages: lines.length });
    else exchanges.begin(settlementOf(response, token, lines), lines.length);
    const isMany = isBatchOf(request);
    lines.forEach((line, place) => {
      const id = isMany && meta.id !== undefined ? { id: `${meta.id}/${place}` } : {};
      // Each line of a batch is a text of its own.
      lane.receiveBytes(wireOf(line, isMany ? 'application/json' : meta.contentType), { ...meta, ...id });
    });
  };

  const settlementOf = (response: ServerResponse, token: string, lines: readonly Buffer[]): Exchange => {
    const exchange: Exchange = {
      token,
      response,
      onSettled(fate) {
        exchanges.end(exchange);
        answerFate(response, fate, lines.length);
      },
      onAnswered: () => undefined,
      onTimeout() {
        const detail = `not settled within ${formatDuration(options.timeoutMs)}`;
        answerProblem(response, { status: 503, detail, headers: soon });
      },
    };
    return exchange;
  };

  /** Its message goes on under a correlation id of ours; the one it came with is given back with the answer. */
  const ask = (
    request: IncomingMessage,
    response: ServerResponse,
    lane: Lane,
    meta: Meta,
    lines: readonly Buffer[],
    table: Requests<Exchange>,
  ): void => {
    const [line] = lines;
    if (line === undefined || lines.length > 1) return turnAway(request, response, oneOnly);
    if (table.isFull) {
      table.refuse();
      return turnAway(request, response, busy);
    }
    const exchange: Exchange = {
      token: meta.peer ?? '',
      response,
      onSettled(fate) {
        // The answer comes by another way; after a failure there is none to come.
        if (!hasFailed(fate)) return;
        exchanges.end(exchange);
        table.forget(correlationId);
        answerFate(response, fate, 1);
      },
      onAnswered: () => exchanges.end(exchange),
      onTimeout() {
        exchanges.end(exchange);
        const after = formatDuration(options.asks?.timeoutMs ?? options.timeoutMs);
        answerProblem(response, { status: 504, detail: `no answer came within ${after}` });
      },
    };
    const correlationId = table.ask(exchange, meta.correlationId);
    response.once('close', () => table.forget(correlationId));
    exchanges.begin(exchange, 1);
    const type = isBatchOf(request) ? 'application/json' : meta.contentType;
    const { replyTo: _replyTo, ...own } = meta;
    lane.receiveBytes(wireOf(line, type), { ...own, correlationId });
  };

  const laneOf = (socket: Socket): Lane => {
    let lane = lanes.get(socket);
    if (lane === undefined) {
      const opened = port.source.lane({ name });
      lane = opened;
      lanes.set(socket, lane);
      socket.once('close', () => {
        opened.close();
        lanes.delete(socket);
      });
    }
    return lane;
  };

  const turnAway = (request: IncomingMessage, response: ServerResponse, refusal: Refusal): void => {
    const reason = reasons[refusal.status] ?? 'refused';
    refused[reason] = (refused[reason] ?? 0) + 1;
    if (!response.destroyed) refuse(request, response, refusal, scheduler);
  };

  const preflight = (response: ServerResponse): void => {
    const names = ['content-type', 'idempotency-key', 'correlation-id', ...options.acceptHeaders];
    response.writeHead(204, {
      'access-control-allow-methods': METHODS,
      'access-control-allow-headers': names.filter((header) => !header.endsWith('*')).join(', '),
      'access-control-max-age': '600',
    });
    response.end();
  };

  return {
    refused,
    get connected() {
      return underWay;
    },
    open() {
      isStopping = false;
      giveBack = context.http.onRequest(options.path, onRequest);
    },
    settled(_lane: Lane, root, status: Status) {
      if (root.meta.peer !== undefined) exchanges.settled(root.meta.peer, status);
    },
    explained(root, end, reason) {
      if (root.meta.peer !== undefined) exchanges.explained(root.meta.peer, end, reason);
    },
    drain() {
      isStopping = true;
      turnstile.clear();
    },
    close() {
      isStopping = true;
      giveBack?.();
      giveBack = undefined;
      turnstile.clear();
      requests?.clear();
      for (const exchange of exchanges.all) {
        exchanges.end(exchange);
        const { status, error: detail, headers = {} } = stopping;
        answerProblem(exchange.response, { status, detail, headers });
      }
    },
  };
}

const busy: Refusal = {
  status: 503,
  error: 'what this endpoint feeds takes no more at the moment',
  headers: soon,
};
const stopping: Refusal = { status: 503, error: 'the server is stopping', headers: { 'retry-after': '5' } };
const oneOnly: Refusal = { status: 400, error: 'expected one message: each request here has one answer' };

/** What refused requests are counted by. */
const reasons: Readonly<Record<number, string>> = {
  400: 'malformed',
  403: 'origin',
  405: 'method',
  413: 'too-big',
  415: 'content-type',
  503: 'busy',
};

function gone(): void {
  // A sender that hangs up is seen by 'close'.
}

function isLines(lines: readonly Buffer[] | Refusal): lines is readonly Buffer[] {
  return Array.isArray(lines);
}

function isBatchOf({ headers }: IncomingMessage): boolean {
  return isBatch.test(mediaType(headers['content-type'] ?? ''));
}

function isTypeAllowed(contentType: string | undefined, allowed: readonly string[] | undefined): boolean {
  if (allowed === undefined) return true;
  const type = mediaType(contentType ?? '');
  return allowed.some((one) => one === type || (one.endsWith('/*') && type.startsWith(one.slice(0, -1))));
}

function queryOf(url: string): Readonly<Record<string, string>> | undefined {
  const at = url.indexOf('?');
  if (at < 0 || at === url.length - 1) return undefined;
  return Object.fromEntries(new URLSearchParams(url.slice(at + 1)));
}
