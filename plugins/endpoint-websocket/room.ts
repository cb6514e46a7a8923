/** Whom a message reaches: the peers of one room, which share the batch of each turn. */
import { type Batch, buildBatch, type Outgoing, type Run, runsAround } from './batch.ts';
import type { Peer } from './peer.ts';

export interface Room {
  /** What the audience knows it by. */
  readonly key: string;
  readonly peers: Set<Peer>;
  /** Takes a message for the end of the turn. `except` is left out: the peer that the message came from. */
  add(outgoing: Outgoing, except: Peer | undefined): void;
  /** Whether anything waits for the end of the turn. */
  readonly isDirty: boolean;
  /** Sends what waits to every peer; `onKept` is told of each peer that had to keep it in its own buffer. */
  flush(onKept: (peer: Peer) => void): void;
}

export function createRoom(key: string): Room {
  const peers = new Set<Peer>();
  /** Bounded by the flush that the broadcast makes at so many bytes or messages. */
  let outgoing: Outgoing[] = [];
  /** For the senders of this turn, which of its messages are their own. */
  let own = new Map<Peer, number[]>();

  return {
    key,
    peers,
    get isDirty() {
      return outgoing.length > 0;
    },
    add(message, except) {
      if (except !== undefined) {
        const places = own.get(except);
        if (places === undefined) own.set(except, [outgoing.length]);
        else places.push(outgoing.length);
      }
      outgoing.push(message);
    },
    flush(onKept) {
      if (outgoing.length === 0) return;
      const batch: Batch = buildBatch(outgoing);
      const senders = own;
      outgoing = [];
      if (senders.size > 0) own = new Map();
      for (const peer of peers) {
        const excluded = senders.size === 0 ? undefined : senders.get(peer);
        if (excluded === undefined) {
          if (!peer.sendBatch(batch)) onKept(peer);
          continue;
        }
        const runs: Run[] = runsAround(batch, excluded);
        if (!peer.sendRuns(runs)) onKept(peer);
      }
    },
  };
}
