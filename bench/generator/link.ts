/** One connection of the generator: raw TCP or TLS, read into one buffer that all connections share. */
import { connect, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import type { FrameCounter } from './frame-counter.ts';
import type { Protocol } from './protocol.ts';
import type { Role, Wire } from './wire.ts';

export interface Link {
  readonly socket: Socket;
  readonly room: number;
  /** What keeps it alive, where that is needed. */
  readonly pong: Buffer | undefined;
  /** Bytes of messages, from the end of the handshake on. */
  bytes: number;
  /** How many messages were looked at, where each of them is. */
  seen: number;
  /** A socket that must drain before it is written to again. */
  isBlocked: boolean;
  isOpen: boolean;
  /** Told of each piece that was read: so many bytes of messages. */
  onBytes: (link: Link, bytes: number) => void;
  onDrain: () => void;
  onClosed: (link: Link) => void;
}

export interface LinkOptions {
  readonly wire: Wire;
  readonly protocol: Protocol;
  readonly role: Role;
  readonly room: number;
}

/** Reading never waits for what was read before, so one buffer serves all; small enough for a core's cache. */
const shared = Buffer.allocUnsafeSlow(128 * 1024);

const HANDSHAKE_MS = 10_000;
const AT_ONCE = 128;

/** One version and one cipher for all systems: by themselves they do not choose the same. */
const tlsOptions = {
  minVersion: 'TLSv1.3',
  ciphers: 'TLS_AES_128_GCM_SHA256',
  // Certificates are made for the day; who it is talking to is not what is measured.
  rejectUnauthorized: false,
} as const;

const nothing = (): void => undefined;

/** Resolves when messages can flow; rejects when the server says no, or nothing for ten seconds. */
export function openLink({ wire, protocol, role, room }: LinkOptions): Promise<Link> {
  return new Promise((resolve, reject) => {
    const steps = protocol.handshake(role, room);
    const count: FrameCounter = protocol.counter();
    let step = 0;
    let answer = '';

    const greet = (read: Buffer): void => {
      // latin1: a character is a byte, so a place in the text is one in the bytes.
      answer += read.toString('latin1');
      const { until, expect = '' } = steps[step] as (typeof steps)[number];
      if (!answer.startsWith(expect.slice(0, answer.length)))
        return fail(new Error(`refused: ${firstLine(answer)}`));
      const end = answer.indexOf(until);
      if (end < 0) return;
      answer = answer.slice(end + until.length);
      step += 1;
      next();
    };

    const next = (): void => {
      if (step < steps.length) {
        socket.write((steps[step] as (typeof steps)[number]).send);
        return;
      }
      clearTimeout(deadline);
      if (answer.length > 0) link.bytes += count(Buffer.from(answer, 'latin1'), answer.length);
      resolve(link);
    };

    const socket = dial(wire, {
      buffer: shared,
      callback(length, buffer) {
        if (step < steps.length) {
          greet(Buffer.from(buffer.subarray(0, length)));
          return true;
        }
        const bytes = count(buffer, length);
        link.bytes += bytes;
        link.onBytes(link, bytes);
        return true;
      },
    });
    const link: Link = {
      socket,
      room,
      pong: protocol.pong,
      bytes: 0,
      seen: 0,
      isBlocked: false,
      isOpen: true,
      onBytes: nothing,
      onDrain: nothing,
      onClosed: nothing,
    };

    const fail = (error: Error): void => {
      clearTimeout(deadline);
      socket.destroy();
      reject(error);
    };
    const deadline = setTimeout(
      () => fail(new Error(`no answer on port ${wire.port} within ${HANDSHAKE_MS} ms`)),
      HANDSHAKE_MS,
    );
    socket.setNoDelay(true);
    socket.on(socket instanceof TLSSocket ? 'secureConnect' : 'connect', next);
    socket.on('drain', () => {
      link.isBlocked = false;
      link.onDrain();
    });
    socket.on('error', fail);
    socket.on('close', () => {
      link.isOpen = false;
      link.onClosed(link);
      fail(new Error(`port ${wire.port} was closed during the handshake`));
    });
  });
}

/** Over TLS `onread` gets clear text, so bytes are counted in the same way. */
function dial(wire: Wire, onread: OnReadOpts): Socket {
  const target = { host: '127.0.0.1', port: wire.port, onread };
  const isSecure = 'isSecure' in wire && wire.isSecure === true;
  return isSecure ? connectTls({ ...target, ...tlsOptions }) : connect(target);
}

/** Ends it at once, and leaves no port waiting: a bench opens more connections than there are ports. */
export function cutLink(link: Link): void {
  link.onClosed = nothing;
  link.onBytes = nothing;
  // TLS has no reset of its own. Connections over it are few.
  if (link.socket instanceof TLSSocket) link.socket.destroy();
  else link.socket.resetAndDestroy();
}

/** Opens many, so many at a time, and tells each its place; each joins `opened` as soon as it is there. */
export async function openLinks(
  count: number,
  opened: Set<Link>,
  options: (place: number) => LinkOptions,
): Promise<Link[]> {
  const links: Link[] = [];
  let place = 0;
  const worker = async (): Promise<void> => {
    while (place < count) {
      const mine = place;
      place += 1;
      const link = await openLink(options(mine));
      links[mine] = link;
      opened.add(link);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, worker));
  return links;
}

function firstLine(text: string): string {
  return text.split('\r\n', 1)[0] ?? '';
}
