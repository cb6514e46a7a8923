/** What has become of the messages of a request, and how that is said in HTTP (RFC 9110, RFC 9457). */
import type { ServerResponse } from 'node:http';
import { type ErrorCode, errorCodes } from '../../src/core/errors.ts';
import type { End, Status } from '../../src/core/message.ts';
import { answerJson, answerProblem, type Headers } from './answer.ts';

export interface Fate {
  /** The worst of the settlements. */
  worst: Status;
  /** The code of the first failure that is nobody's any more, and of the first one that is kept as a dead letter. */
  failed: string | undefined;
  setAside: string | undefined;
  /** Parts of messages that were left out on purpose, by reason: words of the configuration, so they are few. */
  readonly discarded: Map<string, number>;
}

export const soon: Headers = { 'retry-after': '1' };

/** It fails in the same way however often it is sent. */
const unprocessable: Readonly<Record<string, number>> = {
  'malformed-payload': 422,
  'invalid-payload': 422,
  'unmarshallable-payload': 422,
  'expression-failed': 422,
  'payload-too-large': 413,
} satisfies Partial<Record<ErrorCode, number>>;

const severity: readonly Status[] = ['ack', 'nack', 'reject'];

export function newFate(): Fate {
  return { worst: 'ack', failed: undefined, setAside: undefined, discarded: new Map() };
}

export function addStatus(fate: Fate, status: Status): void {
  if (severity.indexOf(status) > severity.indexOf(fate.worst)) fate.worst = status;
}

export function addEnd(fate: Fate, end: End, reason: string): void {
  if (end === 'failed') fate.failed ??= reason;
  else if (end === 'set-aside') fate.setAside ??= reason;
  else fate.discarded.set(reason, (fate.discarded.get(reason) ?? 0) + 1);
}

/** Whether some of it has failed, so that no answer of a route is to be expected. */
export function hasFailed({ worst, failed, setAside }: Fate): boolean {
  return worst !== 'ack' || failed !== undefined || setAside !== undefined;
}

/**
 * 200: every sink that the messages were for has them. 202: they are taken, and some were discarded on purpose or set
 * aside as dead letters. 413, 422: they would fail again. 503: to be sent again. 502: given up.
 *
 * @param messages how many the request had
 */
export function answerFate(response: ServerResponse, fate: Fate, messages: number): void {
  const { worst, failed, setAside, discarded } = fate;
  if (worst === 'ack' && failed === undefined) {
    if (setAside !== undefined)
      return answerJson(response, 202, { status: 'set-aside', messages, code: setAside });
    if (discarded.size === 0) return answerJson(response, 200, { status: 'acked', messages });
    return answerJson(response, 202, {
      status: 'discarded',
      messages,
      discarded: Object.fromEntries(discarded),
    });
  }
  const code = failed ?? setAside;
  const lasting = unprocessable[code ?? ''];
  if (lasting !== undefined) return answerFailed(response, lasting, code);
  if (worst === 'nack') return answerFailed(response, 503, code, soon);
  // One that is rejected without a failure was rejected by a step: the message is at fault.
  answerFailed(response, code === undefined ? 422 : 502, code);
}

/** What a code means is said in general: the error itself may name what is none of the sender's business. */
function answerFailed(
  response: ServerResponse,
  status: number,
  code: string | undefined,
  headers: Headers = {},
): void {
  const detail = (errorCodes as Readonly<Record<string, string>>)[code ?? ''] ?? 'a step has rejected it';
  answerProblem(response, { status, detail, code, headers });
}
