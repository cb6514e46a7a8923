/** What the options of an endpoint mean, in the terms of its connection. */
import type { Capabilities } from '../../src/core/endpoint.ts';
import type { Message } from '../../src/core/message.ts';
import type { ConnectionSettings } from '../../src/nats/options.ts';
import { isSubject, matches, patternOf } from '../../src/nats/subject.ts';
import type { Asks } from '../../src/replies/option.ts';

export interface Settings {
  readonly connection: ConnectionSettings;
  /** Each is a lane. */
  readonly subscriptions: readonly string[];
  readonly queue: string | undefined;
  /** On which subject a message goes out; `undefined` for a sink that answers, and for none. */
  readonly address: ((message: Message) => string) | undefined;
  /** All that `address` may give, with wildcards. */
  readonly addresses: readonly string[];
  /** Whether it answers: what it asks itself, else where messages say, as far as `replyTo` allows. */
  readonly replies: boolean;
  /** What it reads are requests, if they name an inbox. */
  readonly asks: Asks | undefined;
  /** Where an answer may be expected: other addresses of messages are not used. */
  readonly replyTo: readonly string[];
  /** The largest payload of a message, in bytes. */
  readonly maxPayload: number;
}

/** What it can do: core NATS keeps nothing, so it neither waits nor delivers again. */
export function capabilitiesOf(settings: Settings): Capabilities {
  const { connection, subscriptions, queue, addresses, replies, asks, maxPayload } = settings;
  const everywhere = (subject: string): string[] =>
    connection.servers.map(({ address }) => `${address}/${subject}`);
  const patterns = subscriptions.filter((one) => !isSubject(one));
  // A pattern that covers what we publish reads it back, as the subject itself would.
  const covered = addresses.filter((one) => patterns.some((pattern) => matches(pattern, one)));
  const read = new Set([...subscriptions, ...covered]);
  return {
    ...(subscriptions.length > 0 && {
      source: {
        canPause: false,
        acks: false,
        redelivers: false,
        ordered: 'lane',
        scope: queue === undefined ? 'copy' : 'once',
        carries: 'bytes',
        maxPayload,
        ...(asks !== undefined && { asks: { timeoutMs: asks.timeoutMs, max: asks.max } }),
      },
      readsFrom: [...read].flatMap(everywhere),
      readsMatching: connection.servers.flatMap(({ address }) =>
        patterns.map((pattern) => patternOf(pattern, `${address}/`)),
      ),
    }),
    ...((addresses.length > 0 || replies) && {
      sink: { confirms: 'accepted', reaches: 'system', carries: 'bytes' },
      writesTo: addresses.flatMap(everywhere),
    }),
  };
}
