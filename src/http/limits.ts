/** How much one caller, and all of them, may ask of the HTTP server before any endpoint sees them. */
import { defaultServerLimits, type ServerLimits } from '../options/server-limits.ts';

/** `server-limits`, but for what is about the end of the routes. */
export type HttpLimits = Omit<ServerLimits, 'drainMs'>;

export const defaultLimits: HttpLimits = defaultServerLimits;

/**
 * The limits that fit into the file descriptors of the process. Without descriptors the kernel's connections
 * could be neither kept nor answered, and the endpoints' own files and connections would fail as well: an
 * eighth, 8,192 at most, is left to those and to the connections that wait.
 */
export function withinDescriptors(limits: HttpLimits, descriptors: number | undefined): HttpLimits {
  if (descriptors === undefined) return limits;
  const reserve = Math.min(8_192, Math.max(32, Math.floor(descriptors / 8)));
  return {
    ...limits,
    connections: Math.min(limits.connections, Math.max(1, descriptors - reserve)),
    waiting: Math.min(limits.waiting, reserve >> 1),
  };
}
