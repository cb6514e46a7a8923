/** A dead letter: the message that failed, with what it failed of in its meta, and as it came from its source. */
import { isUtf8 } from 'node:buffer';
import type { AraldoError, ErrorCode } from '../core/errors.ts';
import type { FailedAt, Message, Meta } from '../core/message.ts';

/** `meta.error` of a dead letter: plain, so that any envelope carries it. */
export interface FailureReport {
  readonly code: ErrorCode;
  /** At most 1,024 characters. */
  readonly message: string;
  readonly route: string;
  /** The step, the leg, or what compile puts before the steps: `orders.via[2] map`, `orders → archive`. */
  readonly at: string;
  /** Where that stands in the configuration: `araldo.yaml:31:13`. Absent for one that is no file. */
  readonly place?: string;
  /** How often its leg had sent it; absent where it was not sent. */
  readonly attempts?: number;
  /** How often its source had delivered it. */
  readonly deliveries: number;
  /** Absent where nobody knows it: joined of several messages, from the disk of a leg, out of an opaque step. */
  readonly original?: OriginalMessage;
}

/** A message as it came from its source, before any step. */
export interface OriginalMessage {
  readonly id: string;
  readonly meta: Meta;
  /** Of its bytes. Absent where its source carries values. */
  readonly size?: number;
  /** Its bytes, where they are UTF-8; exactly, so that they can be sent again. */
  readonly text?: string;
  /** Its bytes, where they are not. Neither is there where they are too large. */
  readonly base64?: string;
}

export interface DeadLetterOptions {
  readonly route: string;
  /** The most bytes of an original that a letter carries. */
  readonly maxOriginal: number;
  /** Where a step or leg stands in the configuration, by its name. */
  readonly placeOf: (at: string) => string | undefined;
}

const LONGEST_MESSAGE = 1024;

/**
 * The letter keeps the obligation of `message`. Bytes that no marshaller could read become text where they are
 * UTF-8, else `{base64}`, so that the marshaller of any sink can carry them.
 *
 * @param original that of the message that failed; `message` may be a copy that has left its origin
 */
export function deadLetterOf(
  message: Message,
  original: Message | undefined,
  error: AraldoError,
  where: FailedAt | undefined,
  { route, maxOriginal, placeOf }: DeadLetterOptions,
): Message {
  const at = where?.at ?? route;
  const place = placeOf(at);
  const report: FailureReport = {
    code: error.code,
    message: error.message.slice(0, LONGEST_MESSAGE),
    route,
    at,
    ...(place === undefined ? {} : { place }),
    ...(where?.attempts === undefined ? {} : { attempts: where.attempts }),
    deliveries: message.meta.deliveries ?? 1,
    ...(original === undefined ? {} : { original: originalOf(original, maxOriginal) }),
  };
  const meta = { ...message.meta, id: message.id, error: report };
  const { payload } = message;
  if (!(payload instanceof Uint8Array)) return message.withMeta(meta);
  const { text, base64 } = plainBytes(payload);
  return message.with(text ?? { base64 }, meta);
}

/**
 * The letter with less in it, for a sink that has refused it: without the bytes of its original where it is too large,
 * without its payload where that has no form in bytes. `undefined` where it has nothing to leave out.
 */
export function lighterLetter(letter: Message, { code }: AraldoError): Message | undefined {
  const report = letter.meta['error'] as FailureReport;
  const { original } = report;
  if (original?.text === undefined && original?.base64 === undefined) return undefined;
  if (code === 'unmarshallable-payload') return letter.payload === null ? undefined : letter.with(null);
  if (code !== 'payload-too-large') return undefined;
  const { text: _text, base64: _base64, ...rest } = original;
  return letter.withMeta({ ...letter.meta, error: { ...report, original: rest } });
}

function originalOf({ id, meta, wire, payload }: Message, max: number): OriginalMessage {
  const bytes = wire?.bytes ?? (typeof payload === 'string' ? Buffer.from(payload) : payload);
  if (!(bytes instanceof Uint8Array)) return { id, meta };
  const size = bytes.byteLength;
  return { id, meta, size, ...(size > max ? {} : plainBytes(bytes)) };
}

function plainBytes(bytes: Uint8Array): { readonly text?: string; readonly base64?: string } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return isUtf8(buffer) ? { text: buffer.toString() } : { base64: buffer.toString('base64') };
}
