// A Redis that answers when the test says so, in virtual time.

import { VirtualTimeScheduler } from 'rxjs';
import type { Connect, Connection, ConnectOptions } from '../../../plugins/endpoint-redis/connection.ts';
import type { Settings } from '../../../plugins/endpoint-redis/settings.ts';
import { createTransport } from '../../../plugins/endpoint-redis/transport.ts';
import { Endpoint } from '../../../src/core/endpoint.ts';
import { AraldoError } from '../../../src/core/errors.ts';
import { Leg } from '../../../src/core/leg.ts';
import { silentLog } from '../../../src/core/log.ts';
import type { Message } from '../../../src/core/message.ts';
import { parseTarget } from '../../../src/redis/target.ts';
import { type Supervisor, supervise } from '../../../src/runtime/supervise.ts';
import { turn } from '../../virtual-time.ts';

/** One connection as the fake sees it. */
export interface FakeConnection {
  readonly options: ConnectOptions;
  /** Unanswered publishes, the oldest first. */
  readonly published: { payload: string; resolve: () => void; reject: (error: Error) => void }[];
  readonly writes: string[][];
  subscribed: readonly string[];
  pings: number;
  /** Whether PINGs are answered. */
  isAlive: boolean;
  isClosed: boolean;
  /** The connection ends by itself: what is unanswered is refused, and a turn later the loss is told. */
  lose(why?: string): Promise<void>;
}

export interface FakeRedis {
  readonly scheduler: VirtualTimeScheduler;
  readonly endpoint: Endpoint;
  readonly supervisor: Supervisor;
  readonly leg: Leg;
  readonly connections: FakeConnection[];
  readonly received: Message[];
  /** What the next connects do, instead of succeeding. */
  refusals: (Error | 'hang' | 'slow')[];
}

export function reply(text: string): Error {
  const error = new Error(text);
  error.name = 'ReplyError';
  return error;
}

export function fakeRedis(settings: Partial<Settings>, maxInFlight = 1_024): FakeRedis {
  const scheduler = new VirtualTimeScheduler();
  const connections: FakeConnection[] = [];
  const refusals: FakeRedis['refusals'] = [];
  const connect: Connect = async (options) => {
    const refusal = refusals.shift();
    if (refusal === 'hang') {
      await new Promise((_resolve, reject) => {
        options.signal.addEventListener('abort', () => reject(options.signal.reason as Error));
      });
    }
    // Deaf to the signal, as a client may be that is just done.
    if (refusal === 'slow') await new Promise<void>((resolve) => void scheduler.schedule(resolve, 3_000));
    if (refusal instanceof Error) throw refusal;
    const { fake, connection } = fakeConnection(options);
    connections.push(fake);
    return connection;
  };
  const complete: Settings = {
    target: parseTarget('redis://cache:6379'),
    tls: {},
    subscriptions: { channels: [], patterns: [] },
    publishes: undefined,
    maxPayload: 1024 * 1024,
    pingMs: 25_000,
    pongMs: 15_000,
    ...settings,
  };
  const endpoint = new Endpoint(
    {
      name: 'it',
      id: 'endpoint-redis',
      instance: 'i1',
      capabilities: {},
      scheduler,
      log: silentLog,
      maxInFlight,
      maxDeliveries: 5,
    },
    (port) => createTransport(port, complete, { name: 'it', scheduler }, connect),
  );
  const received: Message[] = [];
  endpoint.subscribe((message) => received.push(message));
  const supervisor = supervise(endpoint, { scheduler, log: silentLog, random: () => 0 });
  const leg = new Leg(endpoint.outbound, {
    name: 'leg',
    overflow: 'pause',
    capacity: { messages: 1_024, bytes: 64 * 1024 * 1024 },
  });
  return { scheduler, endpoint, supervisor, leg, connections, received, refusals };
}

function fakeConnection(options: ConnectOptions): { fake: FakeConnection; connection: Connection } {
  let corked: string[] | undefined;
  const fake: FakeConnection = {
    options,
    published: [],
    writes: [],
    subscribed: [],
    pings: 0,
    isAlive: true,
    isClosed: false,
    async lose(why = 'lost') {
      refuseAll();
      await turn();
      options.onLost(new AraldoError('connection-lost', why));
    },
  };
  const refuseAll = (): void => {
    for (const { reject } of fake.published.splice(0)) reject(new Error('Connection is closed.'));
  };
  const connection: Connection = {
    async subscribe({ channels, patterns }) {
      fake.subscribed = [...channels, ...patterns];
    },
    publish(_channel, payload) {
      const text = payload.toString();
      if (corked === undefined) fake.writes.push([text]);
      else corked.push(text);
      return new Promise<void>((resolve, reject) => fake.published.push({ payload: text, resolve, reject }));
    },
    async ping() {
      fake.pings += 1;
      if (!fake.isAlive) await new Promise(() => undefined);
    },
    cork() {
      corked = [];
    },
    uncork() {
      if (corked !== undefined) fake.writes.push(corked);
      corked = undefined;
    },
    close() {
      fake.isClosed = true;
      refuseAll();
    },
  };
  return { fake, connection };
}
