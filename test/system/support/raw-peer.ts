// A WebSocket client by hand, for what no library sends: frames bit by bit, in pieces of any size.

import { connect } from 'node:net';
import { setImmediate } from 'node:timers/promises';

export const CONTINUATION = 0x0;
export const TEXT = 0x1;
export const BINARY = 0x2;
export const CLOSE = 0x8;
export const PING = 0x9;
export const PONG = 0xa;

const FIN = 0x80;
const MASKED = 0x80;
const HEADER_END = '\r\n\r\n';

export interface FrameOptions {
  /** Default true. */
  readonly isLast?: boolean;
  /** The three reserved bits, 4 for the first of them. Default 0. */
  readonly reserved?: number;
  /** Default true, as a client must. */
  readonly isMasked?: boolean;
  /** What the header says of the length, where that is not the length of the payload. */
  readonly length?: bigint;
  /** How many bytes the length takes besides the second one. Default: as few as hold it. */
  readonly lengthBytes?: 0 | 2 | 8;
}

/** What a server sent. */
export interface ServerFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

export interface RawPeer extends Disposable {
  /** What it has received. */
  readonly frames: readonly ServerFrame[];
  /** Resolves when the server has ended the connection. */
  readonly ended: Promise<void>;
  /** Writes pieces one by one, and gives a server in this process the time to read each alone. */
  write(pieces: readonly Buffer[]): Promise<void>;
  /** Resolves when it has received `count` frames, or when the connection is over. */
  has(count: number): Promise<void>;
}

/** A frame as a client sends it, or as it should not. */
export function frame(opcode: number, payload: string | Buffer = '', options: FrameOptions = {}): Buffer {
  const { isLast = true, reserved = 0, isMasked = true } = options;
  const bytes = Buffer.from(payload);
  const length = options.length ?? BigInt(bytes.length);
  const lengthBytes = options.lengthBytes ?? (length <= 125n ? 0 : length <= 0xffffn ? 2 : 8);
  const header = Buffer.alloc(2 + lengthBytes);
  header[0] = (isLast ? FIN : 0) | (reserved << 4) | opcode;
  header[1] = (isMasked ? MASKED : 0) | { 0: Number(length), 2: 126, 8: 127 }[lengthBytes];
  if (lengthBytes === 2) header.writeUInt16BE(Number(length), 2);
  if (lengthBytes === 8) header.writeBigUInt64BE(length, 2);
  if (!isMasked) return Buffer.concat([header, bytes]);
  const key = [0x9d, 0x05, 0xe2, 0x71];
  const masked = bytes.map((byte, place) => byte ^ (key[place % 4] as number));
  return Buffer.concat([header, Buffer.from(key), masked]);
}

/** A close frame, with a body of a code and a reason unless there is no code. */
export function closeFrame(code?: number, reason: string | Buffer = ''): Buffer {
  if (code === undefined) return frame(CLOSE);
  const body = Buffer.alloc(2);
  body.writeUInt16BE(code);
  return frame(CLOSE, Buffer.concat([body, Buffer.from(reason)]));
}

/**
 * Connects and asks for an upgrade.
 *
 * @param eager what leaves with the request, before the server has agreed
 * @throws when the server answers with another status than 101
 */
export async function connectRaw(
  port: number,
  path: string,
  eager: Buffer = Buffer.alloc(0),
): Promise<RawPeer> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const frames: ServerFrame[] = [];
  let unread: Buffer = Buffer.alloc(0);
  let head: string | undefined;
  let failure: Error | undefined;
  /** Called at each chunk, and at the end. */
  let onChange: () => void = () => undefined;
  const changed = async (isEnough: () => boolean): Promise<void> => {
    while (!isEnough() && !socket.destroyed) await new Promise<void>((resolve) => (onChange = resolve));
  };

  socket.on('data', (chunk: Buffer) => {
    unread = Buffer.concat([unread, chunk]);
    if (head === undefined) {
      const end = unread.indexOf(HEADER_END);
      if (end < 0) return;
      head = unread.subarray(0, end).toString();
      unread = unread.subarray(end + HEADER_END.length);
    }
    try {
      unread = read(unread, frames);
    } catch (error) {
      failure = error as Error;
      socket.destroy();
    }
    onChange();
  });
  // A server that refuses us may reset the connection while we still write.
  socket.on('error', () => undefined);
  const ended = new Promise<void>((resolve, reject) => {
    socket.on('close', () => {
      onChange();
      if (failure === undefined) resolve();
      else reject(failure);
    });
  });

  const request = [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
  ].join('\r\n');
  socket.write(Buffer.concat([Buffer.from(request + HEADER_END), eager]));
  await changed(() => head !== undefined);
  if (!head?.startsWith('HTTP/1.1 101 ')) throw new Error(`expected an upgrade, found ${head}`);

  return {
    frames,
    ended,
    async write(pieces) {
      for (const piece of pieces) {
        // From one such phase of the event loop to the next, sockets are read once.
        await setImmediate();
        socket.write(piece);
      }
    },
    has: (count) => changed(() => frames.length >= count),
    [Symbol.dispose]: () => socket.destroy(),
  };
}

/** Takes the whole frames off `bytes`; returns the rest. Throws for what a server must not send. */
function read(bytes: Buffer, frames: ServerFrame[]): Buffer {
  let rest = bytes;
  while (rest.length >= 2) {
    const first = rest[0] as number;
    const second = rest[1] as number;
    if ((first & 0xf0) !== FIN) throw new Error(`expected a whole frame, found ${first.toString(16)}`);
    if (second >= MASKED) throw new Error('expected a frame without a mask');
    const size = second === 127 ? 10 : second === 126 ? 4 : 2;
    if (rest.length < size) break;
    const length = size === 2 ? second : size === 4 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2));
    if (rest.length < size + length) break;
    frames.push({ opcode: first & 0x0f, payload: rest.subarray(size, size + length) });
    rest = rest.subarray(size + length);
  }
  return rest;
}
