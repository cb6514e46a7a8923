/** `POST /admin/reload`: what `araldo reload` asks of the server on its machine. Never for a page of a browser. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerJson, answerText } from './answer.ts';

/** Reloads, and says what came of it and the status of the answer. Never rejects. */
export type AskReload = () => Promise<{ readonly status: number; readonly body: unknown }>;

/** A page cannot send it to another origin without asking first, and nobody answers that here. */
export const ASKED_BY = { name: 'x-araldo', value: 'reload' } as const;

/** It reads the file that the server was started with, and takes nothing from the request. */
export function createAdminReload(
  reload: AskReload,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    request.resume();
    if (request.method !== 'POST') {
      answerText(response, {
        status: 405,
        text: 'A reload is asked for by POST.',
        headers: { allow: 'POST' },
      });
      return;
    }
    const isOurs = request.headers[ASKED_BY.name] === ASKED_BY.value;
    if (!isOurs || request.headers.origin !== undefined) {
      answerText(response, { status: 403, text: 'Ask for a reload with: araldo reload' });
      return;
    }
    void reload().then(({ status, body }) => answerJson(response, status, body));
  };
}
