// Reading frames ourselves changes nothing but the speed: for any bytes, however they are cut into chunks, a
// connection says and answers what it would if `ws` read everything. `ws` passes the Autobahn suite.

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { readFrames } from '../../../plugins/endpoint-websocket/frame-reader.ts';
import { Wire } from '../../../src/core/wire.ts';
import { runs } from '../../runs.ts';

const MAX_PAYLOAD = 300;
const MAX_FRAGMENTS = 4;

interface Frame {
  readonly first: number;
  readonly isMasked: boolean;
  readonly mask: Uint8Array;
  readonly payload: Uint8Array;
  /** In how many bytes the length is written: the fewest, or more than needed. */
  readonly lengthBytes: 0 | 2 | 8;
}

const FIN = 0x80;

const payload = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 140 }).map((text) => Buffer.from(text)) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }).map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: MAX_PAYLOAD - 1, maxLength: MAX_PAYLOAD + 2 }) },
);

const first = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(FIN | 0x1, FIN | 0x2) },
  // Pings, pongs, the beginning, middle and end of fragments.
  { weight: 4, arbitrary: fc.constantFrom(FIN | 0x9, FIN | 0xa, 0x1, 0x2, 0x0, FIN | 0x0) },
  // Close, and what breaks a rule.
  {
    weight: 1,
    arbitrary: fc.constantFrom(FIN | 0x8, 0x9, FIN | 0x3, FIN | 0xb, FIN | 0x41, FIN | 0x21, 0x8),
  },
);

const frame: fc.Arbitrary<Frame> = fc.record({
  first,
  isMasked: fc.integer({ min: 0, max: 40 }).map((chance) => chance > 0),
  mask: fc.uint8Array({ minLength: 4, maxLength: 4 }),
  payload,
  lengthBytes: fc.oneof(
    { weight: 20, arbitrary: fc.constant<0>(0) },
    { weight: 1, arbitrary: fc.constantFrom<2 | 8>(2, 8) },
  ),
});

/** Fragments that make messages, with pings in between; otherwise most sequences break a rule at once. */
const fragmented: fc.Arbitrary<readonly Frame[]> = fc
  .tuple(fc.array(frame, { minLength: 2, maxLength: MAX_FRAGMENTS + 1 }), fc.boolean(), fc.boolean())
  .map(([frames, isText, isPinged]) =>
    frames.flatMap((each, place) => {
      const opcode = place === 0 ? (isText ? 0x1 : 0x2) : 0x0;
      const fin = place === frames.length - 1 ? FIN : 0;
      const ping = {
        ...each,
        first: FIN | 0x9,
        payload: each.payload.slice(0, 100),
        lengthBytes: 0 as const,
      };
      return [{ ...each, first: fin | opcode }, ...(isPinged ? [ping] : [])];
    }),
  );

const stream = fc
  .array(
    fc.oneof({ weight: 5, arbitrary: frame.map((one) => [one]) }, { weight: 1, arbitrary: fragmented }),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.concat(parts.flat().map(bytesOf)));

/** Where the stream is cut; many cuts fall within headers, because most frames are short. */
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 });

function bytesOf({ first, isMasked, mask, payload, lengthBytes }: Frame): Buffer {
  const { length } = payload;
  const short = lengthBytes === 0 && length <= 125;
  const header = short
    ? Buffer.from([first, length])
    : lengthBytes === 8
      ? Buffer.from([first, 127, 0, 0, 0, 0, 0, 0, length >> 8, length & 0xff])
      : Buffer.from([first, 126, length >> 8, length & 0xff]);
  if (!isMasked) return Buffer.concat([header, payload]);
  header[1] = (header[1] as number) | 0x80;
  return Buffer.concat([header, mask, payload.map((byte, place) => byte ^ (mask[place % 4] as number))]);
}

function chunksOf(bytes: Buffer, places: readonly number[]): readonly Buffer[] {
  const ends = [...places.map((place) => Math.floor(place * bytes.length)), bytes.length].toSorted(
    (a, b) => a - b,
  );
  let from = 0;
  return ends.flatMap((to) => {
    // A copy for each reader: unmasking writes into it.
    const chunk = Buffer.from(bytes.subarray(from, to));
    from = to;
    return chunk.length === 0 ? [] : [chunk];
  });
}

/** What a connection says of its bytes, in order, and what it answers. */
async function readBy(chunks: readonly Buffer[], isOurs: boolean): Promise<readonly unknown[]> {
  const said: unknown[] = [];
  const written: Buffer[] = [];
  const socket = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      written.push(Buffer.from(chunk));
      done();
    },
  });
  const webSocket = upgrade(socket);
  written.length = 0;
  const onMessage = ({ bytes, isText }: Wire): void => {
    said.push(['message', Buffer.from(bytes).toString('hex'), isText]);
  };
  webSocket.on('ping', (data: Buffer) => said.push(['ping', data.toString('hex')]));
  webSocket.on('pong', (data: Buffer) => said.push(['pong', data.toString('hex')]));
  webSocket.on('close', (code: number) => said.push(['close', code]));
  webSocket.on('error', (error: Error & { code?: string }) => said.push(['error', error.code]));
  if (isOurs)
    readFrames(webSocket, socket as Socket, {
      maxPayload: MAX_PAYLOAD,
      onMessage,
      onEnding: () => undefined,
    });
  else webSocket.on('message', (data: Buffer, isBinary: boolean) => onMessage(Wire.of(data, !isBinary)));
  for (const chunk of chunks) {
    socket.push(chunk);
    await new Promise(setImmediate);
  }
  socket.push(null);
  await new Promise(setImmediate);
  socket.destroy();
  await new Promise(setImmediate);
  return [...said, Buffer.concat(written).toString('hex')];
}

function upgrade(socket: Duplex): WebSocket {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_PAYLOAD,
    maxFragments: MAX_FRAGMENTS,
  });
  const headers = {
    connection: 'upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
  };
  const request = { method: 'GET', url: '/', headers } as unknown as IncomingMessage;
  let upgraded: WebSocket | undefined;
  server.handleUpgrade(request, socket, Buffer.alloc(0), (webSocket) => {
    upgraded = webSocket;
  });
  if (upgraded === undefined) throw new Error('the handshake was refused');
  return upgraded;
}

test('frame reader › says and answers what ws would, for any frames in any chunks', async () => {
  let messages = 0;
  let errors = 0;
  await fc.assert(
    fc.asyncProperty(stream, cuts, async (bytes, places) => {
      const ours = await readBy(chunksOf(bytes, places), true);
      const theirs = await readBy(chunksOf(bytes, places), false);
      expect(ours).toEqual(theirs);
      for (const event of theirs) {
        if (Array.isArray(event) && event[0] === 'message') messages += 1;
        if (Array.isArray(event) && event[0] === 'error') errors += 1;
      }
    }),
    runs({ quick: 0.5 }),
  );
  // The streams are worth reading: most carry messages, and a fair share of them breaks a rule.
  expect(messages).toBeGreaterThan(errors);
  expect(errors).toBeGreaterThan(10);
});
