/**
 * Pongs that nobody asked for. The generator does not read frames, so it sees no ping; a server that gets no answer
 * takes the peer for dead. RFC 6455 (5.5.3) knows them as heartbeats.
 */
import type { Link } from './link.ts';

export interface KeepAlive {
  /** Not while something is measured: thousands of pongs would be measured with it. */
  hold(): void;
  release(): void;
  stop(): void;
}

/** Well below the patience of any server here; each waits for a pong for 15 s at least. */
const EVERY_MS = 10_000;

export function keepAlive(links: Iterable<Link>): KeepAlive {
  let isHeld = false;
  let isDue = false;

  const beat = (): void => {
    isDue = isHeld;
    if (isHeld) return;
    for (const { isOpen, isBlocked, pong, socket } of links) {
      if (isOpen && !isBlocked && pong !== undefined) socket.write(pong);
    }
  };
  const timer = setInterval(beat, EVERY_MS);

  return {
    hold() {
      isHeld = true;
    },
    release() {
      isHeld = false;
      if (isDue) beat();
    },
    stop() {
      clearInterval(timer);
    },
  };
}
