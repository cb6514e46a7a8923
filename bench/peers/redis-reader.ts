/**
 * Run as a process: `redis-reader.ts PORT REDIS_PORT CHANNEL`. A subscription of ioredis and nothing else: it tells
 * whoever connects how much it has read, a byte for each message, once a turn.
 */
import { createServer, type Socket } from 'node:net';
import { Redis } from 'ioredis';

const [port = '', redisPort = '', channel = ''] = process.argv.slice(2);
const listeners = new Set<Socket>();
const subscription = new Redis({ host: '127.0.0.1', port: Number(redisPort) });
let read = 0;

await subscription.subscribe(channel);
subscription.on('messageBuffer', () => {
  if (read === 0) setImmediate(tell);
  read += 1;
});

function tell(): void {
  const bytes = Buffer.alloc(read);
  read = 0;
  for (const listener of listeners) listener.write(bytes);
}

createServer({ noDelay: true }, (socket) => {
  listeners.add(socket);
  socket.on('close', () => listeners.delete(socket));
  socket.on('error', () => socket.destroy());
}).listen(Number(port), '127.0.0.1');
