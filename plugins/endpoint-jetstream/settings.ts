/** What the options of an endpoint mean, in the terms of its connection, its consumer and its stream. */
import type { Capabilities } from '../../src/core/endpoint.ts';
import type { Message } from '../../src/core/message.ts';
import type { ConnectionSettings } from '../../src/nats/options.ts';
import { isSubject, matches, patternOf } from '../../src/nats/subject.ts';

/** A stream that is made when it is missing; times in milliseconds. */
export interface CreateSettings {
  readonly subjects: readonly string[];
  readonly storage: 'file' | 'memory';
  readonly retention: 'limits' | 'interest' | 'workqueue';
  readonly replicas: number;
  readonly maxAgeMs: number | undefined;
  readonly maxBytes: number | undefined;
  readonly maxMessages: number | undefined;
  readonly duplicateWindowMs: number;
}

export interface Settings {
  readonly connection: ConnectionSettings;
  /** What the requests to JetStream begin with. */
  readonly prefix: string;
  readonly domain: string | undefined;
  readonly stream: string | undefined;
  /** The name of the consumer, where it is a source. */
  readonly durable: string | undefined;
  /** Of the stream's subjects, those to read; all where there are none. */
  readonly filter: readonly string[];
  readonly deliver: 'all' | 'new' | 'last';
  /** For a consumer that we make. */
  readonly ackWaitMs: number;
  readonly create: CreateSettings | undefined;
  /** On which subject a message goes out, where it is a sink. */
  readonly address: ((message: Message) => string) | undefined;
  /** All that `address` may give, with wildcards. */
  readonly addresses: readonly string[];
  /** Whether all messages go out on one subject. */
  readonly isFixed: boolean;
  readonly deduplicates: boolean;
  /** The largest payload of a message, in bytes. */
  readonly maxPayload: number;
}

export function capabilitiesOf(settings: Settings): Capabilities {
  const { connection, stream, durable, filter, create, addresses, maxPayload } = settings;
  const everywhere = (subject: string): string[] =>
    connection.servers.map(({ address }) => `${address}/${subject}`);
  // The stream itself is an address too: its subjects may be known to the server alone.
  const own = stream === undefined ? [] : [`stream ${stream}`];
  const subjects = filter.length > 0 ? filter : (create?.subjects ?? []);
  const patterns = subjects.filter((one) => !isSubject(one));
  const covered = addresses.filter((one) => patterns.some((pattern) => matches(pattern, one)));
  return {
    ...(durable !== undefined && {
      source: {
        canPause: true,
        acks: true,
        redelivers: true,
        ordered: 'all',
        scope: 'once',
        carries: 'bytes',
        maxPayload,
      },
      readsFrom: [...new Set([...own, ...subjects, ...covered])].flatMap(everywhere),
      readsMatching: connection.servers.flatMap(({ address }) =>
        patterns.map((pattern) => patternOf(pattern, `${address}/`)),
      ),
    }),
    ...(addresses.length > 0 && {
      sink: { confirms: 'durable', reaches: 'system', carries: 'bytes' },
      writesTo: [...own, ...addresses].flatMap(everywhere),
    }),
  };
}
