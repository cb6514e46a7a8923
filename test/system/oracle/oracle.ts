// Counts outside of the process under test: what it was given, what it acknowledged, what it delivered.

import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { until } from '../support/server.ts';

export interface Counts {
  readonly attempted: number;
  readonly acknowledged: number;
  readonly delivered: number;
  /** Acknowledged and not delivered. */
  readonly lost: number;
  readonly duplicated: number;
  /** Delivered and never sent, or not as it was sent. */
  readonly unexpected: number;
}

export interface Oracle extends AsyncDisposable {
  readonly port: number;
  /** Offers so many messages more. */
  offer(count: number): void;
  /** Whether the store takes what it is sent. */
  flow(flows: boolean): void;
  /** The process was killed. */
  killed(): void;
  counts(): Counts;
}

/** Unacknowledged messages that the broker lets be under way; those it delivers again after a kill. */
export const WINDOW = 512;

export async function startOracle(): Promise<Oracle> {
  /** The oldest first. */
  const unacknowledged = new Set<number>();
  const acknowledged = new Set<number>();
  const delivered = new Map<number, number>();
  const sockets = new Set<Socket>();
  let offered = 0;
  let sent = 0;
  let unexpected = 0;
  let duplicated = 0;
  let flows = true;
  let broker: Socket | undefined;
  let store: Socket | undefined;
  /** Taken, and not confirmed because the store does not flow. */
  let unconfirmed = 0;

  const textOf = (number: number): string => `${number} ${'x'.repeat(number % 200)}`;

  const send = (): void => {
    while (sent < offered && unacknowledged.size < WINDOW) {
      if (broker === undefined) return;
      unacknowledged.add(sent);
      broker.write(`${textOf(sent)}\n`);
      sent += 1;
    }
  };

  const settled = (line: string): void => {
    const [status, text] = line.split(' ');
    const number = Number(text);
    if (status !== 'ack') unexpected += 1;
    unacknowledged.delete(number);
    acknowledged.add(number);
    send();
  };

  const arrived = (line: string): void => {
    const number = Number.parseInt(line, 10);
    if (number >= sent || line !== textOf(number)) unexpected += 1;
    const times = (delivered.get(number) ?? 0) + 1;
    delivered.set(number, times);
    if (times > 1) duplicated += 1;
    unconfirmed += 1;
    confirm();
  };

  const confirm = (): void => {
    if (!flows || unconfirmed === 0) return;
    store?.write(`${unconfirmed}\n`);
    unconfirmed = 0;
  };

  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    let role: string | undefined;
    // What a killed process leaves behind is an error of the socket, which its reader tells as well.
    const lines = createInterface({ input: socket }).on('error', () => undefined);
    lines.on('line', (line) => {
      if (role === 'broker') settled(line);
      else if (role === 'store') arrived(line);
      else {
        role = line;
        if (role === 'store') {
          store = socket;
          unconfirmed = 0;
          return;
        }
        broker = socket;
        for (const number of unacknowledged) socket.write(`${textOf(number)}\n`);
        send();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    port: (server.address() as { port: number }).port,
    offer(count) {
      offered += count;
      send();
    },
    flow(does) {
      flows = does;
      confirm();
    },
    killed() {
      broker = undefined;
      store = undefined;
    },
    counts: () => ({
      attempted: sent,
      acknowledged: acknowledged.size,
      delivered: delivered.size,
      lost: [...acknowledged].filter((number) => !delivered.has(number)).length,
      duplicated,
      unexpected,
    }),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Waits until all that was offered is delivered and acknowledged. */
export async function atRest(oracle: Oracle, offered: number): Promise<Counts> {
  await until(`all ${offered} have arrived: ${JSON.stringify(oracle.counts())}`, () => {
    const { acknowledged, delivered } = oracle.counts();
    return acknowledged === offered && delivered === offered;
  });
  return oracle.counts();
}
