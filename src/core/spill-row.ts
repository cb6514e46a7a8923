/** A message as it is kept on disk, and back: its bytes, and its meta as JSON. */
import type { Message, Meta } from './message.ts';
import { outgoingWire } from './outgoing.ts';
import type { StoredMessage } from './spill-store.ts';

/** All but its place in the queue. */
export type Row = Omit<StoredMessage, 'id'>;

/** What a row costs besides payload and meta, in bytes. */
const ROW = 32;

/** Throws an `AraldoError` for a payload without bytes, and whatever `JSON.stringify` throws for meta without JSON. */
export function rowOf(message: Message): Row {
  const meta = JSON.stringify({ ...message.meta, id: message.id });
  const { bytes, isText, marshaller } = outgoingWire(message);
  const size = bytes.byteLength + meta.length + ROW;
  return { bytes, isText, marshaller: marshaller?.name, meta, size };
}

/** Meta that somebody else has written is no reason to stop at a message. */
export function metaOf({ id, meta }: StoredMessage): Meta {
  try {
    const value: unknown = JSON.parse(meta);
    if (typeof value === 'object' && value !== null) return value as Meta;
  } catch {
    // Below.
  }
  return { id: `spill-${id}` };
}
