/** Reads the body of a request, never more of it than is allowed, and cuts it into messages. */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { Wire } from '../../src/core/wire.ts';
import { formatSize } from '../../src/options/size.ts';
import type { Refusal } from './answer.ts';

/** The bytes that all bodies together have in memory. */
export interface BodyRoom {
  bytes: number;
  readonly most: number;
}

export interface ReadBodyOptions {
  readonly most: number;
  readonly room: BodyRoom;
  /** Called once: with the body, with why it is refused, or with nothing when the sender has gone. */
  readonly done: (body: Buffer | Refusal | undefined) => void;
}

/** The bytes of the body count in `room` until the caller takes them off, unless it is refused. */
export function readBody(request: IncomingMessage, { most, room, done }: ReadBodyOptions): void {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > most) return done(tooLarge(most));
  if (room.bytes + declared > room.most) return done(noRoom);
  const chunks: Buffer[] = [];
  let bytes = 0;
  let isDone = false;

  const finish = (outcome: Buffer | Refusal | undefined): void => {
    if (isDone) return;
    isDone = true;
    request.off('data', take);
    if (!Buffer.isBuffer(outcome)) room.bytes -= bytes;
    done(outcome);
  };
  const take = (chunk: Buffer): void => {
    bytes += chunk.length;
    room.bytes += chunk.length;
    if (bytes > most) finish(tooLarge(most));
    else if (room.bytes > room.most) finish(noRoom);
    else chunks.push(chunk);
  };
  request.on('data', take);
  request.once('end', () => finish(Buffer.concat(chunks)));
  request.once('error', () => finish(undefined));
  request.once('close', () => finish(undefined));
}

const noRoom: Refusal = {
  status: 503,
  error: 'too many bytes of other requests wait here; try again',
  headers: { 'retry-after': '1' },
};

function tooLarge(most: number): Refusal {
  return { status: 413, error: `expected ${formatSize(most)} at most` };
}

const LF = 0x0a;
const CR = 0x0d;

export interface LineLimits {
  /** The most messages, and the most bytes of one. */
  readonly messages: number;
  readonly payload: number;
}

/** The lines of a body, without empty ones; or why they are refused. */
export function linesOf(body: Buffer, { messages, payload }: LineLimits): readonly Buffer[] | Refusal {
  const lines: Buffer[] = [];
  for (let from = 0; from < body.length; ) {
    const found = body.indexOf(LF, from);
    const next = found < 0 ? body.length : found;
    const end = next > from && body[next - 1] === CR ? next - 1 : next;
    if (end - from > payload) return tooLarge(payload);
    if (end > from) lines.push(body.subarray(from, end));
    if (lines.length > messages) return { status: 413, error: `expected ${messages} messages at most` };
    from = next + 1;
  }
  return lines.length > 0 ? lines : { status: 400, error: 'expected at least one line that is a message' };
}

const textual =
  /^(text\/.*|application\/(.*\+)?(json|xml)|application\/(x-ndjson|jsonl|x-www-form-urlencoded|yaml))$/;

/** Text where the sender says so and it is UTF-8; binary where the sender says so; else of unknown kind. */
export function wireOf(bytes: Buffer, contentType: string | undefined): Wire {
  if (contentType === undefined) return Wire.of(bytes);
  const type = mediaType(contentType);
  if (type === 'application/octet-stream') return Wire.of(bytes, false);
  const charset = /;\s*charset="?([^";]+)/i.exec(contentType)?.[1]?.trim().toLowerCase() ?? 'utf-8';
  const isText = textual.test(type) && /^(utf-?8|us-ascii)$/.test(charset) && isUtf8(bytes);
  return isText ? Wire.of(bytes, true) : Wire.of(bytes);
}

/** Without its parameters, in lower case. */
export function mediaType(contentType: string): string {
  return (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
}
