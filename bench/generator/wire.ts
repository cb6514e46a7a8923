/** How the generator talks to a server: plain data, so that it can be sent to the process of the generator. */

/** `{room}` in a path or subject becomes `r0000`, `r0001`, … */
export type Wire =
  | { readonly kind: 'websocket'; readonly port: number; readonly path: string }
  /** NATS's own protocol in WebSocket frames. Without `echo` a connection does not get what it sent itself. */
  | { readonly kind: 'nats'; readonly port: number; readonly subject: string; readonly echo: boolean }
  | { readonly kind: 'redis'; readonly port: number; readonly channel: string }
  /** A server of ours that writes one byte for each message it has read. */
  | { readonly kind: 'tally'; readonly port: number };

export type Role = 'publish' | 'subscribe' | 'both';

export function roomName(room: number): string {
  return `r${String(room).padStart(4, '0')}`;
}
