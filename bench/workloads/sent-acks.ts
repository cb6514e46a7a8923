/** How many acknowledgements araldo sends to a source: read off the bytes that pass the proxy in front of it. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import type { SystemName } from '../../test/system/pairs/durable-system.ts';

/** What clients send to a server, piece by piece. */
interface Protocol {
  /** Bytes before the first piece. */
  readonly preamble?: number;
  /** Of the piece that begins there; nothing, or more than there is, while it has not come as a whole. */
  lengthAt(bytes: Buffer, at: number): number | undefined;
  /** Asked when all of it is there. */
  isAck(bytes: Buffer, at: number): boolean;
}

const OFFSET_COMMIT = 8;
const PUBACK = 4;
const METHOD_FRAME = 1;
const BASIC_ACK = (60 << 16) | 80;

const protocols: Readonly<Record<SystemName, Protocol>> = {
  'redis-stream': {
    lengthAt(bytes, at) {
      let end = lineEnd(bytes, at);
      for (let left = numberAt(bytes, at + 1); left > 0 && end !== undefined; left -= 1) {
        const size = numberAt(bytes, end + 1);
        const start = lineEnd(bytes, end);
        end = start === undefined ? undefined : start + size + 2;
      }
      return end === undefined ? undefined : end - at;
    },
    isAck: (bytes, at) => /^\*\d+\r\n\$4\r\nxack/i.test(bytes.toString('latin1', at, at + 24)),
  },
  jetstream: {
    lengthAt(bytes, at) {
      const end = lineEnd(bytes, at);
      if (end === undefined) return undefined;
      const line = bytes.toString('latin1', at, end - 2);
      return end - at + (/^H?PUB /i.test(line) ? Number(line.slice(line.lastIndexOf(' '))) + 2 : 0);
    },
    isAck: (bytes, at) =>
      /^PUB \$JS\.ACK\.\S+ \d+\r\n\+ACK/i.test(
        bytes.toString('latin1', at, pieceEnd('jetstream', bytes, at)),
      ),
  },
  amqp: {
    preamble: 8,
    lengthAt: (bytes, at) => (bytes.length < at + 7 ? undefined : bytes.readUInt32BE(at + 3) + 8),
    isAck: (bytes, at) => bytes[at] === METHOD_FRAME && bytes.readUInt32BE(at + 7) === BASIC_ACK,
  },
  kafka: {
    lengthAt: (bytes, at) => (bytes.length < at + 4 ? undefined : bytes.readInt32BE(at) + 4),
    isAck: (bytes, at) => bytes.readInt16BE(at + 4) === OFFSET_COMMIT,
  },
  mqtt: {
    lengthAt(bytes, at) {
      let length = 0;
      for (let place = 1; place <= 4; place += 1) {
        const byte = bytes[at + place];
        if (byte === undefined) return undefined;
        length += (byte & 127) * 128 ** (place - 1);
        if (byte < 128) return 1 + place + length;
      }
      throw new Error('expected the length of an MQTT packet in 4 bytes, found more');
    },
    isAck: (bytes, at) => (bytes[at] ?? 0) >> 4 === PUBACK,
  },
};

export interface SentAcks extends Disposable {
  readonly count: number;
}

/**
 * Watches what clients send to a port that this process listens on, from the next connection on: Node tells of each
 * that it accepts, so no second proxy slows them down.
 */
export function watchAcks(system: SystemName, port: number): SentAcks {
  let count = 0;
  const accepted = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    if (socket.localPort !== port) return;
    const acksIn = ackCounter(system);
    socket.on('data', (chunk: Buffer) => {
      count += acksIn(chunk);
    });
  };
  subscribe('net.server.socket', accepted);
  return {
    get count() {
      return count;
    },
    [Symbol.dispose]: () => void unsubscribe('net.server.socket', accepted),
  };
}

/** For one connection: how many acknowledgements end in the next bytes that a client sends. */
export function ackCounter(system: SystemName): (chunk: Buffer) => number {
  const { preamble = 0, lengthAt, isAck } = protocols[system];
  let skipped = 0;
  /** The piece that has not come as a whole; servers bound it. */
  let rest: Buffer = Buffer.alloc(0);

  return (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = Math.min(preamble - skipped, bytes.length);
    skipped += at;
    let count = 0;
    while (at < bytes.length) {
      const length = lengthAt(bytes, at);
      if (length === undefined || at + length > bytes.length) break;
      if (isAck(bytes, at)) count += 1;
      at += length;
    }
    rest = bytes.subarray(at);
    return count;
  };
}

function pieceEnd(system: SystemName, bytes: Buffer, at: number): number {
  return at + (protocols[system].lengthAt(bytes, at) ?? 0);
}

/** Where the next line begins. */
function lineEnd(bytes: Buffer, at: number): number | undefined {
  const end = bytes.indexOf('\r\n', at, 'latin1');
  return end < 0 ? undefined : end + 2;
}

function numberAt(bytes: Buffer, at: number): number {
  return Number.parseInt(bytes.toString('latin1', at, at + 12), 10);
}
