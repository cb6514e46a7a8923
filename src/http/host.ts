/** The port through which listening endpoints share the one HTTP server. Types and a key; no server here. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Service } from '../core/plugin.ts';

export interface HttpHost {
  /**
   * Claims the WebSocket upgrades on a path. `pattern` is a URLPattern pathname: `/rooms/:room`. Of
   * overlapping patterns the first claimed wins. Throws an `AraldoError` (`reserved-path`) for one that is
   * taken or the server's own. Returns what gives it back.
   */
  onUpgrade(pattern: string, handler: UpgradeHandler, options?: ClaimOptions): () => void;
  /** The same for plain requests. */
  onRequest(pattern: string, handler: RequestHandler): () => void;
}

export interface ClaimOptions {
  /** Host header values to admit on this path, besides those of the whole server. */
  readonly hosts?: readonly string[];
}

/** Params are the named groups of the pattern, decoded. The Host header and the limits are checked already. */
export type UpgradeHandler = (upgrade: Upgrade) => void;
export type RequestHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  params: Readonly<Record<string, string>>,
) => void;

export interface Upgrade {
  readonly request: IncomingMessage;
  /** Owned by the handler from now on. `refuse` ends it with a plain HTTP answer. */
  readonly socket: Socket;
  readonly head: Buffer;
  readonly params: Readonly<Record<string, string>>;
  refuse(status: number, reason: string, headers?: Readonly<Record<string, string>>): void;
}

/** Lent by the server to listening endpoints. */
export const httpHost: Service<HttpHost> = { name: 'http' };
