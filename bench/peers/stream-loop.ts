/**
 * Run as a process: `stream-loop.ts REDIS_PORT SOURCE SINK WINDOW`. The commands of a route from stream to stream, and
 * nothing else: XREADGROUP, the XADDs in one pipeline, one XACK for all of them.
 */
import { createServer } from 'node:net';
import { Redis } from 'ioredis';

const [port = '', redisPort = '', source = '', sink = '', window = ''] = process.argv.slice(2);
type Entry = readonly [id: Buffer, fields: readonly Buffer[]];
/** A map, which ioredis flattens. */
type Read = readonly [stream: Buffer, entries: readonly Entry[]] | null;

// Whoever started it waits until it listens, and hangs up with a reset.
createServer((socket) => socket.on('error', () => undefined).destroy()).listen(Number(port), '127.0.0.1');
const options = { host: '127.0.0.1', port: Number(redisPort) };
const reader = new Redis(options);
const writer = new Redis(options);

for (;;) {
  const read = (await reader.callBuffer(
    'XREADGROUP',
    ...['GROUP', 'bench', 'alone', 'COUNT', window, 'BLOCK', '1000', 'STREAMS', source, '>'],
  )) as Read;
  const entries = read?.[1] ?? [];
  if (entries.length === 0) continue;
  const batch = writer.pipeline();
  for (const [, fields] of entries) batch.xadd(sink, '*', ...fields);
  await batch.exec();
  await writer.xack(source, 'bench', ...entries.map(([id]) => id));
}
