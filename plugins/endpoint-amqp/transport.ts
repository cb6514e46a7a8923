/** RabbitMQ as an endpoint: a session for each time that it is open, and a lane for each session. */

import { outgoingWire } from '../../src/core/outgoing.ts';
import { payloadTooLarge } from '../../src/core/payload-limit.ts';
import type { EndpointContext } from '../../src/core/plugin.ts';
import type { Port, Transport } from '../../src/core/transport.ts';
import { createAnswering } from './answering.ts';
import { createSession, type Session } from './session.ts';
import type { Settings } from './settings.ts';

/** AMQP counts a prefetch with two bytes. */
const MOST_PREFETCH = 65_535;

export function createTransport(
  port: Port,
  settings: Settings,
  context: Pick<EndpointContext, 'name' | 'scheduler' | 'endpoint'>,
): Transport {
  const { name, scheduler, endpoint } = context;
  const { asks, maxPayload } = settings;
  const answering = asks && createAnswering(port.source, asks, { name, scheduler });
  const prefetch = settings.prefetch ?? Math.min(endpoint.maxInFlight, MOST_PREFETCH);
  let session: Session | undefined;
  let isDraining = false;

  return {
    async open(signal) {
      const opening = createSession({
        name,
        settings: {
          ...settings,
          ...(isDraining && { source: undefined }),
          ...(answering !== undefined && { outlet: answering.outlet }),
        },
        prefetch,
        scheduler,
        metaAs: answering?.asked,
        laneOf: (queue) => port.source.lane({ name: queue, meta: { endpoint: name, lane: queue } }),
        onWritable: () => port.writable(),
        onBroken: (error) => port.broken(error),
      });
      session = opening;
      await opening.open(signal);
      answering?.requests.resume();
    },
    settled(lane, root, status) {
      if (lane === session?.lane) session.consumer?.settled(root, status);
      // No answer will come.
      if (status === 'reject') answering?.requests.forget(root.meta.correlationId);
    },
    isWritable: () => session?.publisher?.isWritable ?? false,
    write(message, ticket, sender) {
      const { size, bytes } = outgoingWire(message);
      if (size > maxPayload) throw payloadTooLarge(size, maxPayload);
      const outgoing = answering === undefined ? message : answering.answer(message, ticket, sender);
      if (outgoing !== undefined) session?.publisher?.publish(outgoing, bytes, ticket, sender);
      return false;
    },
    ...(answering !== undefined && { requests: answering.requests }),
    flush: () => session?.publisher?.settled(),
    drain() {
      isDraining = true;
      session?.consumer?.stop();
    },
    async close() {
      const closing = session;
      session = undefined;
      answering?.requests.suspend();
      await closing?.close();
    },
  };
}
