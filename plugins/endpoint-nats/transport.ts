/** Core NATS as an endpoint: a lane for each subscription, and a connection for each time it is open. */
import type { Msg, Subscription } from '@nats-io/transport-node';
import { AraldoError } from '../../src/core/errors.ts';
import type { Lane } from '../../src/core/lane.ts';
import type { Message, Meta } from '../../src/core/message.ts';
import { outgoingWire } from '../../src/core/outgoing.ts';
import { payloadTooLarge } from '../../src/core/payload-limit.ts';
import type { EndpointContext } from '../../src/core/plugin.ts';
import type { Sender } from '../../src/core/sink.ts';
import type { Port, Transport } from '../../src/core/transport.ts';
import { Wire } from '../../src/core/wire.ts';
import { bytesOf, type Connect, connectNats, type Link } from '../../src/nats/connection.ts';
import { headersOf, metaOfHeaders, readHeaders } from '../../src/nats/headers.ts';
import { isSubject, matches } from '../../src/nats/subject.ts';
import { found } from '../../src/options/found.ts';
import { createRequests, type Requests } from '../../src/replies/requests.ts';
import { createPublisher, type Publisher } from './publisher.ts';
import type { Settings } from './settings.ts';

/** One time that it is open. */
interface Session {
  readonly link: Link;
  readonly publisher: Publisher;
  /** As many as there are lanes. */
  readonly subscriptions: Subscription[];
}

