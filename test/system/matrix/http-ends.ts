// What speaks HTTP: requests and a server for them, a WebSocket, and a stream of events read by hand.

import { once } from 'node:events';
import { createServer, get, type IncomingMessage, request } from 'node:http';
import { WebSocket } from 'ws';
import { type End, envelopeText, rawOfEnvelope } from './end.ts';
import type { Raw } from './mapping.ts';

/** What a request has of the connection, and not of a message. */
const ofTheConnection = new Set(['host', 'connection', 'content-length', 'transfer-encoding']);

export async function httpEnd(port: number, acceptHeaders: readonly string[]): Promise<End> {
  const taken: Raw[] = [];
  const server = createServer((asked, response) => {
    const chunks: Buffer[] = [];
    asked.on('data', (chunk: Buffer) => chunks.push(chunk));
    asked.once('end', () => {
      taken.push({ payload: Buffer.concat(chunks), fields: {}, headers: headersIn(asked) });
      response.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: far } = server.address() as { port: number };
  return {
    source: { id: 'endpoint-http', path: '/in', 'accept-headers': acceptHeaders, marshal: 'none' },
    sink: { id: 'endpoint-http', url: `http://127.0.0.1:${far}/`, marshal: 'none' },
    open: async () => undefined,
    async put({ payload, headers }) {
      const asked = request({ port, host: '127.0.0.1', path: '/in', method: 'POST' });
      for (const [name, value] of Object.entries(headers))
        asked.setHeader(name, Buffer.from(value).toString('latin1'));
      asked.end(payload);
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      response.resume();
      if (response.statusCode !== 202) throw new Error(`the request was answered ${response.statusCode}`);
    },
    taken: () => taken,
    async close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function headersIn({ rawHeaders }: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] as string).toLowerCase();
    const value = Buffer.from(rawHeaders[at + 1] as string, 'latin1').toString();
    if (!ofTheConnection.has(name)) headers[name] = value;
  }
  return headers;
}

export function websocketEnd(port: number): End {
  const taken: Raw[] = [];
  const sockets: WebSocket[] = [];
  return {
    source: { id: 'endpoint-websocket', path: '/ws/in', marshal: 'enveloped' },
    sink: { id: 'endpoint-websocket', path: '/ws/out', marshal: 'enveloped' },
    async open() {
      for (const path of ['in', 'out']) {
        const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/${path}`);
        sockets.push(socket);
        await once(socket, 'open');
      }
      sockets[1]?.on('message', (data: Buffer) => taken.push(rawOfEnvelope(JSON.parse(data.toString()))));
    },
    put: async (raw) => sockets[0]?.send(envelopeText(raw)),
    taken: () => taken,
    async close() {
      for (const socket of sockets) socket.terminate();
    },
  };
}

export function eventsEnd(port: number): End {
  const taken: Raw[] = [];
  let stream: IncomingMessage | undefined;
  return {
    sink: { id: 'endpoint-sse', path: '/events', marshal: 'enveloped' },
    async open() {
      const asked = get({ port, host: '127.0.0.1', path: '/events' });
      [stream] = (await once(asked, 'response')) as [IncomingMessage];
      let text = '';
      stream.on('error', () => undefined);
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        const events = (text + chunk).split('\n\n');
        text = events.pop() ?? '';
        for (const event of events) {
          const data = event.split('\n').filter((line) => line.startsWith('data: '));
          if (data.length > 0)
            taken.push(rawOfEnvelope(JSON.parse(data.map((line) => line.slice(6)).join('\n'))));
        }
      });
    },
    taken: () => taken,
    async close() {
      stream?.destroy();
    },
  };
}
