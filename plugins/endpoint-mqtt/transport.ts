/** MQTT as an endpoint: one lane, a ledger of what is unanswered, and a session for each time it is open. */
import { STASH } from '../../src/core/endpoint.ts';
import type { Message, Meta } from '../../src/core/message.ts';
import { outgoingWire } from '../../src/core/outgoing.ts';
import { payloadTooLarge } from '../../src/core/payload-limit.ts';
import type { EndpointContext } from '../../src/core/plugin.ts';
import { createRateLimitedLog } from '../../src/core/rate-limited-log.ts';
import type { Port, Transport } from '../../src/core/transport.ts';
import { Wire } from '../../src/core/wire.ts';
import { createAnswers } from './answers.ts';
import { type Connect, connectMqtt, type Incoming } from './connection.ts';
import { createLedger } from './ledger.ts';
import { isText, metaOfProperties, propertiesOf } from './properties.ts';
import { createSession, type Session } from './session.ts';
import { isDurable, type Settings } from './settings.ts';
import { createTopicBook } from './topic-book.ts';

/** Between two lines about topics that nobody subscribes to any more. */
const WARN_EVERY_MS = 60_000;

export function createTransport(
  port: Port,
  settings: Settings,
  context: Pick<EndpointContext, 'name' | 'instance' | 'scheduler' | 'log' | 'endpoint'>,
  connect: Connect = connectMqtt,
): Transport {
  const { name: endpoint, scheduler, log } = context;
  const { subscriptions, publications, qos, maxPayload } = settings;
  const clientId = clientIdOf(settings, context);
  // One for all topics: they share a window, so none can be held for itself. Kept over reconnects, as the session is.
  const lane = port.source.lane({ name: clientId, meta: { endpoint } });
  const ledger = createLedger();
  const window = context.endpoint.maxInFlight;
  const answers = createAnswers(scheduler, (packets) => session?.answer(packets));
  const warn = createRateLimitedLog({ log, level: 'warn', everyMs: WARN_EVERY_MS, scheduler });
  const book = createTopicBook(subscriptions?.filters ?? []);
  let session: Session | undefined;
  let position = 0;
  /** The meta of the last message without properties: the next one is likely to be like it. */
  let lastMeta: Meta = {};
  let isDraining = false;

  return {
    async open(signal) {
      const opening = createSession({
        settings: isDraining ? { ...settings, subscriptions: undefined } : settings,
        clientId,
        maxInFlight: context.endpoint.maxInFlight,
        scheduler,
        connect,
        onSession: (isPresent) => ledger.begin(isPresent),
        onMessage: received,
        onReleased: (packetId) => ledger.release(packetId),
        onWritable: () => port.writable(),
        onBroken: (error) => port.broken(error),
      });
      session = opening;
      await opening.open(signal);
    },
    settled(_lane, root, status) {
      if (status === 'nack') return deliverAgain(root);
      const entry = ledger.settle(root.sequence);
      if (ledger.size <= window) session?.release();
      if (entry !== undefined) answers.answer(entry.packetId, entry.qos);
    },
    isWritable: () => session?.publisher?.isWritable ?? false,
    write(message, ticket, sender) {
      const wire = outgoingWire(message);
      if (wire.size > maxPayload) throw payloadTooLarge(wire.size, maxPayload);
      if (publications === undefined) return false;
      const { topicOf, retain, expiry } = publications;
      const outgoing = {
        topic: topicOf(message),
        payload: asBuffer(wire.bytes),
        qos,
        retain: retain === 'keep' ? message.meta['retained'] === true : retain,
        properties:
          settings.version === 5
            ? propertiesOf(message.meta, { isText: wire.isText === true, expiry })
            : undefined,
      };
      session?.publisher?.publish(outgoing, ticket, sender);
      return false;
    },
    flush: () => session?.publisher?.settled(),
    drain() {
      // The subscription stays: what comes meanwhile is not answered, and is the next session's.
      isDraining = true;
    },
    async close() {
      const closing = session;
      answers.flush();
      session = undefined;
      await closing?.close();
    },
  };

  function received(message: Incoming): void {
    if (isDraining) return;
    if (!book.has(message.topic)) return refuseStranger(message);
    if (message.qos === 0) {
      // It comes whether the gate is open or not: the broker asks for no answer.
      const { stashed, stashedBytes } = port.source;
      const isFull = stashed >= STASH.messages || stashedBytes >= STASH.bytes;
      if (qos > 0 && isFull) port.source.overrun += 1;
      else deliver(message);
      return;
    }
    const arrival = ledger.arrive(message, position);
    if (arrival === 'deliver') {
      deliver(message);
      // Brokers there are that send more than the receive maximum (mosquitto, once answers come), and 3.1.1 has none.
      if (ledger.size > window) session?.hold();
    } else if (arrival === 'answer') answers.answer(message.packetId, message.qos);
  }

  function deliver(message: Incoming): void {
    const wire = Wire.of(message.payload, isText(message.properties, message.payload));
    lane.receiveBytes(wire, metaOf(message), position++);
  }

  /** MQTT has no word for it: the broker repeats nothing on a connection that goes on. */
  function deliverAgain(root: Message): void {
    const { wire, id, meta } = root;
    const to = position++;
    ledger.move(root.sequence, to);
    const deliveries = (meta.deliveries ?? 1) + 1;
    scheduler.schedule(() => lane.receiveBytes(wire as Wire, { ...meta, id, deliveries }, to));
  }

  /** The session has a subscription that this configuration does not: an older one made it. */
  function refuseStranger({ topic, packetId, qos: granted }: Incoming): void {
    warn(
      { endpoint, topic },
      `dropped a message on ${topic}: the session of client ${clientId} is subscribed to it from an earlier ` +
        'configuration; unsubscribe it there, or give this endpoint another client-id',
    );
    if (granted !== 0) answers.answer(packetId, granted);
  }

  function metaOf({ topic, qos: level, isRetained, isDuplicate, properties }: Incoming): Meta {
    if (properties === undefined && !isDuplicate) {
      const isLike =
        lastMeta['topic'] === topic && lastMeta['qos'] === level && lastMeta['retained'] === isRetained;
      if (!isLike) lastMeta = { endpoint, lane: topic, topic, qos: level, retained: isRetained };
      return lastMeta;
    }
    return {
      ...(properties !== undefined && metaOfProperties(properties)),
      endpoint,
      lane: topic,
      topic,
      qos: level,
      retained: isRetained,
      // How often, the broker does not say.
      ...(isDuplicate && { deliveries: 2 }),
    };
  }
}

/** A session is found again by its client id, so that is stable; without one, no two connections may share it. */
function clientIdOf(
  settings: Settings,
  { name, instance }: Pick<EndpointContext, 'name' | 'instance'>,
): string {
  return settings.clientId ?? (isDurable(settings) ? `araldo-${name}` : `araldo-${name}-${instance}`);
}

/** The library takes Buffers for bytes. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
