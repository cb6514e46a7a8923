/** The option `origins`: which pages may use a path. Browsers name theirs in the Origin header, other programs none. */
import type { IncomingMessage } from 'node:http';

/**
 * Without an allow-list, the page must come from the host that it connects to. The Host header has been
 * checked by then, so on loopback a rebound name does not pass for the same origin.
 */
export function isOriginAllowed(request: IncomingMessage, allowed: readonly string[] | undefined): boolean {
  const origin = request.headers.origin;
  if (origin === undefined) return true;
  if (allowed !== undefined && (allowed.includes(origin) || allowed.includes('*'))) return true;
  // `null` is what sandboxed pages and files send: nobody's origin.
  if (!URL.canParse(origin)) return false;
  return new URL(origin).host === request.headers.host?.toLowerCase();
}

/** What a page whose origin is allowed must be told to be shown an answer; nothing for other programs. */
export function crossOriginHeaders(request: IncomingMessage): Record<string, string> {
  const { origin } = request.headers;
  return origin === undefined ? {} : { 'access-control-allow-origin': origin, vary: 'origin' };
}
