/** Whom a message reaches: the peers of one room, which share the batch of each turn. */
import type { Wire } from '../../src/core/wire.ts';
import { type Batch, buildBatch, type Run, runsAround } from './batch.ts';

/** A peer as its room sees it. Both say whether the batch went to the socket, or had to be kept. */
export interface Recipient {
  sendBatch(batch: Batch): boolean;
  sendRuns(runs: readonly Run[]): boolean;
}

export interface Room<Peer extends Recipient> {
  /** What the audience knows it by. */
  readonly key: string;
  readonly peers: ReadonlySet<Peer>;
  /** A peer gets what is added from now on, and nothing that waits already. */
  join(peer: Peer): void;
  leave(peer: Peer): void;
  /**
   * Takes a message for the end of the turn. `key` is what the policy `latest` goes by; `except` is left out: the
   * peer that the message came from. Returns whether it is the first one that waits.
   */
  add(wire: Wire, key: unknown, except: Peer | undefined): boolean;
  /**
   * Sends what waits to every peer. `isText` says it of each payload; `onKept` is told of each peer that had to
   * keep the batch in its own buffer.
   */
  flush(isText: (wire: Wire) => boolean, onKept: (peer: Peer) => void): void;
}

interface Part {
  /** The first frame that it gets. */
  from: number;
  /** Frames that it does not get; they rise. */
  readonly excluded: number[];
}

export function createRoom<Peer extends Recipient>(key: string): Room<Peer> {
  const peers = new Set<Peer>();
  /** Bounded by the flush that the broadcast makes at so many bytes or messages. */
  let outgoing: Wire[] = [];
  /** Only where messages have some. */
  let keys: unknown[] | undefined;
  /** The peers of this turn that do not get the whole batch: senders, and those who came in between. */
  let partial = new Map<Peer, Part>();

  const partOf = (peer: Peer): Part => {
    let part = partial.get(peer);
    if (part === undefined) {
      part = { from: 0, excluded: [] };
      partial.set(peer, part);
    }
    return part;
  };

  return {
    key,
    peers,
    join(peer) {
      peers.add(peer);
      if (outgoing.length > 0) partOf(peer).from = outgoing.length;
    },
    leave(peer) {
      peers.delete(peer);
      partial.delete(peer);
    },
    add(wire, key, except) {
      const place = outgoing.length;
      if (except !== undefined) partOf(except).excluded.push(place);
      if (key !== undefined) {
        keys ??= [];
        keys[place] = key;
      }
      // Not `push`: the compiler calls that one for an array that began empty, and inlines this.
      outgoing[place] = wire;
      return place === 0;
    },
    flush(isText, onKept) {
      if (outgoing.length === 0) return;
      const batch = buildBatch(outgoing, isText, keys);
      const parts = partial;
      outgoing = [];
      keys = undefined;
      if (parts.size > 0) partial = new Map();
      for (const peer of peers) {
        const part = parts.size === 0 ? undefined : parts.get(peer);
        const isSent =
          part === undefined
            ? peer.sendBatch(batch)
            : peer.sendRuns(runsAround(batch, part.excluded, part.from));
        if (!isSent) onKept(peer);
      }
    },
  };
}
