/** Kafka as an endpoint: a reader and a writer for each time it is open. */
import type * as kafka from '@platformatic/kafka';
import { AraldoError } from '../../src/core/errors.ts';
import { outgoingWire } from '../../src/core/outgoing.ts';
import { payloadTooLarge } from '../../src/core/payload-limit.ts';
import type { EndpointContext } from '../../src/core/plugin.ts';
import type { Port, Transport } from '../../src/core/transport.ts';
import { type Client, cut, guarded, loadClient } from './client.ts';
import { createReader, type Reader } from './reader.ts';
import type { Settings } from './settings.ts';
import { ensureTopics } from './topics.ts';
import { createWriter, type Writer } from './writer.ts';

/** What is there while it is open. */
interface Session {
  client?: Client;
  base?: kafka.Base;
  reader?: Reader;
  writer?: Writer;
  isOver: boolean;
}

export function createTransport(
  port: Port,
  settings: Settings,
  context: Pick<EndpointContext, 'name' | 'scheduler' | 'log'>,
): Transport {
  const { name: endpoint, scheduler, log } = context;
  const { group, writes, maxPayload } = settings;
  let session: Session = { isOver: true };
  /** Whom the group knows us as, over reconnects. */
  let memberId: string | undefined;
  let isDraining = false;

  return {
    open,
    read() {
      const { client, isOver } = session;
      if (client === undefined || isOver) return;
      void read(session, client).catch((thrown: unknown) => {
        brokenBy(session)(AraldoError.from(thrown, 'connection-lost'));
      });
    },
    pause: (lane) => session.reader?.pause(lane),
    resume: (lane) => session.reader?.resume(lane),
    settled: (lane) => session.reader?.settled(lane),
    isWritable: () => session.writer?.isWritable ?? false,
    write(message, ticket, sender) {
      if (message.payload !== null) {
        const { size } = outgoingWire(message);
        if (size > maxPayload) throw payloadTooLarge(size, maxPayload);
      }
      session.writer?.write(message, ticket, sender);
      return false;
    },
    flush: () => session.writer?.settled(),
    drain() {
      isDraining = true;
      session.reader?.drain();
    },
    async close() {
      await session.reader?.leave();
      end(session);
    },
  };

  async function open(signal: AbortSignal): Promise<void> {
    const opening: Session = { isOver: false };
    session = opening;
    const give = (): void => end(opening);
    signal.addEventListener('abort', give, { once: true });
    try {
      await connect(opening, signal);
      if (opening.isOver)
        throw new AraldoError('connection-lost', 'the connection was lost while it was opened');
    } catch (thrown) {
      end(opening);
      signal.throwIfAborted();
      throw thrown;
    } finally {
      signal.removeEventListener('abort', give);
    }
  }

  async function connect(opening: Session, signal: AbortSignal): Promise<void> {
    const client = await loadClient(settings);
    signal.throwIfAborted();
    const base = new client.library.Base(client.options);
    guarded(base.connections);
    opening.base = base;
    const onBroken = brokenBy(opening);
    await ensureTopics({ client, base, settings, scheduler, signal });
    signal.throwIfAborted();
    if (writes !== undefined) {
      opening.writer = createWriter({
        client,
        base,
        topic: writes,
        settings,
        scheduler,
        onWritable: () => port.writable(),
        onBroken,
      });
    }
    opening.client = client;
    // A member of a group that reads nothing would keep others from the partitions it owns.
    if (port.source.isRead) await read(opening, client);
  }

  async function read(into: Session, client: Client): Promise<void> {
    if (settings.reads.length === 0 || group === undefined || isDraining) return;
    into.reader = createReader({
      client,
      settings,
      group,
      memberId,
      endpoint,
      port,
      scheduler,
      log,
      onBroken: brokenBy(into),
    });
    await into.reader.open();
  }

  function brokenBy(ending: Session): (error: AraldoError) => void {
    return (error) => {
      if (ending.isOver) return;
      end(ending);
      port.broken(error);
    };
  }

  /** Ends all of it at once. Idempotent. */
  function end(ending: Session): void {
    ending.isOver = true;
    ending.writer?.close();
    ending.reader?.close();
    memberId = ending.reader?.memberId ?? memberId;
    if (ending.base !== undefined) cut(ending.base.connections);
  }
}
