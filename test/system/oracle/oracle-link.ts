// An endpoint to the oracle of a test: a broker that waits for acks, or a store that confirms, each over a connection
// of its own. Lines in both directions. From the broker: `<number> <text>`; to it: `<status> <number>`. To the store:
// the payloads; from it: how many more it confirms, the oldest first.

import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { AraldoError, defineEndpoint, type Lane, type Port, type Sender, type Transport, Wire } from 'araldo';
import { z } from 'zod';

/** The most payloads that the store may have unconfirmed. */
const ROOM = 64;

const shared = { acks: true, redelivers: true, ordered: 'all', scope: 'once', carries: 'bytes' } as const;

export default defineEndpoint({
  kind: 'endpoint',
  id: 'oracle-link',
  summary: 'Reads from or writes to the oracle of a test.',
  options: z.strictObject({ port: z.int(), role: z.enum(['broker', 'store']) }),
  capabilities: ({ role }) =>
    role === 'broker'
      ? { source: { canPause: true, ...shared } }
      : { sink: { confirms: 'durable', reaches: 'system', carries: 'bytes' } },
  create: ({ port, role }, context) =>
    context.connect((own) => (role === 'broker' ? broker(port, own) : store(port, own))),
});

/** Tells each line, once connected as a role. */
async function link(port: number, role: string, own: Port, onLine: (line: string) => void): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  socket.on('close', () => own.broken(new AraldoError('connection-lost', 'the oracle hung up')));
  createInterface({ input: socket })
    .on('error', () => undefined)
    .on('line', onLine);
  socket.write(`${role}\n`);
  return socket;
}

function broker(port: number, own: Port): Transport {
  let socket: Socket | undefined;
  let lane: Lane;
  return {
    async open() {
      lane = own.source.lane({ name: 'all' });
      socket = await link(port, 'broker', own, (line) => {
        const [id = ''] = line.split(' ', 1);
        lane.receiveBytes(Wire.of(Buffer.from(line), true), { id, headers: { from: 'oracle' } });
      });
    },
    pause: () => socket?.pause(),
    resume: () => socket?.resume(),
    settled(_lane, root, status) {
      socket?.write(`${status} ${root.meta.id}\n`);
    },
    close() {
      socket?.destroy();
    },
  };
}

function store(port: number, own: Port): Transport {
  let socket: Socket | undefined;
  let unconfirmed: { sender: Sender; ticket: number }[] = [];
  return {
    async open() {
      unconfirmed = [];
      socket = await link(port, 'store', own, (line) => {
        for (const { sender, ticket } of unconfirmed.splice(0, Number(line))) sender.confirm(ticket);
        own.writable();
      });
    },
    isWritable: () => unconfirmed.length < ROOM,
    write(message, ticket, sender) {
      socket?.write(`${String(message.payload)}\n`);
      unconfirmed.push({ sender, ticket });
      return false;
    },
    close() {
      socket?.destroy();
    },
  };
}
