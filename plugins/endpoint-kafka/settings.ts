/** What the options of an endpoint mean, in the terms of Kafka. */
import type { Capabilities } from '../../src/core/endpoint.ts';
import type { TlsFiles } from '../../src/options/tls.ts';

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

export interface Credentials {
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
  readonly username: string;
  readonly password: string;
}

/** How a topic is made that is not there; -1 leaves it to the broker. */
export interface Creation {
  readonly partitions: number;
  readonly replicas: number;
}

export interface Settings {
  /** As `host:port`. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly group: string | undefined;
  readonly reads: readonly string[];
  readonly writes: string | undefined;
  /** Where a group begins that has committed nothing. */
  readonly start: 'earliest' | 'latest';
  readonly isolation: 'read-committed' | 'read-uncommitted';
  readonly acks: 'all' | 'leader';
  readonly isIdempotent: boolean;
  readonly compression: Compression;
  readonly lingerMs: number;
  readonly create: Creation | undefined;
  readonly sasl: Credentials | undefined;
  /** `undefined`: no TLS. */
  readonly tls: TlsFiles | undefined;
  /** The largest payload of a message, in bytes. */
  readonly maxPayload: number;
  /** The most that a batch may be when it is decompressed, in bytes. */
  readonly maxBatch: number;
  readonly commitMs: number;
  readonly sessionMs: number;
  /** How long a broker may take to answer. */
  readonly answerMs: number;
}

/** `kafka://host:port,host:port`: never a password, so it may be printed and compared. */
export function addressOf({ brokers }: Settings): string {
  return `kafka://${brokers.join(',')}`;
}

/**
 * Kafka keeps what is not committed, and gives it to whoever reads the partition next: that is redelivery after a
 * crash. A single nack it does not know; on a cumulative lane the source delivers that again by itself.
 */
export function capabilitiesOf(settings: Settings): Capabilities {
  const { reads, writes, acks } = settings;
  const placeOf = (topic: string): string => `${addressOf(settings)}/${topic}`;
  return {
    ...(reads.length > 0 && {
      source: {
        canPause: true,
        acks: true,
        redelivers: true,
        ordered: 'lane',
        scope: 'once',
        carries: 'bytes',
        maxPayload: settings.maxPayload,
      },
      readsFrom: reads.map(placeOf),
    }),
    ...(writes !== undefined && {
      sink: { confirms: acks === 'all' ? 'durable' : 'accepted', reaches: 'system', carries: 'bytes' },
      writesTo: [placeOf(writes)],
    }),
  };
}
