/** What the options of an endpoint mean, in the terms of its connections. */
import type { Capabilities } from '../../src/core/endpoint.ts';
import type { TlsFiles } from '../../src/options/tls.ts';
import type { Deployment } from '../../src/redis/locate.ts';

/** What a message is in an entry: the field `payload` beside headers, or all fields as one object. */
export type Fields = 'payload' | 'object';

/** What reading needs. */
export interface ReadSettings {
  readonly group: string;
  /** As the user has named it; otherwise one is found. */
  readonly consumer: string | undefined;
  /** Where a group begins that is not there yet: the id of an entry, `0` or `$`. */
  readonly start: string;
  /** After which time entries of a consumer that is silent are taken over. */
  readonly claimAfterMs: number;
}

export interface Settings {
  readonly deployment: Deployment;
  readonly tls: TlsFiles;
  readonly stream: string;
  readonly fields: Fields;
  readonly reads: ReadSettings | undefined;
  /** The length that writing keeps the stream at, about. */
  readonly maxLength: number | undefined;
  /** The largest payload of a message, in bytes. */
  readonly maxPayload: number;
  readonly pingMs: number;
  readonly pongMs: number;
}

export function capabilitiesOf({ deployment, stream, fields, reads, maxPayload }: Settings): Capabilities {
  const carries = fields === 'object' ? 'values' : 'bytes';
  const address = `${deployment.address}/${deployment.target.database}/${stream}`;
  return {
    ...(reads !== undefined && {
      source: {
        canPause: true,
        acks: true,
        redelivers: true,
        ordered: 'all',
        scope: 'once',
        carries,
        maxPayload,
      },
      readsFrom: [address],
    }),
    sink: { confirms: 'durable', reaches: 'system', carries },
    writesTo: [address],
  };
}
