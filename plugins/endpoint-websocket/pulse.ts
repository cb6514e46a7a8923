/** Pings, and the end of peers that do not answer: half-open connections are noticed no other way. */
import type { SchedulerLike, Subscription } from 'rxjs';
import type { Peer } from './peer.ts';

export interface PulseOptions {
  /** How long a peer is left alone before it is pinged. */
  readonly pingMs: number;
  /** How long it may take to answer. */
  readonly pongMs: number;
  readonly scheduler: SchedulerLike;
  readonly peers: ReadonlySet<Peer>;
  /** Called for a peer that did not answer. */
  onSilent(peer: Peer): void;
}

export interface Pulse {
  start(): void;
  stop(): void;
}

/** Deadlines are looked at so many times in the shortest of them; one timer serves all peers. */
const LOOKS = 5;

export function createPulse(options: PulseOptions): Pulse {
  const { scheduler, peers, pingMs, pongMs } = options;
  const everyMs = Math.max(1, Math.floor(Math.min(pingMs, pongMs) / LOOKS));
  let timer: Subscription | undefined;
  let lookedAt = 0;

  const look = (): void => {
    const now = scheduler.now();
    // A process that was stopped for a while has heard nobody meanwhile: that time is nobody's silence.
    const missed = Math.max(0, now - lookedAt - 2 * everyMs);
    lookedAt = now;
    for (const peer of peers) {
      if (peer.pingedAt !== undefined) {
        // While we do not read from a peer we cannot see its pong. A dead one shows as a write error.
        if (peer.lane.isPaused) peer.pingedAt = now;
        else peer.pingedAt += missed;
        if (now - peer.pingedAt >= pongMs) options.onSilent(peer);
        else if (peer.lane.isPaused && now - peer.lastPingAt >= pingMs) ping(peer, now);
      } else if (now - peer.lastPingAt >= pingMs) {
        ping(peer, now);
      }
    }
    timer = scheduler.schedule(look, everyMs);
  };

  const ping = (peer: Peer, now: number): void => {
    peer.lastPingAt = now;
    peer.pingedAt = now;
    peer.webSocket.ping();
  };

  return {
    start() {
      lookedAt = scheduler.now();
      timer = scheduler.schedule(look, everyMs);
    },
    stop() {
      timer?.unsubscribe();
    },
  };
}
