// One end of the matrix: a system that araldo reads from and writes to, seen from the other side of it.

import type { Raw } from './mapping.ts';

/** The options of an endpoint without its name. */
export type Declaration = Readonly<Record<string, unknown>> & { readonly id: string };

/**
 * A client of a system that is not araldo: it puts messages in as that system writes them, and takes those that araldo
 * has written as they stand there.
 */
export interface End {
  /** What araldo reads from; none where it only writes. */
  readonly source?: Declaration;
  readonly sink: Declaration;
  /** Called once, when araldo is ready. */
  open(): Promise<void>;
  put?(raw: Raw): Promise<void>;
  /** All that has arrived so far. */
  taken(): readonly Raw[];
  close(): Promise<void>;
}

/** `{id, meta, payload}` in JSON, a payload as base64 where it is no text. */
export function envelopeText({ payload, fields, headers }: Raw): string {
  const { id, ...meta } = fields;
  return JSON.stringify({
    ...(id !== undefined && { id }),
    meta: { ...meta, ...(Object.keys(headers).length > 0 && { headers }) },
    payload: payload.toString('base64'),
    encoding: 'base64',
  });
}

/** Takes apart what stands in an envelope. Beside the words of meta it holds what endpoints add of their own. */
export function rawOfEnvelope(envelope: unknown): Raw {
  const { id, meta, payload, encoding } = envelope as {
    readonly id: string;
    readonly meta: Readonly<Record<string, unknown>>;
    readonly payload: string | Uint8Array;
    readonly encoding?: string;
  };
  const known = ['key', 'contentType', 'correlationId', 'replyTo', 'timestamp'];
  const fields = Object.fromEntries(
    Object.entries({ ...meta, id }).filter(([name]) => [...known, 'id'].includes(name)),
  );
  return {
    payload:
      typeof payload === 'string'
        ? Buffer.from(payload, encoding === 'base64' ? 'base64' : 'utf8')
        : Buffer.from(payload),
    fields,
    headers: (meta['headers'] ?? {}) as Raw['headers'],
  };
}
