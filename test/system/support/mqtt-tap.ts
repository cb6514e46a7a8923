// Stands between a client and a broker of MQTT, and counts what the broker has sent that the client has not answered.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface MqttTap extends AsyncDisposable {
  readonly url: string;
  /** The most messages of QoS 1 that were unanswered at a time. */
  readonly most: number;
}

const PUBLISH = 3;
const PUBACK = 4;
/** Of the flags of a PUBLISH. */
const QOS_BITS = 0b0110;

export async function mqttTap(port: number): Promise<MqttTap> {
  const sockets = new Set<Socket>();
  let unanswered = 0;
  let most = 0;
  const server = createServer((client) => {
    const broker = connect(port, '127.0.0.1');
    for (const socket of [client, broker]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        broker.destroy();
      });
    }
    const fromBroker = packets((type, flags) => {
      if (type === PUBLISH && (flags & QOS_BITS) !== 0) most = Math.max(most, (unanswered += 1));
    });
    const fromClient = packets((type) => {
      if (type === PUBACK) unanswered -= 1;
    });
    broker.on('data', (chunk) => {
      fromBroker(chunk);
      client.write(chunk);
    });
    client.on('data', (chunk) => {
      fromClient(chunk);
      broker.write(chunk);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get most() {
      return most;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Calls back for each packet of a stream: a type and flags in one byte, the length in groups of seven bits, the rest. */
function packets(seen: (type: number, flags: number) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      let length = 0;
      let at = 1;
      for (let shift = 0; ; shift += 7, at += 1) {
        const byte = rest[at];
        if (byte === undefined) return;
        length |= (byte & 0x7f) << shift;
        if ((byte & 0x80) === 0) break;
      }
      const end = at + 1 + length;
      if (rest.length < end) return;
      const first = rest[0] ?? 0;
      seen(first >> 4, first & 0x0f);
      rest = rest.subarray(end);
    }
  };
}
