// Reading messages ourselves changes nothing but the speed: of any bytes, however they are cut into chunks, a client
// says what it would if ioredis read everything.

import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { readMessages } from '../../../plugins/endpoint-redis/message-reader.ts';
import { Wire } from '../../../src/core/wire.ts';
import { runs } from '../../runs.ts';

type Protocol = 2 | 3;

const name = fc.oneof(
  fc.constantFrom('a', 'b', 'news', 'message', 'größe'),
  fc.string({ minLength: 1, maxLength: 4 }),
);

const payload = fc.oneof(
  fc.string({ maxLength: 30 }).map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
  fc
    .constantFrom('\r\n', '$1\r\n', '>3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n')
    .map((text) => Buffer.from(text)),
);

const push = fc.record({
  channel: name,
  pattern: fc.option(name, { nil: undefined, freq: 3 }),
  payload,
});

/** What Redis answers to a command that is none of a subscription's; lists and maps only where RESP3 says which is which. */
const answer = fc.oneof(
  fc.constantFrom(
    '+PONG\r\n',
    '-ERR no\r\n',
    ':12\r\n',
    ':-3\r\n',
    '$-1\r\n',
    '$0\r\n\r\n',
    '$5\r\n+x\r\n$\r\n',
  ),
);
const answer3 = fc.oneof(
  answer,
  fc.constantFrom(
    '_\r\n',
    '#t\r\n',
    ',1.5\r\n',
    '(123456789012345678901234567890\r\n',
    '=7\r\ntxt:a\r\n\r\n',
    '!6\r\nERR no\r\n',
    '*0\r\n',
    '*-1\r\n',
    '*2\r\n*2\r\n:1\r\n$1\r\n>\r\n+b\r\n',
    '%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n:2\r\n',
    '~2\r\n:1\r\n:2\r\n',
    // What looks like a message, and is a part of an answer.
    '*2\r\n:1\r\n*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n',
    '%1\r\n+a\r\n*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n',
  ),
);

const partOf = (protocol: Protocol) =>
  fc.oneof(
    { weight: 4, arbitrary: push.map((it) => ({ bytes: pushOf(it, protocol), isAnswer: false })) },
    {
      weight: 1,
      arbitrary: (protocol === 3 ? answer3 : answer).map((text) => ({
        bytes: Buffer.from(text),
        isAnswer: true,
      })),
    },
  );

const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

function pushOf(
  { channel, pattern, payload }: { channel: string; pattern: string | undefined; payload: Buffer },
  protocol: Protocol,
): Buffer {
  const words =
    pattern === undefined ? ['message', channel, payload] : ['pmessage', pattern, channel, payload];
  const mark = protocol === 3 ? '>' : '*';
  return Buffer.concat([
    Buffer.from(`${mark}${words.length}\r\n`),
    ...words.flatMap((word) => [
      Buffer.from(`$${Buffer.byteLength(word)}\r\n`),
      Buffer.from(word),
      Buffer.from('\r\n'),
    ]),
  ]);
}

function chunksOf(bytes: Buffer, places: readonly number[]): readonly Buffer[] {
  const ends = [...places.map((place) => Math.floor(place * bytes.length)), bytes.length].toSorted(
    (a, b) => a - b,
  );
  let from = 0;
  return ends.flatMap((to) => {
    const chunk = bytes.subarray(from, to);
    from = to;
    return chunk.length === 0 ? [] : [chunk];
  });
}

