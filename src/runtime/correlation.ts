/** The correlation id of a request and its answer where it travels within the bytes: theirs outside, ours on the way. */
import { unmarshal } from '../../operators/unmarshal.ts';
import { AraldoError } from '../core/errors.ts';
import type { Marshalling } from '../core/fan-out.ts';
import type { Marshaller } from '../core/marshaller.ts';
import type { Message } from '../core/message.ts';
import type { MessageOperator } from '../core/operator.ts';
import { stage } from '../core/stage.ts';
import type { RequestTable } from '../core/transport.ts';

/** In UTF-16 code units. Each request that waits keeps one. */
const LONGEST = 1024;

/**
 * Reads requests: what an envelope says is the correlation id of one is kept for its answer, and the request goes on
 * under the one that its source has given it.
 */
export function unmarshalRequests(marshaller: Marshaller, requests: RequestTable): MessageOperator {
  const read = unmarshal(marshaller);
  if (!carriesMeta(marshaller)) return read;
  const where = { at: `unmarshal ${marshaller.name}` };

  // What the source knows wins over what an envelope says, so it is put aside while that is read.
  const putAside = stage((target) => (message) => target.next(correlated(message, undefined)));
  const putBack = stage((target) => (message) => {
    const { correlationId } = message.root.meta;
    const { correlationId: own } = message.meta;
    if (correlationId !== undefined && own !== undefined) {
      if (own.length > LONGEST) {
        message.fail(tooLong(own), where);
        return;
      }
      requests.learn(correlationId, copyOf(own));
    }
    target.next(correlated(message, correlationId ?? own));
  });
  return (source) => source.pipe(putAside, read, putBack);
}

/** A branch as it is, or one whose answers have the asker's own correlation id in their bytes, or none. */
export function answering(plain: Marshalling, requests: RequestTable | undefined): Marshalling {
  const { marshal, marshaller } = plain;
  if (requests === undefined || marshal === undefined || marshaller === undefined) return plain;
  if (!carriesMeta(marshaller)) return plain;
  return {
    marshal(message) {
      const { correlationId } = message.meta;
      const own = requests.ownOf(message);
      // The endpoint finds the request by ours.
      return correlated(marshal(correlated(message, own)), correlationId);
    },
    // A copy: branches share what is made for one and the same marshaller.
    marshaller: { ...marshaller },
  };
}

function carriesMeta({ envelope, carriage }: Marshaller): boolean {
  return envelope || carriage !== undefined;
}

function correlated(message: Message, correlationId: string | undefined): Message {
  if (message.meta.correlationId === correlationId) return message;
  const { correlationId: _before, ...meta } = message.meta;
  return message.withMeta(correlationId === undefined ? meta : { ...meta, correlationId });
}

/** In memory of its own: some formats cut their texts out of the whole. */
function copyOf(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}

function tooLong({ length }: string): AraldoError {
  const expected = `expected a correlation id of ${LONGEST} characters at most`;
  return new AraldoError('malformed-payload', `${expected}, found one of ${length}`);
}
