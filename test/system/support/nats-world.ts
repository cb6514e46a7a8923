// Core NATS as the battery sees it: two subjects, and a client beside araldo that speaks the protocol by hand.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { plugin } from '../../../plugins/endpoint-nats/index.ts';
import type { BatteryWorld, OutsideMessage, ServerAddress } from '../../../src/testing/index.ts';
import type { NatsServer } from '../../servers/nats.ts';

/** @param place names the subjects of one case. The server asks for a password of `admin`, and of nobody else. */
export async function natsWorld(nats: NatsServer, place: string): Promise<BatteryWorld> {
  const [incoming, outgoing] = [`${place}.in`, `${place}.out`];
  const taken: OutsideMessage[] = [];
  let outside = await rawNats(nats.port, outgoing, (payload) => taken.push({ payload }));
  const at = ({ host, port }: ServerAddress, login = ''): object => ({
    url: `nats://${login}${host}:${port}`,
    ping: { every: '300ms', timeout: '300ms' },
  });
  return {
    plugin,
    server: { host: '127.0.0.1', port: nats.port },
    source: (address) => ({ ...at(address), subscribe: incoming }),
    sink: (address) => ({ ...at(address), publish: outgoing }),
    loop: (address) => ({ ...at(address), subscribe: outgoing }),
    refusals: (address) => [
      {
        what: 'wrong password',
        options: { ...at(address, 'admin:wrong-password@'), publish: outgoing },
        says: /Authorization Violation; check the user and the password in url/,
        secret: 'wrong-password',
      },
    ],
    put: (messages) =>
      outside.publish(
        incoming,
        messages.map(({ payload }) => payload),
      ),
    taken: () => Promise.resolve(taken),
    kill: () => nats.kill(),
    async restart() {
      await nats.restart();
      outside = await rawNats(nats.port, outgoing, (payload) => taken.push({ payload }));
    },
    carries: ['id', 'key', 'headers', 'contentType', 'correlationId', 'replyTo', 'timestamp'],
    end: () => outside.end(),
  };
}

interface RawNats {
  /** Resolves when the server has them. */
  publish(subject: string, payloads: readonly Uint8Array[]): Promise<void>;
  end(): void;
}

/** Subscribes to one subject; resolves when the server knows. */
async function rawNats(port: number, subject: string, take: (payload: Buffer) => void): Promise<RawNats> {
  const socket: Socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  let rest = Buffer.alloc(0);
  const pongs: (() => void)[] = [];
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
      const [verb = '', ...words] = rest.subarray(0, end).toString().split(' ');
      const size = /^H?MSG$/.test(verb) ? Number(words.at(-1)) : 0;
      const isMessage = /^H?MSG$/.test(verb);
      if (isMessage && rest.length < end + 2 + size + 2) return;
      // HMSG <subject> <sid> [reply] <bytes of headers> <bytes in all>
      const from = end + 2 + (verb === 'HMSG' ? Number(words.at(-2)) : 0);
      if (isMessage) take(Buffer.from(rest.subarray(from, end + 2 + size)));
      else if (verb === 'PING') socket.write('PONG\r\n');
      else if (verb === 'PONG') pongs.shift()?.();
      rest = rest.subarray(isMessage ? end + 2 + size + 2 : end + 2);
    }
  });
  await once(socket, 'connect');
  const pong = (): Promise<void> => {
    const heard = new Promise<void>((resolve) => pongs.push(resolve));
    socket.write('PING\r\n');
    return heard;
  };
  socket.write(`CONNECT {"verbose":false,"headers":true}\r\nSUB ${subject} 1\r\n`);
  await pong();
  return {
    async publish(to, payloads) {
      for (const payload of payloads) {
        socket.write(`PUB ${to} ${payload.byteLength}\r\n`);
        socket.write(payload);
        socket.write('\r\n');
      }
      await pong();
    },
    end: () => void socket.destroy(),
  };
}
