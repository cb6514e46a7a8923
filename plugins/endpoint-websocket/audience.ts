/** Which peers are connected, and which of them a message reaches. */
import type { Message } from '../../src/core/message.ts';
import type { Peer } from './peer.ts';
import { createRoom, type Room } from './room.ts';

/** All peers, those whose path parameters equal the message's, or the one that the message names. */
export const reaches = ['all', 'room', 'peer'] as const;
export type Reach = (typeof reaches)[number];

type Params = Readonly<Record<string, string>>;

export interface Audience {
  readonly peers: ReadonlySet<Peer>;
  /** The room that a peer with these parameters joins. */
  roomFor(params: Params): Room<Peer>;
  join(peer: Peer): void;
  leave(peer: Peer): void;
  /** `undefined` when nobody is there. */
  roomOf(message: Message): Room<Peer> | undefined;
  peerNamed(id: string | undefined): Peer | undefined;
}

export function createAudience(reach: Reach): Audience {
  const peers = new Set<Peer>();
  const byId = new Map<string, Peer>();
  const everyone = createRoom<Peer>('all');
  /** By parameters; a room goes with its last peer, so there are never more than peers. */
  const rooms = new Map<string, Room<Peer>>();
  /** The messages of a peer share one object of parameters. */
  const keys = new WeakMap<Params, string>();

  const keyOf = (params: Params): string => {
    let key = keys.get(params);
    if (key === undefined) {
      key = roomKey(params);
      keys.set(params, key);
    }
    return key;
  };

  const peerNamed = (id: string | undefined): Peer | undefined =>
    id === undefined ? undefined : byId.get(id);

  return {
    peers,
    peerNamed,
    roomFor(params) {
      if (reach === 'all') return everyone;
      if (reach === 'peer') return createRoom<Peer>('peer');
      const key = roomKey(params);
      let room = rooms.get(key);
      if (room === undefined) {
        room = createRoom<Peer>(key);
        rooms.set(key, room);
      }
      return room;
    },
    join(peer) {
      peers.add(peer);
      byId.set(peer.id, peer);
      peer.room.join(peer);
    },
    leave(peer) {
      peers.delete(peer);
      byId.delete(peer.id);
      peer.room.leave(peer);
      if (reach === 'room' && peer.room.peers.size === 0) rooms.delete(peer.room.key);
    },
    roomOf(message) {
      if (reach === 'all') return everyone;
      if (reach === 'peer') return peerNamed(message.meta.peer)?.room;
      return message.meta.params === undefined ? undefined : rooms.get(keyOf(message.meta.params));
    },
  };
}

/** Equal for equal parameters, whatever the order of their names. */
function roomKey(params: Params): string {
  const names = Object.keys(params).sort();
  return JSON.stringify(names.map((name) => [name, params[name]]));
}
