/** JetStream as an endpoint: one connection for each time it is open, a puller for what it reads and a publisher. */
import type { Subscription as Timer } from 'rxjs';
import { deadline } from '../../src/core/deadline.ts';
import type { Lane } from '../../src/core/lane.ts';
import { outgoingWire } from '../../src/core/outgoing.ts';
import { payloadTooLarge } from '../../src/core/payload-limit.ts';
import type { EndpointContext } from '../../src/core/plugin.ts';
import { createRateLimitedLog } from '../../src/core/rate-limited-log.ts';
import type { Port, Transport } from '../../src/core/transport.ts';
import { type Connect, connectNats, type Link } from '../../src/nats/connection.ts';
import { headersOf } from '../../src/nats/headers.ts';
import { createDone } from './done.ts';
import { createMessageIds } from './message-id.ts';
import { type ConsumerFacts, provision } from './provision.ts';
import { createPublisher, type Publisher } from './publisher.ts';
import { createPuller, type Puller } from './puller.ts';
import type { Settings } from './settings.ts';

/** One time that it is open. */
interface Session {
  readonly link: Link;
  /** There where it is a source. */
  consumer?: ConsumerFacts;
  lane?: Lane;
  puller?: Puller;
  publisher?: Publisher;
}

/** How long what is given back may take to leave. */
const LAST_WORDS_MS = 1_000;

const LOG_EVERY_MS = 60_000;

export function createTransport(
  port: Port,
  settings: Settings,
  context: Pick<EndpointContext, 'name' | 'scheduler' | 'log' | 'endpoint'>,
  connect: Connect = connectNats,
): Transport {
  const { name: endpoint, scheduler, log } = context;
  const { stream, durable, address, deduplicates, maxPayload, prefix } = settings;
  const { maxInFlight: window, maxDeliveries } = context.endpoint;
  const idOf = createMessageIds();
  const say = createRateLimitedLog({ log, level: 'info', everyMs: LOG_EVERY_MS, scheduler });
  /** Kept over reconnects, as the consumer is. */
  const done = createDone();
  let session: Session | undefined;
  /** Held when a connection was lost: a window at most. */
  let owed: readonly string[] = [];
  let isDraining = false;
  let hasWarned = false;

  return {
    async open(signal) {
      const late: { session?: Session } = {};
      const link = await connect({
        plugin: 'endpoint-jetstream',
        settings: settings.connection,
        scheduler,
        signal,
        onLost(error) {
          late.session?.publisher?.lost();
          port.broken(error);
        },
        onDenied: (subject, text) => late.session?.publisher?.denied(subject, text),
      });
      const opened: Session = { link };
      late.session = opened;
      session = opened;
      const provided = await provision(link, settings);
      signal.throwIfAborted();
      if (address !== undefined) {
        opened.publisher = createPublisher({
          link,
          scheduler,
          isFixed: settings.isFixed,
          streamOf: (subject) => provided.streamOf(subject),
          onWritable: () => port.writable(),
          onUnavailable: (error) => port.broken(error),
          onDuplicate: () => say({ endpoint }, `${endpoint}: a stream had a message already`),
        });
      }
      if (provided.consumer !== undefined) opened.consumer = provided.consumer;
      if (port.source.isRead) read(opened);
    },
    read() {
      if (session !== undefined) read(session);
    },
    pause: (lane) => {
      if (lane === session?.lane) session.puller?.pause();
    },
    resume: (lane) => {
      if (lane === session?.lane) session.puller?.resume();
    },
    settled(lane, root, status) {
      if (lane === session?.lane) session.puller?.settled(root.sequence, status);
    },
    isWritable: () => session?.publisher?.isWritable ?? false,
    write(message, ticket, sender) {
      const { size, bytes } = outgoingWire(message);
      if (size > maxPayload) throw payloadTooLarge(size, maxPayload);
      const publisher = session?.publisher;
      if (session === undefined || publisher === undefined || address === undefined) return false;
      const { library } = session.link;
      const id = deduplicates ? idOf(message, sender) : undefined;
      const headers = headersOf(message.meta, () => library.headers(), {
        ...(id !== undefined && { 'Nats-Msg-Id': id }),
        ...(stream !== undefined && { 'Nats-Expected-Stream': stream }),
      });
      publisher.publish(address(message), bytes, headers, ticket, sender);
      return false;
    },
    flush: () => session?.publisher?.settled(),
    drain() {
      isDraining = true;
      session?.puller?.drain();
    },
    async close() {
      const closing = session;
      session = undefined;
      if (closing === undefined) return;
      const { link, lane, puller, publisher } = closing;
      lane?.revoke();
      publisher?.lost();
      if (puller !== undefined) owed = puller.end();
      if (puller !== undefined && !link.nats.isClosed()) await lastWords(link);
      link.close();
    },
  };

  /** A lane for each time it is open: what is settled after the connection was lost is not told to the next one. */
  function read(opened: Session): void {
    const { consumer } = opened;
    if (stream === undefined || durable === undefined || consumer === undefined || isDraining) return;
    if (consumer.maxDeliver !== undefined && consumer.maxDeliver <= maxDeliveries && !hasWarned) {
      hasWarned = true;
      log.warn(
        { endpoint, stream, durable },
        `${endpoint}: the consumer ${durable} gives up after ${consumer.maxDeliver} deliveries, before max-deliveries (${maxDeliveries}) does: what it gives up is in nobody's on-error`,
      );
    }
    const lane = port.source.lane({ name: stream, meta: { endpoint, lane: stream, stream } });
    opened.lane = lane;
    done.of(consumer.madeAtMs);
    opened.puller = createPuller({
      link: opened.link,
      lane,
      scheduler,
      prefix,
      stream,
      durable,
      window,
      owed,
      ackWaitMs: consumer.ackWaitMs,
      done,
      onForgotten: () =>
        say(
          { endpoint },
          `${endpoint}: the server has delivered again what was acknowledged to it; it is left out`,
        ),
      onBroken: (error) => port.broken(error),
    });
    owed = [];
  }

  /** Resolves when the server has all that was said, or does not answer. */
  async function lastWords({ nats }: Link): Promise<void> {
    let timeout: Timer | undefined;
    const patience = new Promise<void>((resolve) => {
      timeout = deadline(scheduler, LAST_WORDS_MS, resolve);
    });
    await Promise.race([nats.flush().catch(ignore), nats.closed(), patience]);
    timeout?.unsubscribe();
  }
}

/** That the connection ends while the server is asked is seen by what it is raced with. */
function ignore(): void {}
