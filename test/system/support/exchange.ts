// One connection of the conformance tests: from the bytes that a client sends to what becomes of them. It needs a route
// from the WebSocket endpoint back to it, with `reach: peer`, and to a mock endpoint `out`.

import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import type { MockEndpoint } from '../../../plugins/endpoint-mock/index.ts';
import { BINARY, CLOSE, closeFrame, connectRaw, PONG, type ServerFrame, TEXT } from './raw-peer.ts';
import { type TestServer, until } from './server.ts';

/** What is received of a close frame without a code. */
export const NO_CODE = 1005;
const NORMAL = 1000;

export interface Expected {
  /** The messages that reach the route: text as strings. */
  readonly messages?: readonly (string | Buffer)[];
  readonly pongs?: readonly (string | Buffer)[];
  /** What the server closes with; it goes on when there is none. */
  readonly code?: number;
  /** Default: the one where long messages may come. */
  readonly path?: '/long' | '/short';
}

/** How many bytes are sent one by one: the first frames of a case. */
const SINGLE_BYTES = 48;
const PIECE = 8_191;

/** How the bytes of a case may be cut into pieces. */
export const ways: Readonly<Record<string, (bytes: readonly Buffer[]) => readonly Buffer[]>> = {
  'at once': (frames) => [Buffer.concat(frames)],
  'frame by frame': (frames) => frames,
  'byte by byte': (frames) => {
    const bytes = Buffer.concat(frames);
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += at < SINGLE_BYTES ? 1 : PIECE) {
      pieces.push(bytes.subarray(at, at < SINGLE_BYTES ? at + 1 : at + PIECE));
    }
    return pieces;
  },
};

export interface Outcome {
  readonly messages: readonly string[];
  readonly echoes: readonly string[];
  readonly pongs: readonly string[];
  readonly code: number;
}

export function wanted({ messages = [], pongs = [], code = NORMAL }: Expected): Outcome {
  const all = messages.map(print);
  return { messages: all, echoes: all, pongs: pongs.map((pong) => print(Buffer.from(pong))), code };
}

/**
 * Plays one connection to its end.
 *
 * @param eager what leaves with the request for the upgrade
 */
export async function play(
  araldo: TestServer,
  pieces: readonly Buffer[],
  { messages = [], pongs = [], code, path = '/long' }: Expected,
  eager?: Buffer,
): Promise<Outcome> {
  const out = araldo.server.endpoint<MockEndpoint>('out');
  const before = out.forgotten + out.sent.length;
  using peer = await connectRaw(araldo.port, path, eager);
  await peer.write(pieces);
  if (code === undefined) {
    await peer.has(messages.length + pongs.length);
    await peer.write([closeFrame(NORMAL)]);
  }
  await peer.ended;
  await until('the messages have arrived', () => out.forgotten + out.sent.length >= before + messages.length);

  const arrived = out.sent
    .slice(before - out.forgotten)
    .map(({ payload }) => print(payload as string | Buffer));
  const kinds = peer.frames.map(({ opcode }) => opcode);
  // Nothing may follow a close frame, which is the last of all connections here.
  expect(kinds.indexOf(CLOSE)).toBe(kinds.length - 1);
  const echoes = peer.frames.filter(({ opcode }) => opcode === TEXT || opcode === BINARY).map(printFrame);
  return {
    messages: arrived,
    // An echo leaves at the end of the turn; by then the connection may be closed, so the last ones may be missing.
    echoes: code === undefined ? echoes : [...echoes, ...arrived.slice(echoes.length)],
    pongs: peer.frames.filter(({ opcode }) => opcode === PONG).map(printFrame),
    code: codeOf(peer.frames.at(-1)),
  };
}

function codeOf(last: ServerFrame | undefined): number {
  if (last === undefined) return 0;
  return last.payload.length === 0 ? NO_CODE : last.payload.readUInt16BE(0);
}

function printFrame({ opcode, payload }: ServerFrame): string {
  return print(opcode === TEXT ? payload.toString() : payload);
}

/** Short, and different for what differs. */
function print(payload: string | Buffer): string {
  const kind = typeof payload === 'string' ? 'text' : 'binary';
  const bytes = Buffer.from(payload);
  const content =
    bytes.length > 40 ? createHash('sha1').update(bytes).digest('hex') : bytes.toString('latin1');
  return `${kind} (${bytes.length}): ${content}`;
}
