// HTTP as the battery sees it: a program that POSTs until it is told that all is well, and a server that counts.

import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { plugin } from '../../../plugins/endpoint-http/index.ts';
import type { BatteryWorld, OutsideMessage } from '../../../src/testing/index.ts';
import { startOwnHttp } from './own-http.ts';
import { startPlainHttp } from './plain-http.ts';

/** More than the window of any case: the requests that wait are the program's. */
const CONNECTIONS = 96;

/** It does not wait for as long as `retry-after` says, so that a case is soon over. */
const TRY_AGAIN_MS = 20;

export async function httpWorld(): Promise<BatteryWorld> {
  const own = await startOwnHttp();
  const taken: OutsideMessage[] = [];
  const far = await startPlainHttp((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      taken.push({ payload: Buffer.concat(chunks) });
      response.end();
    });
  });
  const poster = createPoster(own.port, '/in');
  return {
    plugin,
    service: own.service,
    server: { host: '127.0.0.1', port: far.port },
    source: () => ({ path: '/in', ack: 'delivered', patience: '100ms' }),
    sink: ({ host, port }) => ({ url: `http://${host}:${port}/hook`, timeout: '400ms' }),
    put(messages) {
      poster.post(messages.map(({ payload }) => payload));
      return Promise.resolve();
    },
    taken: () => Promise.resolve(taken),
    kill: far.kill,
    restart: far.restart,
    cannot: {
      'carries meta from sink to source':
        'its sink sends to other servers; endpoint-http.test.ts has the headers',
      'says once what is wrong with a refusal, and tries again with pauses':
        'a server refuses requests, and not that one connects',
    },
    async end() {
      poster.end();
      if (far.server.listening) await far.kill();
      await own.end();
    },
  };
}

/** Keeps each message until it is answered with 2xx. */
function createPoster(
  port: number,
  path: string,
): { post(bodies: readonly Uint8Array[]): void; end(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const waiting: { readonly id: number; readonly body: Uint8Array }[] = [];
  let running = 0;
  let count = 0;
  let isOver = false;

  const send = (id: number, body: Uint8Array): Promise<number> =>
    new Promise((resolve) => {
      const headers = { 'idempotency-key': `m${id}`, 'content-type': 'application/octet-stream' };
      const asking = request({ port, path, method: 'POST', agent, headers }, (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode ?? 0));
        response.once('error', () => resolve(0));
      });
      asking.once('error', () => resolve(0));
      asking.end(body);
    });
  const work = async (): Promise<void> => {
    running += 1;
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { id, body } = next;
      for (;;) {
        const status = await send(id, body);
        if (isOver) return;
        if (status >= 200 && status < 300) break;
        await sleep(TRY_AGAIN_MS);
      }
    }
    running -= 1;
  };

  return {
    post(bodies) {
      for (const body of bodies) waiting.push({ id: (count += 1), body });
      while (running < Math.min(CONNECTIONS, waiting.length)) void work();
    },
    end() {
      isOver = true;
      agent.destroy();
    },
  };
}
