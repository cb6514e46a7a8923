/** What the generator says and hears on a wire. Each message has one size there, so bytes count messages. */

import { BINARY, frameSize, maskedFrame, PONG } from './frame.ts';
import { createFrameCounter, type FrameCounter } from './frame-counter.ts';
import { type Role, roomName, type Wire } from './wire.ts';

/** One step of a handshake: send, then wait until `until` was read. */
export interface Exchange {
  readonly send: Buffer;
  readonly until: string;
  /** How the answer must begin. */
  readonly expect?: string;
}

export interface Protocol {
  /** What must be said before messages can flow. */
  handshake(role: Role, room: number): readonly Exchange[];
  /** So many messages of one payload, ready to be written. */
  messages(payload: Buffer, count: number, room: number): Buffer;
  /** How many bytes a message with a payload of this length is when it arrives, as `counter` counts. */
  deliveredSize(payload: number): number;
  /** How many bytes of what was read belong to messages. */
  counter(): FrameCounter;
  /** What keeps a connection alive on which pings are not seen. */
  readonly pong?: Buffer;
  /** What may be left over when bytes are divided by the size of a message. */
  readonly leftovers: readonly number[];
}

/** What its own clients send at once goes into one frame; with many more in it the server got no faster. */
const NATS_MESSAGES_PER_FRAME = 64;

const everyByte: FrameCounter = (_chunk, length) => length;

export function protocolOf(wire: Wire): Protocol {
  switch (wire.kind) {
    case 'websocket':
      return webSocket(wire.path);
    case 'nats':
      return nats(wire.subject, wire.echo);
    case 'redis':
      return redis(wire.channel);
    case 'tally':
      return tally;
    default:
      return wire satisfies never;
  }
}

function webSocket(path: string): Protocol {
  return {
    handshake: (_role, room) => [upgrade(path.replace('{room}', roomName(room)))],
    messages: (payload, count) => repeated(maskedFrame(payload), count),
    deliveredSize: frameSize,
    counter: () => everyByte,
    pong: maskedFrame(Buffer.alloc(0), PONG),
    // A ping without a payload may have come in between.
    leftovers: [0, 2],
  };
}

function nats(subject: string, echo: boolean): Protocol {
  const subjectOf = (room: number): string => subject.replace('{room}', roomName(room));
  return {
    handshake(role, room) {
      const connect = JSON.stringify({ verbose: false, pedantic: false, echo, lang: 'bench', version: '1' });
      const subscribe = role === 'publish' ? '' : `SUB ${subjectOf(room)} 1\r\n`;
      const hello = Buffer.from(`CONNECT ${connect}\r\n${subscribe}PING\r\n`);
      return [upgrade('/'), { send: maskedFrame(hello, BINARY), until: 'PONG\r\n' }];
    },
    messages(payload, count, room) {
      const head = Buffer.from(`PUB ${subjectOf(room)} ${payload.byteLength}\r\n`);
      const one = Buffer.concat([head, payload, Buffer.from('\r\n')]);
      const frame = (messages: number): Buffer => maskedFrame(repeated(one, messages), BINARY);
      const full = Math.floor(count / NATS_MESSAGES_PER_FRAME);
      const rest = count % NATS_MESSAGES_PER_FRAME;
      return Buffer.concat([
        repeated(frame(NATS_MESSAGES_PER_FRAME), full),
        ...(rest > 0 ? [frame(rest)] : []),
      ]);
    },
    deliveredSize: (payload) => `MSG ${subjectOf(0)} 1 ${payload}\r\n`.length + payload + 2,
    // It puts as many messages into a frame as it has.
    counter: createFrameCounter,
    // The first PING of the server, two seconds after the start; nobody needs to answer it.
    leftovers: [0, 'PING\r\n'.length],
  };
}

function redis(channel: string): Protocol {
  return {
    handshake: (role) =>
      role === 'publish' ? [] : [{ send: command('SUBSCRIBE', channel), until: ':1\r\n', expect: '*3' }],
    messages: (payload, count) => repeated(command('PUBLISH', channel, payload), count),
    deliveredSize: (payload) => command('message', channel, Buffer.alloc(payload)).byteLength,
    counter: () => everyByte,
    leftovers: [0],
  };
}

const tally: Protocol = {
  handshake: () => [],
  messages: (payload, count) => repeated(payload, count),
  deliveredSize: () => 1,
  counter: () => everyByte,
  leftovers: [0],
};

function upgrade(path: string): Exchange {
  const lines = [
    `GET ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ];
  return {
    send: Buffer.from(`${lines.join('\r\n')}\r\n\r\n`),
    until: '\r\n\r\n',
    expect: 'HTTP/1.1 101',
  };
}

/** A command of Redis, or a push message of it: both are arrays of strings. */
function command(...words: readonly (string | Buffer)[]): Buffer {
  const parts = words.flatMap((word) => [
    Buffer.from(`$${Buffer.byteLength(word)}\r\n`),
    Buffer.from(word),
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([Buffer.from(`*${words.length}\r\n`), ...parts]);
}

function repeated(message: Buffer, count: number): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => message));
}
