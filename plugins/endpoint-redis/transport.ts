/** Redis Pub/Sub as an endpoint: a lane for each subscription, and a session for each time it is open. */

import type { Lane } from '../../src/core/lane.ts';
import type { Meta } from '../../src/core/message.ts';
import { outgoingWire } from '../../src/core/outgoing.ts';
import { payloadTooLarge } from '../../src/core/payload-limit.ts';
import type { EndpointContext } from '../../src/core/plugin.ts';
import type { Port, Transport } from '../../src/core/transport.ts';
import type { Wire } from '../../src/core/wire.ts';
import { type Connect, connectRedis } from './connection.ts';
import { createSession, type Session } from './session.ts';
import type { Settings } from './settings.ts';

export function createTransport(
  port: Port,
  settings: Settings,
  context: Pick<EndpointContext, 'name' | 'scheduler'>,
  connect: Connect = connectRedis,
): Transport {
  const { name: endpoint, scheduler } = context;
  const { subscriptions, maxPayload } = settings;
  /** Kept over reconnects: a subscription has one order, however often it was interrupted. */
  const channels = new Map(subscriptions.channels.map((name) => [name, laneOf(name, { channel: name })]));
  const patterns = new Map(subscriptions.patterns.map((name) => [name, laneOf(name, { pattern: name })]));
  /** The meta of the last message of each pattern: the next one is likely to be of the same channel. */
  const metas = new Map<Lane, Meta>();
  let session: Session | undefined;
  let isDraining = false;

  return {
    async open(signal) {
      const opening = createSession({
        settings: isDraining ? { ...settings, subscriptions: { channels: [], patterns: [] } } : settings,
        scheduler,
        connect,
        onMessage: received,
        onWritable: () => port.writable(),
        onBroken: (error) => port.broken(error),
      });
      session = opening;
      await opening.open(signal);
    },
    isWritable: () => session?.publisher?.isWritable ?? false,
    write(message, ticket, sender) {
      const { size, bytes } = outgoingWire(message);
      if (size > maxPayload) throw payloadTooLarge(size, maxPayload);
      session?.publisher?.write(bytes, size, ticket, sender);
      return false;
    },
    flush: () => session?.publisher?.settled(),
    drain() {
      isDraining = true;
      session?.unsubscribe();
    },
    close() {
      session?.close();
      session = undefined;
    },
  };

  function laneOf(name: string, meta: Readonly<Record<string, string>>): Lane {
    return port.source.lane({ name, meta: { endpoint, lane: name, ...meta } });
  }

  function received(channel: string, wire: Wire, pattern?: string): void {
    if (isDraining) return;
    if (pattern === undefined) return channels.get(channel)?.receiveBytes(wire);
    const lane = patterns.get(pattern);
    lane?.receiveBytes(wire, metaOf(lane, channel));
  }

  function metaOf(lane: Lane, channel: string): Meta {
    const last = metas.get(lane);
    if (last?.['channel'] === channel) return last;
    const meta = { ...lane.meta, channel };
    metas.set(lane, meta);
    return meta;
  }
}
