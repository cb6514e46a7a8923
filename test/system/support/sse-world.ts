// Events as the battery sees them: a bare server that remembers what it has told, and a bare client that comes back.

import { get, type IncomingMessage, type ServerResponse } from 'node:http';
import { plugin } from '../../../plugins/endpoint-sse/index.ts';
import type { BatteryWorld, OutsideMessage, ServerAddress } from '../../../src/testing/index.ts';
import { startOwnHttp } from './own-http.ts';
import { startPlainHttp } from './plain-http.ts';

export async function sseWorld(): Promise<BatteryWorld> {
  const own = await startOwnHttp();
  /** What was told, by the number of each from 1. */
  const told: string[] = [];
  const listening = new Set<ServerResponse>();
  const far = await startPlainHttp((incoming, response) => {
    if (incoming.url === '/locked') return void response.writeHead(401).end();
    if (incoming.url === '/page') return void response.writeHead(200, { 'content-type': 'text/html' }).end();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const last = incoming.headers['last-event-id'];
    // Who comes for the first time hears what is told from now on.
    if (typeof last === 'string') for (const event of told.slice(Number(last))) response.write(event);
    response.write(':\n\n');
    listening.add(response);
    response.once('close', () => listening.delete(response));
  });
  const alive = setInterval(() => {
    for (const response of listening) response.write(':\n\n');
  }, 100);

  const taken: OutsideMessage[] = [];
  let client: IncomingMessage | undefined;
  let lastId = '';
  const listen = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const headers = lastId === '' ? {} : { 'last-event-id': lastId };
      const asking = get({ port: own.port, path: '/out', headers, agent: false }, (response) => {
        // The sink of the case may not be there.
        if (response.statusCode !== 200) {
          response.resume();
          return resolve();
        }
        client = response;
        let rest = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          const events = `${rest}${chunk}`.split('\n\n');
          rest = events.pop() ?? '';
          for (const event of events) {
            const [, data] = /^data: (.*)$/m.exec(event) ?? [];
            lastId = /^id: (.*)$/m.exec(event)?.[1] ?? lastId;
            if (data !== undefined) taken.push({ payload: Buffer.from(data) });
          }
        });
        response.on('error', () => undefined);
        response.once('close', () => {
          if (client === response) client = undefined;
        });
        resolve();
      });
      asking.once('error', reject);
    });

  const url = ({ host, port }: ServerAddress, path: string, login = ''): string =>
    `http://${login}${host}:${port}${path}`;
  return {
    plugin,
    service: own.service,
    isText: true,
    server: { host: '127.0.0.1', port: far.port },
    source: (at) => ({ url: url(at, '/in'), idle: '500ms' }),
    sink: () => ({ path: '/out', 'keep-alive': '100ms' }),
    refusals: (at) => [
      {
        what: 'wrong password',
        options: { url: url(at, '/locked', 'someone:wrong-secret@') },
        says: /it answered 401 .*check the credentials in headers or url/,
        secret: 'wrong-secret',
      },
      {
        what: 'a page that is no stream',
        options: { url: url(at, '/page') },
        says: /expected text\/event-stream, found text\/html/,
      },
    ],
    put(messages) {
      for (const { payload } of messages) {
        const event = `id: ${told.length + 1}\ndata: ${Buffer.from(payload).toString()}\n\n`;
        told.push(event);
        for (const response of listening) response.write(event);
      }
      return Promise.resolve();
    },
    taken: () => Promise.resolve(taken),
    async meet() {
      if (client === undefined) await listen();
    },
    kill: far.kill,
    restart: far.restart,
    cannot: {
      'carries meta from sink to source': 'an event has no headers: an envelope carries what meta has',
    },
    async end() {
      clearInterval(alive);
      client?.destroy();
      if (far.server.listening) await far.kill();
      await own.end();
    },
  };
}
