/** RabbitMQ as an endpoint: a session for each time that it is open, and a lane for each session. */
import type { Port, Transport } from '../../src/core/endpoint.ts';
import { outgoingWire } from '../../src/core/outgoing.ts';
import { payloadTooLarge } from '../../src/core/payload-limit.ts';
import type { EndpointContext } from '../../src/core/plugin.ts';
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
  const { maxPayload } = settings;
  const prefetch = settings.prefetch ?? Math.min(endpoint.maxInFlight, MOST_PREFETCH);
  let session: Session | undefined;
  let isDraining = false;

  return {
    async open(signal) {
      const opening = createSession({
        name,
        settings: isDraining ? { ...settings, source: undefined } : settings,
        prefetch,
        scheduler,
        laneOf: (queue) => port.source.lane({ name: queue, meta: { endpoint: name, lane: queue } }),
        onWritable: () => port.writable(),
        onBroken: (error) => port.broken(error),
      });
      session = opening;
      await opening.open(signal);
    },
    settled(lane, root, status) {
      if (lane === session?.lane) session.consumer?.settled(root, status);
    },
    isWritable: () => session?.publisher?.isWritable ?? false,
    write(message, ticket, sender) {
      const { size, bytes } = outgoingWire(message);
      if (size > maxPayload) throw payloadTooLarge(size, maxPayload);
      session?.publisher?.publish(message, bytes, ticket, sender);
      return false;
    },
    flush: () => session?.publisher?.settled(),
    drain() {
      isDraining = true;
      session?.consumer?.stop();
    },
    async close() {
      const closing = session;
      session = undefined;
      await closing?.close();
    },
  };
}
