/** One connection of the endpoint: it subscribes, or it publishes. */
import type { AraldoError } from '../../src/core/errors.ts';
import { Wire } from '../../src/core/wire.ts';
import type { TlsFiles } from '../../src/options/tls.ts';
import { openLink, refusal } from '../../src/redis/link.ts';
import type { Target } from '../../src/redis/target.ts';
import { type OnMessage, readMessages } from './message-reader.ts';
import type { Subscriptions } from './settings.ts';

export interface ConnectOptions {
  readonly target: Target;
  readonly tls: TlsFiles;
  readonly signal: AbortSignal;
  /** Called once, when a connection that was open has ended by itself. Not after `close`. */
  readonly onLost: (error: AraldoError) => void;
  readonly onMessage: OnMessage;
}

export interface Connection {
  /** Resolves when Redis has confirmed all of it. Once, and when nothing else is unanswered. */
  subscribe(subscriptions: Subscriptions): Promise<void>;
  /** Resolves when Redis has answered; rejects with its error reply, or when the connection ends. */
  publish(channel: string, payload: Buffer): Promise<unknown>;
  /** Resolves when Redis answers, be it with an error; rejects when the connection ends. */
  ping(): Promise<void>;
  /** Keeps what is written until `uncork`, to send it in one piece. */
  cork(): void;
  uncork(): void;
  /** Ends it at once. Idempotent. */
  close(): void;
}

export type Connect = (options: ConnectOptions) => Promise<Connection>;

/** Connects and waits until Redis serves. Rejects with an `AraldoError` that says where and why. */
export async function connectRedis({ onMessage, ...options }: ConnectOptions): Promise<Connection> {
  const link = await openLink({ plugin: 'endpoint-redis', ...options });
  const { redis } = link;
  redis.on('messageBuffer', (channel: Buffer, payload: Buffer) => {
    onMessage(channel.toString(), Wire.of(payload));
  });
  redis.on('pmessageBuffer', (pattern: string, channel: Buffer, payload: Buffer) => {
    onMessage(channel.toString(), Wire.of(payload), pattern);
  });

  return {
    async subscribe({ channels, patterns }) {
      readMessages(redis.stream, onMessage);
      try {
        if (channels.length > 0) await redis.subscribe(...channels);
        if (patterns.length > 0) await redis.psubscribe(...patterns);
      } catch (thrown) {
        throw refusal(options.target, thrown);
      }
    },
    publish: (channel, payload) => redis.publish(channel, payload),
    ping: link.ping,
    cork: link.cork,
    uncork: link.uncork,
    close: link.close,
  };
}
