/** How the outside world puts a payload into what travels. */
import { marshalMessage } from '../../operators/marshal.ts';
import type { EndpointPart } from '../config/configuration.ts';
import type { Marshaller } from '../core/marshaller.ts';
import { Message, type Meta } from '../core/message.ts';
import { outgoingWire } from '../core/outgoing.ts';
import type { Parcel } from './modelled-source.ts';
import type { SentRecord } from './sent.ts';

/**
 * Bytes travel as they are; a value in the bytes of the endpoint's marshaller, or as text where there is none.
 * Throws an `AraldoError` (`unmarshallable-payload`) for a value without a form in bytes.
 */
export function parcelOf(
  sent: SentRecord,
  meta: Meta,
  { capabilities }: EndpointPart,
  marshaller: Marshaller | undefined,
): Parcel {
  const { payload } = sent;
  if (capabilities.source?.carries === 'values') return { sent, content: payload, isText: false, meta };
  if (payload instanceof Uint8Array) {
    return { sent, content: payload, isText: marshaller?.isText ?? false, meta };
  }
  const message = Message.of(payload, { id: sent.id, ...meta });
  if (marshaller === undefined) {
    const { bytes, isText = false } = outgoingWire(message);
    return { sent, content: bytes, isText, meta };
  }
  const content = marshalMessage(marshaller)(message).wire?.bytes;
  // What the envelope holds is not known to the transport as well.
  return { sent, content, isText: marshaller.isText, meta: marshaller.envelope ? laneOf(meta) : meta };
}

function laneOf({ lane, peer, params }: Meta): Meta {
  return {
    ...(lane === undefined ? {} : { lane }),
    ...(peer === undefined ? {} : { peer }),
    ...(params === undefined ? {} : { params }),
  };
}