export function createTransport(
  port: Port,
  settings: Settings,
  context: Pick<EndpointContext, 'name' | 'scheduler'>,
  connect: Connect = connectNats,
): Transport {
  const { name: endpoint, scheduler } = context;
  const { connection, subscriptions, queue, address, replies, replyTo, asks, maxPayload } = settings;
  /** By the inbox that each is to be answered in. Kept over reconnects, as an asker keeps its inbox. */
  const requests = asks && createRequests<string>({ scheduler, ...asks });
  /** Kept over reconnects: a subscription has one order, however often it was interrupted. */
  const lanes = subscriptions.map((name) =>
    port.source.lane({ name, meta: { endpoint, lane: name, subject: name } }),
  );
  let session: Session | undefined;
  let isDraining = false;

  return {
    async open(signal) {
      const late: { session?: Session } = {};
      const link = await connect({
        plugin: 'endpoint-nats',
        settings: connection,
        scheduler,
        signal,
        onLost(error) {
          late.session?.publisher.lost();
          port.broken(error);
        },
        onDenied: (subject, text) => late.session?.publisher.denied(subject, text),
      });
      const opened: Session = {
        link,
        publisher: createPublisher(link, scheduler, () => port.writable()),
        subscriptions: [],
      };
      late.session = opened;
      session = opened;
      requests?.resume();
      if (!isDraining) await subscribe(opened);
    },
    settled(_lane, root, status) {
      // No answer will come.
      if (status !== 'ack') requests?.forget(root.meta.correlationId);
    },
    isWritable: () => session?.publisher.isWritable ?? false,
    write(message, ticket, sender) {
      const { size, bytes } = outgoingWire(message);
      if (size > maxPayload) throw payloadTooLarge(size, maxPayload);
      if (requests !== undefined) return answer(message, bytes, ticket, sender, requests);
      const subject = replies ? message.meta.replyTo : address?.(message);
      if (subject === undefined) {
        sender.dismiss(ticket, 'no-reply-to');
        return false;
      }
      if (replies) checkReply(subject);
      send(message, subject, bytes, ticket, sender);
      return false;
    },
    flush: () => session?.publisher.settled(),
    drain() {
      isDraining = true;
      // What the server has sent already comes, before it says that nothing more will.
      for (const subscription of session?.subscriptions ?? []) void subscription.drain().catch(ignore);
    },
    ...(requests !== undefined && { requests }),
    close() {
      requests?.suspend();
      session?.publisher.lost();
      session?.link.close();
      session = undefined;
    },
  };

  async function subscribe({ link, subscriptions: own }: Session): Promise<void> {
    let refused: string | undefined;
    for (const [place, pattern] of subscriptions.entries()) {
      const lane = lanes[place] as Lane;
      const isFixed = isSubject(pattern);
      const subscription = link.nats.subscribe(pattern, {
        ...(queue !== undefined && { queue }),
        // A throw here would end the reading of the whole connection: what it calls does not throw.
        callback(error, message) {
          if (error !== null) refused ??= error.message;
          else received(link, lane, isFixed, message);
        },
      });
      own.push(subscription);
    }
    if (own.length === 0) return;
    const ended = link.nats.closed().then(() => {
      throw new AraldoError('connection-lost', `lost the connection to ${link.address} while it subscribed`);
    });
    // A server refuses before it answers.
    await Promise.race([link.nats.flush(), ended]);
    if (refused === undefined) return;
    throw new AraldoError('connect-failed', `${link.address} refused subscribe: ${refused}`);
  }

  function received(link: Link, lane: Lane, isFixed: boolean, message: Msg): void {
    link.heard();
    const wire = Wire.of(bytesOf(message));
    const { reply = '' } = message;
    if (requests !== undefined && isReplyable(reply)) return ask(message, wire, lane, reply, requests);
    const block = readHeaders(message);
    if (isFixed && reply === '' && block === undefined) return lane.receiveBytes(wire);
    const meta: Meta = {
      ...lane.meta,
      subject: message.subject,
      ...(block !== undefined && metaOfHeaders(block)),
      ...(reply !== '' && { replyTo: reply }),
    };
    lane.receiveBytes(wire, meta);
  }

  /** Where the answer goes is for us alone: whoever gets the request answers by its correlation id. */
  function ask(message: Msg, wire: Wire, lane: Lane, inbox: string, table: Requests<string>): void {
    // It cannot be made to wait, and its asker has a time-out of its own.
    if (table.isFull) return table.refuse();
    const block = readHeaders(message);
    const { replyTo: _replyTo, correlationId, ...carried } = block === undefined ? {} : metaOfHeaders(block);
    lane.receiveBytes(wire, {
      ...lane.meta,
      subject: message.subject,
      ...carried,
      correlationId: table.ask(inbox, correlationId),
    });
  }

  function answer(
    message: Message,
    bytes: Uint8Array,
    ticket: number,
    sender: Sender,
    table: Requests<string>,
  ): boolean {
    const asked = table.take(message, sender);
    if (typeof asked === 'string') {
      sender.dismiss(ticket, asked);
      return false;
    }
    const { correlationId: _ours, replyTo: _replyTo, ...meta } = message.meta;
    const own = asked.correlationId === undefined ? meta : { ...meta, correlationId: asked.correlationId };
    send(message.withMeta(own), asked.way, bytes, ticket, sender);
    return false;
  }

  function send(message: Message, subject: string, bytes: Uint8Array, ticket: number, sender: Sender): void {
    if (session === undefined) return;
    const { link, publisher } = session;
    const { meta } = message;
    // Whoever gets it may answer there, so it must be one of those that may be answered to.
    const reply = !replies && isReplyable(meta.replyTo) ? meta.replyTo : undefined;
    const { replyTo: _replyTo, ...others } = meta;
    const carried = replies || reply !== undefined ? others : meta;
    const headers = headersOf(carried, () => link.library.headers());
    publisher.publish({ subject, payload: bytes, reply, headers }, ticket, sender);
  }

  function checkReply(subject: string): void {
    if (isReplyable(subject)) return;
    throw new AraldoError(
      'sink-rejected',
      `expected meta.replyTo to be an address that reply-to allows (${replyTo.join(', ')}), found ${found(subject)}`,
    );
  }

  function isReplyable(subject: string | undefined): boolean {
    return (
      subject !== undefined && isSubject(subject) && replyTo.some((pattern) => matches(pattern, subject))
    );
  }
}

/** That the connection ends while it drains is told by the link. */
function ignore(): void {}
