/** What the options of an endpoint mean, in the terms of its connections. */
import type { Capabilities } from '../../src/core/endpoint.ts';
import type { Message } from '../../src/core/message.ts';
import type { TlsFiles } from '../../src/options/tls.ts';
import type { Target } from './target.ts';
import { type Filter, isWildcard, matcherOf } from './topic.ts';

export type QoS = 0 | 1 | 2;

/** What the broker publishes when the connection ends without a word. */
export interface Will {
  readonly topic: string;
  readonly payload: string;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly delayMs: number;
}

export interface Subscriptions {
  readonly filters: readonly Filter[];
  /** Which retained messages they bring; `new`: those of a subscription that the session did not have yet. */
  readonly retained: 'new' | 'always' | 'never';
}

export interface Publications {
  /** The topic to publish on; throws an `AraldoError` for a message that has none. */
  readonly topicOf: (message: Message) => string;
  /** The topics it may be, as filters. */
  readonly topics: readonly string[];
  /** `keep`: as the message came, by `meta.retained`. */
  readonly retain: boolean | 'keep';
  /** How long the broker keeps a message for a subscriber that is away, in seconds. */
  readonly expiry: number | undefined;
}

export interface Settings {
  readonly target: Target;
  readonly tls: TlsFiles;
  readonly version: 5 | '3.1.1';
  /** As it was written. */
  readonly clientId: string | undefined;
  readonly subscriptions: Subscriptions | undefined;
  readonly publications: Publications | undefined;
  readonly qos: QoS;
  /** How long the broker keeps the session while we are away; 0 ends it with the connection. */
  readonly sessionExpiryMs: number;
  readonly will: Will | undefined;
  /** The largest payload of a message, in bytes. */
  readonly maxPayload: number;
  readonly keepAliveMs: number;
  readonly pingMs: number;
  readonly pongMs: number;
}

/** Whether the broker keeps what was not acknowledged while we are away. */
export function isDurable({ qos, subscriptions, sessionExpiryMs }: Settings): boolean {
  return qos > 0 && subscriptions !== undefined && sessionExpiryMs > 0;
}

/** What it can do. Without acknowledgements (QoS 0) the broker drops what we do not read in time. */
export function capabilitiesOf(settings: Settings): Capabilities {
  const { target, subscriptions, publications, qos, maxPayload } = settings;
  const addressOf = (topic: string): string => `${target.address}/${topic}`;
  const filters = subscriptions?.filters ?? [];
  const patterns = filters.filter(({ topics }) => isWildcard(topics));
  return {
    ...(subscriptions !== undefined && {
      source: {
        canPause: qos > 0,
        acks: isDurable(settings),
        redelivers: isDurable(settings),
        ordered: 'lane',
        scope: filters.every(({ isShared }) => isShared) ? 'once' : 'copy',
        carries: 'bytes',
        maxPayload,
      },
      readsFrom: [...new Set(filters.map(({ topics }) => addressOf(topics)))],
      readsMatching: patterns.map(({ topics }) => matcherOf(topics, addressOf(''))),
    }),
    ...(publications !== undefined && {
      sink: { confirms: qos === 0 ? 'flushed' : 'accepted', reaches: 'system', carries: 'bytes' },
      writesTo: publications.topics.map(addressOf),
    }),
  };
}
