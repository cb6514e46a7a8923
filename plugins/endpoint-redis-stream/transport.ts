/** A stream of Redis as an endpoint: a lane and a session for each time it is open. */

import type { Lane } from '../../src/core/lane.ts';
import type { Message, Meta, Status } from '../../src/core/message.ts';
import { payloadTooLarge } from '../../src/core/payload-limit.ts';
import type { EndpointContext } from '../../src/core/plugin.ts';
import type { Port, Transport } from '../../src/core/transport.ts';
import { Wire } from '../../src/core/wire.ts';
import { fieldsOf, fieldsOfObject, metaIn, objectIn, payloadIn, sizeOf } from './entry.ts';
import type { Entry } from './group.ts';
import { createSession, type Session } from './session.ts';
import type { Settings } from './settings.ts';

export function createTransport(
  port: Port,
  settings: Settings,
  context: Pick<EndpointContext, 'name' | 'instance' | 'scheduler'>,
): Transport {
  const { name: endpoint, instance, scheduler } = context;
  const { stream, fields, maxPayload } = settings;
  const isObject = fields === 'object';
  const laneMeta: Meta = { endpoint, lane: stream, stream };
  let session: Session | undefined;
  let lane: Lane | undefined;
  /** The entries that are here and unsettled: the window and the stash at most. */
  let held = new Set<string>();
  let isDraining = false;

  return {
    async open(signal) {
      const source = port.source.lane({ name: stream, meta: laneMeta });
      lane = source;
      held = new Set();
      const opening = createSession({
        settings: isDraining ? { ...settings, reads: undefined } : settings,
        scheduler,
        endpoint,
        instance,
        isRead: () => port.source.isRead,
        room,
        isHeld: (id) => held.has(id),
        held: () => held,
        onEntry: (entry) => receive(source, entry),
        onWritable: () => port.writable(),
        onBroken: (error) => port.broken(error),
      });
      session = opening;
      await opening.open(signal);
    },
    read: () => session?.startReading(),
    pause: () => session?.reader?.pause(),
    resume: () => session?.reader?.resume(),
    settled,
    isWritable: () => session?.writer?.isWritable ?? false,
    write(message, ticket, sender) {
      const entry = isObject ? fieldsOfObject(message) : fieldsOf(message);
      const size = isObject ? sizeOf(entry) : (entry[1] as Buffer).length;
      if (size > maxPayload) throw payloadTooLarge(size, maxPayload);
      session?.writer?.write(entry, size, ticket, sender);
      return false;
    },
    async flush() {
      await Promise.all([session?.writer?.settled(), session?.acks?.settled()]);
    },
    drain() {
      isDraining = true;
      session?.stopReading();
    },
    async close() {
      // A lane is an epoch: what is settled from here on is nobody's any more.
      lane?.revoke();
      lane = undefined;
      const closing = session;
      session = undefined;
      await closing?.close();
    },
  };

  function room(): number {
    const { gate, inFlight, stashed } = port.source;
    const free = gate.window - inFlight - stashed;
    // The one that is read at a held gate is stashed, which pauses and later resumes the reader.
    if (gate.isHeld) return stashed === 0 ? Math.min(1, free) : 0;
    // A gate that was full opens at three quarters; before that, more is settled and we are asked again.
    return gate.isOpen || free >= gate.window / 4 ? free : 0;
  }

  function receive(source: Lane, { id, deliveries, fields: found }: Entry): number {
    held.add(id);
    const payload = isObject ? undefined : payloadIn(found);
    const meta: Meta = {
      ...laneMeta,
      id: `${endpoint}/${id}`,
      ...(isObject ? undefined : metaIn(found)),
      entry: id,
      ...(deliveries > 1 && { deliveries }),
    };
    if (payload === undefined) source.receive(objectIn(found), meta);
    else source.receiveBytes(Wire.of(payload), meta);
    return payload === undefined ? sizeOf(found) : payload.length;
  }

  function settled(_lane: Lane, root: Message, status: Status): void {
    const id = root.meta['entry'] as string;
    held.delete(id);
    if (status === 'nack') session?.reader?.again({ id, deliveries: root.meta.deliveries ?? 1 });
    else session?.acks?.add(id);
    session?.reader?.settled();
  }
}
