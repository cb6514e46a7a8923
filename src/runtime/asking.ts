/** What goes to an endpoint with `answers-to` says where its answers are expected, whatever it said before. */

import type { Marshalling } from '../core/fan-out.ts';
import type { Message } from '../core/message.ts';

/** A marshaller by that name does nothing: it keeps a branch from sharing what is made for another sink. */
const own = {
  name: 'answers-to',
  isText: false,
  envelope: false,
  marshal: (value: unknown): Uint8Array => value as Uint8Array,
  unmarshal: (bytes: Uint8Array): unknown => bytes,
};

/**
 * A branch as it is, or one whose messages have `answersTo` as their `meta.replyTo`. Before they become bytes: an
 * envelope carries it too.
 */
export function asking(branch: Marshalling, answersTo: string | undefined): Marshalling {
  if (answersTo === undefined) return branch;
  const { marshal = same, marshaller = own } = branch;
  return {
    marshal: (message) => marshal(message.withMeta({ ...message.meta, replyTo: answersTo })),
    // A copy: branches share what is made for one and the same marshaller.
    marshaller: { ...marshaller },
  };
}

function same(message: Message): Message {
  return message;
}
