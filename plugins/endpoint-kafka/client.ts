/** The client library: how it is set up, so that nothing of it retries or reconnects on its own. */
import { isIP } from 'node:net';
import type * as kafka from '@platformatic/kafka';
import { loadLibrary } from '../../src/core/client-library.ts';
import { readTls } from '../../src/options/tls.ts';
import type { Settings } from './settings.ts';

export type Library = typeof kafka;

/** Brokers, leaders and partitions are looked up anew at this age, and whenever a broker says that they have changed. */
const METADATA_AGE_MS = 30_000;

/** What every client and every pool of connections is made with. */
export interface Client {
  readonly library: Library;
  readonly options: kafka.BaseOptions & { requestTimeout: number };
}

/** Loads the library and reads the files of TLS. */
export async function loadClient(settings: Settings): Promise<Client> {
  const library = await loadLibrary(
    'endpoint-kafka',
    '@platformatic/kafka',
    () => import('@platformatic/kafka'),
  );
  const { brokers, clientId, sasl, tls, answerMs } = settings;
  const hasNames = brokers.every((broker) => isIP(broker.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')) === 0);
  return {
    library,
    options: {
      clientId,
      bootstrapBrokers: [...brokers],
      // A retry of the library could bring messages out of order, and would outlast our supervision.
      retries: 0,
      connectTimeout: answerMs,
      requestTimeout: answerMs,
      // How long a broker waits for its replicas; it answers before we stop waiting for it.
      timeout: Math.ceil((answerMs * 2) / 3),
      metadataMaxAge: METADATA_AGE_MS,
      autocreateTopics: false,
      ...(sasl !== undefined && { sasl: { ...sasl } }),
      // The name is what the certificate is compared with; an address has none to send.
      ...(tls !== undefined && { tls: await readTls(tls), ...(hasNames && { tlsServerName: true }) }),
    },
  };
}

/**
 * A pool of connections of its own. A broker answers the requests of a connection one after the other: what waits,
 * such as a fetch for messages to come or a member for the rest of its group, must not keep others waiting.
 */
export function poolOf({ library, options }: Client): kafka.ConnectionPool {
  return guarded(new library.ConnectionPool(options.clientId, options));
}

/** An error of a connection reaches whoever waits for its answer; as an event it would end the process. */
export function guarded(pool: kafka.ConnectionPool): kafka.ConnectionPool {
  (pool as unknown as NodeJS.EventEmitter).on(
    'connecting',
    ({ connection }: { connection: kafka.Connection }) => {
      (connection as unknown as NodeJS.EventEmitter).on('error', ignore);
    },
  );
  return pool;
}

/** Ends all connections of a pool at once: asking first would wait for a broker that does not answer. */
export function cut(pool: kafka.ConnectionPool): void {
  const connections = [...pool] as unknown as readonly (readonly [string, kafka.Connection])[];
  for (const [, connection] of connections) {
    const { socket } = connection as { socket?: kafka.Connection['socket'] };
    void connection.close().catch(ignore);
    socket?.destroy();
  }
  void pool.close().catch(ignore);
}

export function ignore(): void {}
