/** How a plugin asks the server to end: one whose input has an end, and nothing comes after it. */
import type { Service } from './plugin.ts';

/**
 * Asks for the end of the server, which drains first, for `deadlineMs` at most where that is given. It returns at once;
 * the endpoint is drained and closed as for any other reason.
 */
export type RequestEnd = (reason: string, options?: { readonly deadlineMs?: number }) => void;

/** Lent by the `araldo` command. A server that code started belongs to that code, unless it lends this too. */
export const shutdown: Service<RequestEnd> = { name: 'shutdown' };
