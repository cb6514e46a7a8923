/** Whether the process lives, and whether it is ready: what orchestrators, and people in a hurry, ask. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerJson, answerText } from './answer.ts';
import type { ServerStatus, Status } from './status.ts';

/** `/livez`: whoever is answered knows that the event loop runs. */
export function livez(_request: IncomingMessage, response: ServerResponse): void {
  answerText(response, { status: 200, text: 'ok' });
}

/** `/readyz`: 200 when messages flow everywhere, else 503; the body says in both cases what is how. */
export function createReadyz(source: Status): (request: IncomingMessage, response: ServerResponse) => void {
  return (_request, response) => {
    const readiness = readinessOf(source.status());
    answerJson(response, readiness.isReady ? 200 : 503, readiness);
  };
}

export interface Readiness {
  readonly isReady: boolean;
  readonly state: ServerStatus['state'];
  /** Why it is not ready, a sentence each; empty when it is. */
  readonly reasons: readonly string[];
  readonly endpoints: readonly {
    readonly name: string;
    readonly id: string;
    readonly state: string;
    /** ISO 8601. */
    readonly since: string;
    readonly lastError?: string;
    readonly reconnects: number;
  }[];
  /** The sources that are kept from emitting, and by whom: legs and steps by name. */
  readonly gates: readonly {
    readonly endpoint: string;
    readonly holders: readonly string[];
    readonly isFull: boolean;
  }[];
  /** Steps that have kept a message for so long that they may have lost it, and with it a place in the window. */
  readonly steps: readonly { readonly step: string; readonly held: number; readonly seconds: number }[];
}

/** What a status comes to. A shut gate is no reason: to wait for a slow sink is what `pause` asks for. */
export function readinessOf(status: ServerStatus): Readiness {
  const reasons: string[] = [];
  if (status.state !== 'running') reasons.push(`the server is ${status.state}`);
  for (const { name, state, lastError } of status.endpoints) {
    if (state === 'open') continue;
    reasons.push(`endpoint ${name} is ${state}${lastError === undefined ? '' : ` (${lastError})`}`);
  }
  for (const { name, heldByError, legs } of status.routes) {
    if (heldByError > 0) reasons.push(`route ${name} stands still at ${count(heldByError)} that failed`);
    for (const { sink, spill } of legs) {
      if (spill?.failing === undefined) continue;
      reasons.push(`${name} → ${sink} cannot use its disk, and holds its sources: ${spill.failing}`);
    }
  }
  return {
    isReady: reasons.length === 0,
    state: status.state,
    reasons,
    endpoints: status.endpoints.map(({ name, id, state, since, lastError, reconnects }) => ({
      name,
      id,
      state,
      since: new Date(since).toISOString(),
      ...(lastError === undefined ? {} : { lastError }),
      reconnects,
    })),
    gates: status.endpoints.flatMap(({ name, source }) =>
      source === undefined || (source.holders.length === 0 && !source.isFull)
        ? []
        : [{ endpoint: name, holders: source.holders, isFull: source.isFull }],
    ),
    steps: status.routes.flatMap(({ keeping }) =>
      keeping
        .filter(({ isOverdue }) => isOverdue)
        .map(({ step, held, oldestMs }) => ({ step, held, seconds: Math.round(oldestMs / 1_000) })),
    ),
  };
}

function count(messages: number): string {
  return messages === 1 ? 'a message' : `${messages} messages`;
}
