/** Brings a request or an upgrade to whoever claimed its path; what nobody claimed is answered here. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Log } from '../core/log.ts';
import { answerSocket, answerText, type Refusal } from './answer.ts';
import type { RequestHandler, UpgradeHandler } from './host.ts';
import type { Router } from './router.ts';

export interface DispatchOptions {
  /** The server's own pages; they come first. */
  readonly own: (
    pathname: string,
  ) => ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  readonly upgrades: Router<UpgradeHandler>;
  readonly requests: Router<RequestHandler>;
  readonly log: Log;
}

export interface Dispatch {
  request(pathname: string, request: IncomingMessage, response: ServerResponse): void;
  upgrade(pathname: string, connection: UpgradedConnection): void;
}

export interface UpgradedConnection {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
}

const nothingHere: Refusal = { status: 404, text: 'Nothing is here.' };
const malformedPath: Refusal = { status: 400, text: 'The path is not valid percent-encoding.' };
const failed: Refusal = { status: 500, text: 'The endpoint behind this path failed; the log says why.' };

export function createDispatch({ own, upgrades, requests, log }: DispatchOptions): Dispatch {
  return {
    request(pathname, request, response) {
      const page = own(pathname);
      if (page !== undefined) {
        const isAsked = request.method === 'GET' || request.method === 'HEAD';
        // What stands below it does something, and says itself how it is asked.
        if (isAsked || pathname.startsWith('/admin/')) page(request, response);
        else answerText(response, wrongMethod('GET, HEAD'));
        return;
      }
      const found = requests.find(pathname);
      if (found === undefined) {
        answerText(response, upgrades.find(pathname) === undefined ? nothingHere : needsUpgrade());
        return;
      }
      if (found.params === undefined) return answerText(response, malformedPath);
      try {
        found.handler(request, response, found.params);
      } catch (thrown) {
        log.error({ err: thrown, path: pathname }, 'a request handler threw');
        if (response.headersSent) response.destroy();
        else answerText(response, failed);
      }
    },

    upgrade(pathname, { request, socket, head }) {
      const found = upgrades.find(pathname);
      if (found === undefined) return answerSocket(socket, nothingHere);
      if (request.method !== 'GET') return answerSocket(socket, wrongMethod('GET'));
      const { handler, params } = found;
      if (params === undefined) return answerSocket(socket, malformedPath);
      const refuse = (status: number, text: string, headers: Refusal['headers'] = {}): void =>
        answerSocket(socket, { status, text, headers });
      const written = socket.bytesWritten;
      try {
        handler({ request, socket, head, params, refuse });
      } catch (thrown) {
        log.error({ err: thrown, path: pathname }, 'an upgrade handler threw');
        // It may have written already: a second answer would be read as part of the first.
        if (socket.bytesWritten > written) socket.destroy();
        else answerSocket(socket, failed);
      }
    },
  };
}

function wrongMethod(allow: string): Refusal {
  return { status: 405, text: `This path answers to ${allow} only.`, headers: { allow } };
}

function needsUpgrade(): Refusal {
  return {
    status: 426,
    text: 'This path speaks WebSocket only.',
    headers: { upgrade: 'websocket', connection: 'close, upgrade' },
  };
}
