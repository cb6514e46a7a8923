// Redis Streams as the battery sees them: a stream that is read, another that is written, and raw commands beside araldo.

import { Redis } from 'ioredis';
import { plugin } from '../../../plugins/endpoint-redis-stream/index.ts';
import type { BatteryWorld, OutsideMessage, ServerAddress } from '../../../src/testing/index.ts';
import type { RedisServer } from '../../servers/redis.ts';

/** @param place a name of its own for each world on one server */
export async function streamWorld(server: RedisServer, place: string): Promise<BatteryWorld> {
  const outside = new Redis(server.url);
  // The server is killed now and then.
  outside.on('error', () => undefined);
  const streams = { in: `${place}-in`, out: `${place}-out` };
  const quick = { ping: { every: '300ms', timeout: '300ms' }, 'claim-after': '10s' };
  const url = ({ host, port }: ServerAddress, login = ''): string => `redis://${login}${host}:${port}`;
  const taken: OutsideMessage[] = [];
  let last = '-';

  return {
    plugin,
    server: { host: '127.0.0.1', port: server.port },
    carries: ['id', 'key', 'headers', 'contentType', 'correlationId', 'replyTo', 'timestamp'],
    source: (at) => ({ url: url(at), stream: streams.in, group: 'g', ...quick }),
    sink: (at) => ({ url: url(at), stream: streams.out, ...quick }),
    loop: (at) => ({ url: url(at), stream: streams.out, group: 'g', ...quick }),
    refusals: (at) => [
      {
        what: 'wrong password',
        options: { url: url(at, 'nobody:wrong-secret@'), stream: streams.in, group: 'g' },
        says: /WRONGPASS.*check the user and the password in url/,
        secret: 'wrong-secret',
      },
      {
        what: 'a key that is no stream',
        options: { url: url(at), stream: `${place}-text`, group: 'g' },
        says: /expected a stream under the key .*-text of .*, found a string; check stream/,
      },
    ],
    async put(messages) {
      await outside.set(`${place}-text`, 'x');
      for (let at = 0; at < messages.length; at += 1_000) {
        const batch = outside.pipeline();
        for (const { payload, headers = {} } of messages.slice(at, at + 1_000))
          batch.xadd(streams.in, '*', 'payload', payload as Buffer, ...Object.entries(headers).flat());
        for (const [error] of (await batch.exec()) ?? []) if (error !== null) throw error;
      }
    },
    async taken() {
      for (;;) {
        const some = await outside.xrangeBuffer(streams.out, last, '+', 'COUNT', 1_000);
        for (const [id, [, payload = Buffer.alloc(0), ...fields]] of some) {
          last = `(${id.toString()}`;
          const headers = fields
            .map(String)
            .flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1]]] : []));
          taken.push({ payload, headers: Object.fromEntries(headers) as Record<string, string> });
        }
        if (some.length < 1_000) return taken;
      }
    },
    kill: () => server.kill(),
    restart: () => server.restart(),
    end: () => outside.disconnect(),
  };
}
