/** The sending half: messages become shared batches, and full peers hold, lag, lose or go, as was chosen. */
import { isUtf8 } from 'node:buffer';
import type { SchedulerLike, Subscription } from 'rxjs';
import type { Message } from '../../src/core/message.ts';
import { outgoingWire } from '../../src/core/outgoing.ts';
import type { Sender } from '../../src/core/sink.ts';
import type { Wire } from '../../src/core/wire.ts';
import { createPatience } from './patience.ts';
import type { Peer } from './peer.ts';
import type { Room } from './room.ts';

/** What a peer's full buffer does. */
export const peerOverflows = ['disconnect', 'drop-oldest', 'drop-newest', 'latest', 'pause'] as const;
export type PeerOverflow = (typeof peerOverflows)[number];

export interface BroadcastOptions {
  readonly frames: 'auto' | 'text' | 'binary';
  readonly echo: boolean;
  readonly holdsWhenEmpty: boolean;
  readonly peer: {
    readonly overflow: PeerOverflow;
    /** The bound of a peer's buffer, in bytes. */
    readonly buffer: number;
    readonly patienceMs: number;
  };
  /** The bound of all peers' buffers together, in bytes. */
  readonly allBuffers: number;
  readonly scheduler: SchedulerLike;
  /** The room that a message is for; `undefined` when nobody is in it. */
  roomOf(message: Message): Room<Peer> | undefined;
  /** The peer that a message came from, if it is connected here. */
  senderOf(message: Message): Peer | undefined;
  readonly peers: ReadonlySet<Peer>;
  /** The endpoint takes messages again. */
  onWritable(): void;
  /** Ends a peer that could not keep up. */
  disconnect(peer: Peer, reason: string): void;
}

export interface Broadcast {
  isWritable(sender: Sender): boolean;
  readonly write: (message: Message, ticket: number, sender: Sender) => boolean;
  /** A peer is gone: it holds nobody any more. */
  forget(peer: Peer): void;
  joined(peer: Peer): void;
  /** Sends what waits for the end of the turn, now. */
  flush(): void;
  /** Messages that single peers lost, by reason. */
  readonly lost: Record<string, number>;
}

/** A turn's batch leaves early at either bound, so that what is unconfirmed stays small. */
const BATCH_BYTES = 64 * 1024;
const BATCH_MESSAGES = 512;

