/**
 * Over a message that it must not or cannot take RabbitMQ closes the channel, and everything that is unconfirmed on it
 * loses its answer: here it is told which messages were meant, as far as the words of RabbitMQ say.
 */
import { AraldoError } from '../../src/core/errors.ts';
import { textOf } from './refusal.ts';

/** `basic.publish`, as an error of a channel names it. */
const CLASS = 60;
const METHOD = 40;

const ACCESS_REFUSED = 403;
const PRECONDITION_FAILED = 406;

/** What RabbitMQ looks at. */
export interface Suspect {
  readonly routingKey: string;
  /** Of the payload, in bytes. */
  readonly size: number;
}

export interface Culprit {
  /** What the messages that were meant fail with. */
  readonly error: AraldoError;
  /** Whether a message is one of them; absent where RabbitMQ does not say. */
  readonly has: ((suspect: Suspect) => boolean) | undefined;
  /** The largest payload that it takes, in bytes, where that was it. */
  readonly mostBytes: number | undefined;
  /** The routing key that the user must not publish with, where that was it. */
  readonly routingKey: string | undefined;
}

/**
 * What an error says that has closed a channel; `undefined` where it is not about one message: then the endpoint is
 * broken. So it is where the user must not publish to the exchange at all, or where that is gone.
 */
export function culpritOf(thrown: Error, place: string): Culprit | undefined {
  const { code, classId, methodId } = thrown as Error & Readonly<Record<string, unknown>>;
  if (classId !== CLASS || methodId !== METHOD) return undefined;
  const text = textOf(thrown);
  // Greedy: a routing key may hold quotes itself.
  const topic = /access to topic '(.*)' in (?:exchange )?exchange '/s.exec(text)?.[1];
  if (code === ACCESS_REFUSED && topic !== undefined) {
    return {
      error: failure(text, place, 'allow its routing key in the topic permissions of the user in url'),
      has: ({ routingKey }) => routingKey === topic,
      mostBytes: undefined,
      routingKey: topic,
    };
  }
  if (code !== PRECONDITION_FAILED) return undefined;
  const most = Number(/larger than configured max size (\d+)/.exec(text)?.[1] ?? Number.NaN);
  if (Number.isNaN(most)) {
    const error = failure(text, place, 'change what of it RabbitMQ does not take');
    return { error, has: undefined, mostBytes: undefined, routingKey: undefined };
  }
  return {
    error: tooLarge(most),
    has: ({ size }) => size > most,
    mostBytes: most,
    routingKey: undefined,
  };
}

/** What a message fails with whose payload is larger than RabbitMQ takes. */
export function tooLarge(most: number): AraldoError {
  const cure = 'lower max-payload to it, or raise max_message_size there';
  return new AraldoError('payload-too-large', `RabbitMQ takes payloads of ${most} bytes at most: ${cure}`);
}

function failure(text: string, place: string, cure: string): AraldoError {
  return new AraldoError('sink-rejected', `RabbitMQ refused a message to ${place}: ${text}; ${cure}`);
}
