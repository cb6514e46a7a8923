/** What the options of an endpoint mean, in the terms of its connections. */
import type { Capabilities } from '../../src/core/endpoint.ts';
import type { TlsFiles } from '../../src/options/tls.ts';
import type { Target } from '../../src/redis/target.ts';
import { matches, patternOf } from './pattern.ts';

/** Each name is a lane of its own. */
export interface Subscriptions {
  readonly channels: readonly string[];
  readonly patterns: readonly string[];
}

export interface Settings {
  readonly target: Target;
  readonly tls: TlsFiles;
  readonly subscriptions: Subscriptions;
  /** The channel to publish on, if any. */
  readonly publishes: string | undefined;
  /** The largest payload of a message, in bytes. */
  readonly maxPayload: number;
  readonly pingMs: number;
  readonly pongMs: number;
}

/** What it can do: Redis Pub/Sub keeps nothing, so it neither waits nor delivers again. */
export function capabilitiesOf({ target, subscriptions, publishes, maxPayload }: Settings): Capabilities {
  const { channels, patterns } = subscriptions;
  const addressOf = (name: string): string => `${target.address}/${name}`;
  // A pattern that covers what we publish reads it back, as the channel itself would.
  const isCovered = publishes !== undefined && patterns.some((pattern) => matches(pattern, publishes));
  const read = new Set([...channels, ...patterns, ...(isCovered ? [publishes] : [])]);
  return {
    ...(read.size > 0 && {
      source: {
        canPause: false,
        acks: false,
        redelivers: false,
        ordered: 'lane',
        scope: 'copy',
        carries: 'bytes',
        maxPayload,
      },
      readsFrom: [...read].map(addressOf),
      readsMatching: patterns.map((pattern) => patternOf(pattern, addressOf(''))),
    }),
    ...(publishes !== undefined && {
      sink: { confirms: 'accepted', reaches: 'system', carries: 'bytes' },
      writesTo: [addressOf(publishes)],
    }),
  };
}
