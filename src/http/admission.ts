/** Which connections get in: so many in all, so many of an address, so many a second; others wait a little. */
import type { Socket } from 'node:net';
import type { SchedulerLike, Subscription } from 'rxjs';
import { isLoopback } from './address.ts';
import { answerSocket, type Refusal } from './answer.ts';
import type { HttpLimits } from './limits.ts';

export type AdmissionLimits = Pick<
  HttpLimits,
  'connections' | 'connectionsPerAddress' | 'acceptsPerSecond' | 'acceptPatienceMs' | 'waiting'
>;

export interface AdmissionOptions {
  readonly limits: AdmissionLimits;
  readonly scheduler: SchedulerLike;
  /** Called once for each connection that got in, at once or later; not for one that hung up meanwhile. */
  readonly admit: (socket: Socket) => void;
  /** Ends a connection that found no place; tells it so in plain HTTP unless given. */
  readonly turnAway?: (socket: Socket, refusal: Refusal) => void;
}

export interface Admission {
  /** Takes a connection that nobody has read from yet. */
  arrive(socket: Socket): void;
  /** Refuses what waits and what still arrives. */
  stop(): void;
  /** The connections that got in and are not closed. */
  readonly open: ReadonlySet<Socket>;
  readonly waiting: number;
  readonly accepted: number;
  readonly refused: number;
}

interface Waiter {
  readonly socket: Socket;
  readonly address: string;
  readonly deadline: number;
}

/** One address may have this part of all places to wait in, so that it does not take those of the others. */
const WAITING_SHARE = 10;

/** The shortest time between two looks at the line: places come back at most every few milliseconds. */
const TICK_MS = 10;

export function createAdmission(options: AdmissionOptions): Admission {
  const { limits, scheduler, admit, turnAway = answerSocket } = options;
  /** At most `limits.connections`. */
  const open = new Set<Socket>();
  /** Open connections of each remote address; an entry goes with its last connection. */
  const ofAddress = new Map<string, number>();
  /** In the order they came; at most `limits.waiting`. */
  const line = new Set<Waiter>();
  /** Waiters of each address; an entry goes with its last waiter. */
  const waitingOf = new Map<string, number>();
  const share = Math.max(1, Math.floor(limits.waiting / WAITING_SHARE));
  let tokens = limits.acceptsPerSecond;
  let refilledAt = scheduler.now();
  let timer: Subscription | undefined;
  let isStopped = false;
  let accepted = 0;
  let refused = 0;

  return {
    arrive,
    stop,
    open,
    get waiting() {
      return line.size;
    },
    get accepted() {
      return accepted;
    },
    get refused() {
      return refused;
    },
  };

  function arrive(socket: Socket): void {
    // A connection that breaks shows as its `close`; without a listener the error would end the process.
    socket.on('error', ignore);
    const address = socket.remoteAddress;
    // Closed again before anybody looked.
    if (address === undefined) {
      socket.destroy();
      return;
    }
    if (isStopped) {
      refuse(socket, 'The server is going down.');
      return;
    }
    const isExempt = isLoopback(address);
    if (!isExempt) {
      refill();
      // Whoever waits came earlier. At most one look at the line for each token, so its cost is bounded.
      if (tokens >= 1 && line.size > 0) serve();
    }
    if (fits(address, isExempt)) {
      enter(socket, address, isExempt);
      return;
    }
    const waitingHere = waitingOf.get(address) ?? 0;
    if (line.size >= limits.waiting || (!isExempt && waitingHere >= share)) {
      refuse(socket, 'The server has as many connections as it takes.');
      return;
    }
    wait(socket, address);
  }

  function fits(address: string, isExempt: boolean): boolean {
    if (open.size >= limits.connections) return false;
    return isExempt || (tokens >= 1 && (ofAddress.get(address) ?? 0) < limits.connectionsPerAddress);
  }

  function enter(socket: Socket, address: string, isExempt: boolean): void {
    if (!isExempt) {
      tokens -= 1;
      ofAddress.set(address, (ofAddress.get(address) ?? 0) + 1);
    }
    accepted += 1;
    open.add(socket);
    socket.once('close', () => {
      open.delete(socket);
      if (!isExempt) decrement(ofAddress, address);
      if (line.size > 0) serve();
    });
    admit(socket);
  }

  function wait(socket: Socket, address: string): void {
    const waiter: Waiter = { socket, address, deadline: scheduler.now() + limits.acceptPatienceMs };
    line.add(waiter);
    waitingOf.set(address, (waitingOf.get(address) ?? 0) + 1);
    socket.once('close', () => leave(waiter));
    wake();
  }

  function leave(waiter: Waiter): void {
    if (line.delete(waiter)) decrement(waitingOf, waiter.address);
  }

  /** Lets in who fits now, in order, and refuses who has waited too long. */
  function serve(): void {
    refill();
    const now = scheduler.now();
    for (const waiter of line) {
      const { socket, address, deadline } = waiter;
      const isExempt = isLoopback(address);
      if (fits(address, isExempt)) {
        leave(waiter);
        enter(socket, address, isExempt);
      } else if (now >= deadline) {
        leave(waiter);
        refuse(socket, 'The server has as many connections as it takes.');
      }
    }
    wake();
  }

  function wake(): void {
    if (timer !== undefined || line.size === 0) return;
    timer = scheduler.schedule(() => {
      timer = undefined;
      serve();
    }, TICK_MS);
  }

  /** A bucket that holds a second's worth. A clock that was set back refills nothing. */
  function refill(): void {
    const now = scheduler.now();
    const elapsedMs = Math.max(0, now - refilledAt);
    refilledAt = now;
    tokens = Math.min(limits.acceptsPerSecond, tokens + (elapsedMs * limits.acceptsPerSecond) / 1_000);
  }

  function refuse(socket: Socket, text: string): void {
    refused += 1;
    const seconds = Math.ceil(limits.acceptPatienceMs / 1_000);
    turnAway(socket, { status: 503, text, headers: { 'retry-after': String(seconds) } });
  }

  function stop(): void {
    isStopped = true;
    timer?.unsubscribe();
    timer = undefined;
    for (const waiter of line) {
      leave(waiter);
      refuse(waiter.socket, 'The server is going down.');
    }
  }
}

function decrement(counts: Map<string, number>, address: string): void {
  const count = (counts.get(address) ?? 0) - 1;
  if (count > 0) counts.set(address, count);
  else counts.delete(address);
}

/** One for all connections. */
function ignore(): void {}
