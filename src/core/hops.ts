/** How often a message may be passed on between relays, so that a loop of them ends. */

/** A message that has made more hops than this is discarded as `hops`. */
export const MAX_HOPS = 16;
