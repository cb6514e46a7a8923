/** How the generator talks to a server: plain data, so that it can be sent to the process of the generator. */

/** `{room}` in a path or subject becomes `r0000`, `r0001`, … */
export type Wire =
  | ({ readonly kind: 'websocket'; readonly path: string } & WebSocketPort)
  /** NATS's own protocol in WebSocket frames. Without `echo` a connection does not get what it sent itself. */
  | ({ readonly kind: 'nats'; readonly subject: string; readonly echo: boolean } & WebSocketPort)
  | { readonly kind: 'redis'; readonly port: number; readonly channel: string }
  /** A server of ours that writes one byte for each message it has read. */
  | { readonly kind: 'tally'; readonly port: number };

interface WebSocketPort {
  readonly port: number;
  /** Over TLS. */
  readonly isSecure?: boolean;
}

export type Role = 'publish' | 'subscribe' | 'both';

export function roomName(room: number): string {
  return `r${String(room).padStart(4, '0')}`;
}