export function createBroadcast(options: BroadcastOptions): Broadcast {
  const { scheduler, peer: policy, peers } = options;
  const patience = createPatience(policy.patienceMs);
  const holding = new Set<Peer>();
  const lost: Record<string, number> = {};
  /** Rooms with something to send this turn. */
  let dirty: Room<Peer>[] = [];
  /** The last ticket of each sender that it is from; that of the one at hand stands beside, for it is every time. */
  const tickets = new Map<Sender, number>();
  let current: Sender | undefined;
  let currentTicket = 0;
  let batchBytes = 0;
  let batchMessages = 0;
  let isScheduled = false;
  let impatience: Subscription | undefined;

  const isWritable = (sender: Sender): boolean => {
    if (!sender.waits) return true;
    return holding.size === 0 && !(options.holdsWhenEmpty && peers.size === 0);
  };

  const write = (message: Message, ticket: number, sender: Sender): boolean => {
    const room = options.roomOf(message);
    const except = options.echo ? undefined : options.senderOf(message);
    const isInRoom = except !== undefined && room !== undefined && room.peers.has(except);
    if (room === undefined || room.peers.size === (isInRoom ? 1 : 0)) {
      sender.dismiss(ticket, 'no-peer');
      return false;
    }
    const wire = outgoingWire(message);
    if (room.add(wire, message.meta.key, isInRoom ? except : undefined)) dirty.push(room);
    if (sender !== current) {
      if (current !== undefined) tickets.set(current, currentTicket);
      current = sender;
    }
    currentTicket = ticket;
    batchBytes += wire.size;
    batchMessages += 1;
    if (batchBytes >= BATCH_BYTES || batchMessages >= BATCH_MESSAGES) flush();
    else schedule();
    return false;
  };

  const schedule = (): void => {
    if (isScheduled) return;
    isScheduled = true;
    scheduler.schedule(() => {
      isScheduled = false;
      flush();
    });
  };

  const flush = (): void => {
    if (current === undefined) return;
    batchBytes = 0;
    batchMessages = 0;
    tickets.set(current, currentTicket);
    current = undefined;
    const confirmed = [...tickets];
    tickets.clear();
    const rooms = dirty;
    dirty = [];
    const waits = confirmed.some(([sender]) => sender.waits);
    let hasKept = false;
    const onKept = (peer: Peer): void => {
      hasKept = true;
      kept(peer, waits);
    };
    for (const room of rooms) room.flush(isText, onKept);
    if (hasKept) boundAll();
    // Every peer's socket or bounded buffer has it now. Confirming may lead to the next write.
    for (const [sender, ticket] of confirmed) sender.confirmThrough(ticket);
  };

  /** A peer had to keep a batch; `waits`: whether a route waits for it, rather than loses. */
  const kept = (peer: Peer, waits: boolean): void => {
    if (peer.isLagging || peer.buffered > policy.buffer) full(peer, waits);
  };

  const full = (peer: Peer, waits: boolean): void => {
    const mayHold = policy.overflow === 'pause' || (!peer.isLagging && patience.left(scheduler.now()) > 0);
    if (waits && mayHold) hold(peer);
    else lag(peer);
  };

  const hold = (peer: Peer): void => {
    if (peer.isHolding) return;
    peer.isHolding = true;
    holding.add(peer);
    if (policy.overflow === 'pause' || holding.size > 1) return;
    const now = scheduler.now();
    patience.begin(now);
    impatience = scheduler.schedule(lose, Math.ceil(patience.left(now)));
  };

  /** Patience is over: those that hold now are lagging from here on. */
  const lose = (): void => {
    for (const peer of [...holding]) lag(peer);
  };

  const letGo = (peer: Peer): void => {
    if (!holding.delete(peer)) return;
    peer.isHolding = false;
    if (holding.size > 0) return;
    impatience?.unsubscribe();
    patience.end(scheduler.now());
    options.onWritable();
  };

  const lag = (peer: Peer): void => {
    peer.isLagging = true;
    trim(peer);
    letGo(peer);
  };

  /** Brings a lagging peer back within its bound, as its policy says. */
  const trim = (peer: Peer): void => {
    if (policy.overflow === 'latest') count('latest', peer.waiting.keepLatest());
    if (peer.buffered <= policy.buffer) return;
    // What the socket has taken cannot be taken back.
    const room = Math.max(0, policy.buffer - (peer.buffered - peer.waiting.bytes));
    switch (policy.overflow) {
      case 'disconnect':
        options.disconnect(peer, 'too-slow');
        break;
      case 'drop-oldest':
      case 'latest':
        count(policy.overflow, peer.waiting.dropOldest(room));
        break;
      // Only a route that loses by its own policy comes here under `pause`.
      case 'pause':
      case 'drop-newest':
        count('drop-newest', peer.waiting.dropNewest(room));
        break;
      default:
        policy.overflow satisfies never;
    }
  };

  const count = (reason: string, messages: number): void => {
    if (messages > 0) lost[reason] = (lost[reason] ?? 0) + messages;
  };

  const drained = (peer: Peer): void => {
    if (peer.isLagging && peer.waiting.isEmpty) peer.isLagging = false;
    if (peer.isHolding && peer.buffered <= policy.buffer / 2) letGo(peer);
  };

  /** All peers' buffers together are bounded; the one that lags most goes first. */
  const boundAll = (): void => {
    if (peers.size * policy.buffer <= options.allBuffers) return;
    let all = 0;
    let most: Peer | undefined;
    for (const peer of peers) {
      all += peer.waiting.bytes;
      if (most === undefined || peer.waiting.bytes > most.waiting.bytes) most = peer;
    }
    if (all <= options.allBuffers || most === undefined) return;
    most.waiting.clear();
    options.disconnect(most, 'all-buffers-full');
    boundAll();
  };

  const isText = (wire: Wire): boolean => {
    if (options.frames !== 'auto') return options.frames === 'text';
    return wire.isText ?? isUtf8(wire.bytes);
  };

  return {
    isWritable,
    write,
    flush,
    lost,
    joined(peer) {
      peer.onDrained = drained;
      if (options.holdsWhenEmpty && peers.size === 1) options.onWritable();
    },
    forget(peer) {
      peer.waiting.clear();
      letGo(peer);
    },
  };
}
