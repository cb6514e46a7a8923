/** A message as an event of a stream: the bytes that every peer gets, and a number to resume from. */
import { isUtf8 } from 'node:buffer';
import { AraldoError } from '../../src/core/errors.ts';

export interface StreamEvent {
  /** Rises by one with each event of a run of the server. */
  readonly number: number;
  /** Whom it is for. */
  readonly room: string;
  readonly bytes: Buffer;
}

/** What a run of the server names its events by, so that those of another are told apart. */
export function eventId(instance: string, number: number): string {
  return `${instance}-${number}`;
}

/** The number in a Last-Event-ID of this run; `undefined` for one of another, or of anybody's making. */
export function numberOf(id: string, instance: string): number | undefined {
  if (!id.startsWith(`${instance}-`)) return undefined;
  const digits = id.slice(instance.length + 1);
  return /^\d{1,15}$/.test(digits) ? Number(digits) : undefined;
}

/**
 * Throws an `AraldoError` (`sink-rejected`) for a payload that is no text: a stream of events carries nothing else.
 * Line breaks of any kind arrive as `\n`.
 */
export function encodeEvent(payload: Uint8Array, id: string, type: string | undefined): Buffer {
  if (!isUtf8(payload)) {
    throw new AraldoError(
      'sink-rejected',
      'expected text for an event, found bytes that are not UTF-8: marshal the payload, as marshal-json does',
    );
  }
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString();
  const data = text
    .split(/\r\n|\r|\n/)
    .map((line) => `data: ${line}\n`)
    .join('');
  return Buffer.from(`id: ${id}\n${type === undefined ? '' : `event: ${type}\n`}${data}\n`);
}

/** Tells a peer that it has missed so many: only who listens for events of this type sees it. */
export function lostEvent(messages: number): Buffer {
  return Buffer.from(`event: araldo-lost\ndata: {"messages":${messages}}\n\n`);
}
