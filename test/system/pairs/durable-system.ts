// A real server at one end of a pair, with what stands beside araldo: a producer that knows what it was confirmed, and a
// reader that does not read anything twice.

import type { FaultProxy } from '../../../src/testing/index.ts';

export const systemNames = ['redis-stream', 'jetstream', 'amqp', 'kafka', 'mqtt'] as const;

export type SystemName = (typeof systemNames)[number];

export interface Reader {
  came(payload: Buffer): void;
  /** The server says that it has handed it over before: it counts if it has not come. */
  again(payload: Buffer): void;
}

/** One place to read from and one to write to, both empty at first. */
export interface DurableSystem extends AsyncDisposable {
  readonly name: SystemName;
  /** Of the server, as it calls itself. */
  readonly version: string;
  /** Between araldo and the server. Producer and reader go past it. */
  readonly proxy: FaultProxy;
  /** It hands over more than araldo asks for: what waits in it must be kept within the window. */
  readonly isUnbounded?: boolean;
  /** The endpoint's options, as in YAML, behind the proxy. */
  source(): object;
  sink(): object;
  /**
   * Puts payloads in, each once, whatever happens: what is tried again might be there twice. Resolves with whether the
   * server has confirmed each for good; a lost connection leaves the rest unconfirmed.
   */
  put(payloads: readonly Buffer[]): Promise<readonly boolean[]>;
  /** Hands over what came into the place that is written to since the last call; nothing while the server is down. */
  read(to: Reader): Promise<void>;
  /** Kills the server (SIGKILL); resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it again on the same port with the same data; resolves when it answers. */
  restart(): Promise<void>;
}