/** A client that is connected and subscribed, on a stream of the test's. */
async function subscribed(protocol: Protocol, isOurs: boolean) {
  const duplex = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  const stream = Object.assign(duplex, { setNoDelay: () => undefined, setKeepAlive: () => undefined });
  const redis = new Redis({
    Connector: class {
      connect = async () => stream as unknown as Socket;
      disconnect(): void {}
      check = () => true;
    } as never,
    protocol,
    lazyConnect: true,
    enableReadyCheck: false,
    disableClientInfo: true,
    retryStrategy: null,
    enableOfflineQueue: false,
  });
  const said: unknown[] = [];
  const onMessage = (channel: string, { bytes }: Wire, pattern?: string): void => {
    said.push([channel, Buffer.from(bytes).toString('latin1'), pattern]);
  };
  redis.on('error', (error) => said.push(error.message));
  redis.on('messageBuffer', (channel: Buffer, payload: Buffer) =>
    onMessage(channel.toString(), Wire.of(payload)),
  );
  redis.on('pmessageBuffer', (pattern: string, channel: Buffer, payload: Buffer) =>
    onMessage(channel.toString(), Wire.of(payload), pattern),
  );
  const connected = redis.connect();
  await turn();
  if (protocol === 3) stream.push('%1\r\n$5\r\nproto\r\n:3\r\n');
  await connected;
  if (isOurs) readMessages(stream as unknown as Socket, onMessage);
  const own = stream.listeners('data');
  const subscribing = redis.subscribe('a');
  await turn();
  stream.push(`${protocol === 3 ? '>' : '*'}3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n`);
  await subscribing;
  return { redis, stream, said, own };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** What a client says of these bytes, in order, and what it is answered. */
async function readBy(
  chunks: readonly Buffer[],
  answers: number,
  protocol: Protocol,
  isOurs: boolean,
): Promise<unknown> {
  const { redis, stream, said } = await subscribed(protocol, isOurs);
  // PING is what may be asked on a connection that subscribes, in both protocols.
  const asked = Array.from({ length: answers }, () =>
    redis.ping().then(
      (reply: unknown) => said.push(['answer', String(reply)]),
      (error: Error) => said.push(['error', error.message]),
    ),
  );
  for (const chunk of chunks) {
    stream.push(chunk);
    await turn();
  }
  await Promise.all(asked);
  stream.destroy();
  await turn();
  return said;
}

describe('message reader', () => {
  it.each([2, 3] as const)(
    'says what ioredis would, for any messages and answers in any chunks, in RESP%d',
    async (protocol) => {
      await fc.assert(
        fc.asyncProperty(fc.array(partOf(protocol), { maxLength: 12 }), cuts, async (parts, places) => {
          const chunks = chunksOf(Buffer.concat(parts.map(({ bytes }) => bytes)), places);
          const answers = parts.filter(({ isAnswer }) => isAnswer).length;
          const ours = await readBy(chunks, answers, protocol, true);
          expect(ours).toEqual(await readBy(chunks, answers, protocol, false));
        }),
        runs({ share: 0.3 }),
      );
    },
  );

  it('gives ioredis nothing of a whole message, and all of one that is cut', async () => {
    const { redis, stream, said } = await subscribed(3, true);
    const emitted: string[] = [];
    redis.on('messageBuffer', (_channel: Buffer, payload: Buffer) => emitted.push(payload.toString()));
    const bytes = ['1', '2', '3'].map((text) =>
      pushOf({ channel: 'a', pattern: undefined, payload: Buffer.from(text) }, 3),
    );
    const [chunk, rest] = [Buffer.concat(bytes).subarray(0, -4), Buffer.concat(bytes).subarray(-4)];
    stream.push(chunk);
    await turn();
    expect(said).toEqual([
      ['a', '1', undefined],
      ['a', '2', undefined],
    ]);
    const pong = redis.ping();
    stream.push(Buffer.concat([rest, Buffer.from('+PONG\r\n'), ...bytes]));
    expect(await pong).toBe('PONG');
    expect(said).toHaveLength(6);
    expect(emitted).toEqual(['3']);
    stream.destroy();
  });

  it('leaves the connection to ioredis from the first byte on that Redis never sends', async () => {
    const { stream, said, own } = await subscribed(3, true);
    const message = pushOf({ channel: 'a', pattern: undefined, payload: Buffer.from('1') }, 3);
    stream.push(Buffer.concat([message, Buffer.from('?3\r\n'), message]));
    await turn();
    expect(said[0]).toEqual(['a', '1', undefined]);
    expect(said[1]).toMatch(/\?/);
    expect(stream.listeners('data')).not.toEqual(own);
    stream.destroy();
  });

  it('reads nothing where ioredis does not read by one listener', async () => {
    const stream = new Duplex({ read: () => undefined });
    readMessages(stream as unknown as Socket, () => undefined);
    expect(stream.listeners('data')).toEqual([]);
  });
});
