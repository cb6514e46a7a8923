/** Run as a process: `redis-writer.ts PORT REDIS_PORT CHANNEL`. `ws` and ioredis, a PUBLISH for each message. */
import { Redis } from 'ioredis';
import { WebSocketServer } from 'ws';

const [port = '', redisPort = '', channel = ''] = process.argv.slice(2);
const redis = new Redis({ host: '127.0.0.1', port: Number(redisPort), enableAutoPipelining: true });
const server = new WebSocketServer({ host: '127.0.0.1', port: Number(port), clientTracking: false });

server.on('connection', (socket) => {
  socket.on('message', (data) => {
    redis.publish(channel, data as Buffer).catch((error: unknown) => {
      throw error;
    });
  });
  socket.on('error', () => socket.terminate());
});
