// For any sequence of peers that join, leave, stall and read again, each receives exactly what its policy allows,
// in order. The shared batches are checked against a model that knows single peers and single messages only.

import fc from 'fast-check';
import { VirtualTimeScheduler } from 'rxjs';
import { expect, test } from 'vitest';
import { createAudience } from '../../../plugins/endpoint-websocket/audience.ts';
import { createBroadcast, type PeerOverflow } from '../../../plugins/endpoint-websocket/broadcast.ts';
import { Peer } from '../../../plugins/endpoint-websocket/peer.ts';
import { Message } from '../../../src/core/message.ts';
import type { Sender } from '../../../src/core/sink.ts';
import { runs } from '../../runs.ts';
import { pass } from '../../virtual-time.ts';
import { FakeSocket, payloadsOf } from './fake-socket.ts';

/** Much more than a socket takes before it says that it is full: what is lost must be lost from the buffer. */
const BUFFER = 60_000;
const PAYLOAD = 3_000;
/** What a turn may add to a peer that was not full before it. */
const BATCH = 64 * 1024 + PAYLOAD + 14;

type Action =
  | { readonly kind: 'join' }
  | { readonly kind: 'leave' | 'stall' | 'read'; readonly peer: number }
  | { readonly kind: 'publish'; readonly from: number; readonly key: number; readonly waits: boolean }
  | { readonly kind: 'turn' }
  | { readonly kind: 'wait'; readonly ms: number };

const nth = fc.nat(4);
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Action>({ kind: 'join' }) },
  { weight: 1, arbitrary: nth.map((peer): Action => ({ kind: 'leave', peer })) },
  { weight: 2, arbitrary: nth.map((peer): Action => ({ kind: 'stall', peer })) },
  { weight: 2, arbitrary: nth.map((peer): Action => ({ kind: 'read', peer })) },
  {
    weight: 12,
    arbitrary: fc
      .tuple(fc.integer({ min: -1, max: 4 }), fc.nat(2), fc.boolean())
      .map(([from, key, waits]): Action => ({ kind: 'publish', from, key, waits })),
  },
  { weight: 4, arbitrary: fc.constant<Action>({ kind: 'turn' }) },
  { weight: 1, arbitrary: fc.nat(12_000).map((ms): Action => ({ kind: 'wait', ms })) },
);

interface Remote {
  readonly peer: Peer;
  readonly socket: FakeSocket;
  wasLagging: boolean;
  /** How much it had read when it was looked at last. */
  seen: number;
  /** The numbers of the messages that were for it while it was here. */
  readonly meant: number[];
  isGone: boolean;
}

/** Plays the actions, and looks after each at what must always hold. */
function play(actions: readonly Action[], overflow: PeerOverflow, onlyWaiting: boolean) {
  const scheduler = new VirtualTimeScheduler();
  const audience = createAudience('all');
  const remotes: Remote[] = [];
  const settled = new Map<number, number>();
  const disconnected = new Set<Peer>();
  /** When a route that waits could not send: from, to. */
  const shut: [number, number][] = [];
  let shutSince: number | undefined;
  let published = 0;
  /** By number. */
  const keys: number[] = [];
  let ticket = 0;

  const broadcast = createBroadcast({
    frames: 'auto',
    echo: false,
    holdsWhenEmpty: false,
    peer: { overflow, buffer: BUFFER, patienceMs: 200 },
    allBuffers: 256 * 1024 * 1024,
    scheduler,
    peers: audience.peers,
    roomOf: audience.roomOf,
    senderOf: (message) => audience.peerNamed(message.meta.peer),
    onWritable: () => {
      if (shutSince !== undefined) shut.push([shutSince, scheduler.now()]);
      shutSince = undefined;
    },
    disconnect: (peer) => {
      disconnected.add(peer);
      leave(remotes.find((remote) => remote.peer === peer));
    },
  });

  const senderOf = (waits: boolean): Sender => {
    let first = 0;
    const settle = (at: number): void => {
      settled.set(at, (settled.get(at) ?? 0) + 1);
    };
    const open: number[] = [];
    return Object.assign(
      {
        name: 'leg',
        waits,
        confirm: settle,
        fail: settle,
        dismiss(at: number) {
          open.splice(open.indexOf(at), 1);
          settle(at);
        },
        confirmThrough(at: number) {
          while (open.length > 0 && (open[0] ?? 0) <= at) settle(open.shift() ?? 0);
          first = at;
        },
      },
      { open, first },
    );
  };
  const senders = { waiting: senderOf(true), losing: senderOf(false) };

  const join = (): void => {
    if (remotes.filter(({ isGone }) => !isGone).length >= 5) return;
    const socket = new FakeSocket();
    const room = audience.roomFor({});
    const id = `peer.${remotes.length}`;
    const peer = new Peer({ id, webSocket: {} as never, socket: socket.asSocket, lane: {} as never, room });
    audience.join(peer);
    broadcast.joined(peer);
    remotes.push({ peer, socket, meant: [], isGone: false, wasLagging: false, seen: 0 });
  };

  const leave = (remote: Remote | undefined): void => {
    if (remote === undefined || remote.isGone) return;
    remote.isGone = true;
    audience.leave(remote.peer);
    broadcast.forget(remote.peer);
  };

  const here = (place: number): Remote | undefined => remotes.filter(({ isGone }) => !isGone)[place];

  const publish = (from: number, key: number, waits: boolean): void => {
    const sender = waits ? senders.waiting : senders.losing;
    if (!broadcast.isWritable(sender)) return;
    const origin = from < 0 ? undefined : here(from)?.peer;
    const meta = { key: String(key), ...(origin === undefined ? {} : { peer: origin.id }) };
    const text = `${published}:${key}:`.padEnd(PAYLOAD, '.');
    for (const remote of remotes) {
      if (!remote.isGone && remote.peer !== origin) remote.meant.push(published);
    }
    keys[published] = key;
    published += 1;
    (sender as unknown as { open: number[] }).open.push(ticket);
    broadcast.write(Message.of(text, meta), ticket, sender);
    ticket += 1;
  };

  const turn = (): void => {
    pass(scheduler, 0);
    for (const { socket } of remotes) socket.turn();
  };

  const check = (): void => {
    // Only sending shuts it, and sending takes no time.
    if (!broadcast.isWritable(senders.waiting)) shutSince ??= scheduler.now();
    for (const remote of remotes) {
      const { peer, meant, socket, isGone, wasLagging } = remote;
      const got = received(socket);
      // What is meant for it only grows: where it has read nothing since, this holds as it did.
      if (got.length > remote.seen) {
        remote.seen = got.length;
        // Under `latest` a newer value takes the place of an older one with its key: order is that of each key.
        const orders =
          overflow === 'latest' ? [0, 1, 2].map((key) => (number: number) => keys[number] === key) : [all];
        for (const of of orders) expect(isSubsequence(got.filter(of), meant.filter(of))).toBe(true);
      }
      if (isGone) continue;
      // What its socket took while it was clear comes on top.
      if (peer.buffered > BUFFER + 2 * BATCH) expect(peer.buffered).toBeLessThanOrEqual(BUFFER + 2 * BATCH);
      // Once it lags it lives from its own buffer, until that is empty.
      if (wasLagging && !peer.isLagging) expect(peer.waiting.isEmpty).toBe(true);
      remote.wasLagging = peer.isLagging;
    }
  };

  for (const step of actions) {
    if (step.kind === 'join') join();
    else if (step.kind === 'leave') leave(here(step.peer));
    else if (step.kind === 'turn') turn();
    else if (step.kind === 'wait') pass(scheduler, step.ms);
    else if (step.kind === 'publish') publish(step.from, step.key, onlyWaiting || step.waits);
    else {
      const remote = here(step.peer);
      if (remote !== undefined) remote.socket.isStalled = step.kind === 'stall';
    }
    check();
  }
  // At rest: everybody reads until nothing waits.
  for (const { socket } of remotes) socket.isStalled = false;
  for (let turns = 0; turns < 100; turns += 1) turn();
  check();
  return { remotes, broadcast, settled, tickets: ticket, disconnected, shut };
}

const all = (): boolean => true;

/** What has been found in what each socket has read: asked after every action, it is read once. */
const found = new WeakMap<FakeSocket, { chunks: number; readonly numbers: number[] }>();

/** The longest number and the colon behind it. */
const NUMBER_BYTES = 16;

function received(socket: FakeSocket): readonly number[] {
  const so = found.get(socket) ?? { chunks: 0, numbers: [] };
  found.set(socket, so);
  const more = socket.read.slice(so.chunks);
  so.chunks = socket.read.length;
  for (const { payload } of payloadsOf(Buffer.concat(more)))
    so.numbers.push(Number.parseInt(payload.subarray(0, NUMBER_BYTES).toString(), 10));
  return so.numbers;
}

function isSubsequence(part: readonly number[], whole: readonly number[]): boolean {
  let at = 0;
  for (const item of whole) if (at < part.length && part[at] === item) at += 1;
  return at === part.length;
}

const actions = fc.array(action, { maxLength: 80 });
const started = actions.map((rest): Action[] => [{ kind: 'join' }, { kind: 'join' }, ...rest]);

/** More than a peer's buffer holds. */
const burst: Action[] = [
  ...Array.from({ length: 30 }, (): Action => ({ kind: 'publish', from: -1, key: 0, waits: true })),
  { kind: 'turn' },
];
const crowded: fc.Arbitrary<Action[]> = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constant(burst) },
      { weight: 2, arbitrary: nth.map((peer): Action[] => [{ kind: 'stall', peer }]) },
      { weight: 1, arbitrary: nth.map((peer): Action[] => [{ kind: 'read', peer }, { kind: 'turn' }]) },
      { weight: 3, arbitrary: fc.nat(3_000).map((ms): Action[] => [{ kind: 'wait', ms }]) },
      { weight: 1, arbitrary: fc.constant<Action[]>([{ kind: 'join' }]) },
    ),
    { maxLength: 40 },
  )
  .map((parts) => [{ kind: 'join' }, { kind: 'join' }, { kind: 'join' }, ...parts.flat()]);

test.each<PeerOverflow>(['disconnect', 'drop-oldest', 'drop-newest', 'latest', 'pause'])(
  'broadcast under %s › each peer receives what was for it, in order, but for what is counted as lost',
  (overflow) => {
    fc.assert(
      fc.property(
        fc.oneof({ weight: 4, arbitrary: started }, { weight: 1, arbitrary: crowded }),
        (script) => {
          const { remotes, broadcast, settled, tickets } = play(script, overflow, false);
          let missing = 0;
          for (const { socket, meant, isGone } of remotes) {
            if (isGone) continue;
            const got = received(socket);
            missing += meant.length - got.length;
            // The newest always has a place, or what came first does.
            if (overflow === 'drop-oldest') expect(got.at(-1)).toBe(meant.at(-1));
            if (overflow === 'drop-newest') expect(got[0]).toBe(meant[0]);
          }
          const lost = Object.values(broadcast.lost).reduce((sum, count) => sum + count, 0);
          // Peers that left may have lost some before: those are counted as well.
          expect(missing).toBeLessThanOrEqual(lost);
          if (remotes.every(({ isGone }) => !isGone)) expect(missing).toBe(lost);
          expect(settled.size).toBe(tickets);
          expect([...settled.values()].filter((times) => times !== 1)).toEqual([]);
        },
      ),
      runs({ share: 0.4, quick: 0.5 }),
    );
  },
);

test('broadcast under pause › with routes that wait, no peer loses anything', () => {
  fc.assert(
    fc.property(started, (script) => {
      const { remotes, broadcast } = play(script, 'pause', true);
      expect(broadcast.lost).toEqual({});
      for (const { socket, meant, isGone } of remotes) {
        if (!isGone) expect(received(socket)).toEqual(meant);
      }
    }),
    runs({ share: 0.4, quick: 0.5 }),
  );
});

test.each<PeerOverflow>(['disconnect', 'drop-oldest', 'drop-newest', 'latest'])(
  'broadcast under %s › all full peers together hold a route 200 ms in any ten seconds, not longer',
  (overflow) => {
    fc.assert(
      fc.property(crowded, (script) => {
        const { shut } = play(script, overflow, true);
        for (const [, end] of shut) {
          const held = shut.reduce(
            (sum, [a, b]) => sum + Math.max(0, Math.min(b, end) - Math.max(a, end - 10_000)),
            0,
          );
          // Timers are whole milliseconds: one more for each time.
          expect(held).toBeLessThanOrEqual(200 + shut.length);
        }
      }),
      runs({ share: 0.2, quick: 0.5 }),
    );
  },
);

test('broadcast › what a stalled peer gets or loses is nothing to another peer that reads', () => {
  fc.assert(
    fc.property(
      started,
      fc.constantFrom<PeerOverflow>('disconnect', 'drop-oldest', 'latest'),
      (script, overflow) => {
        const { remotes } = play(script, overflow, false);
        const stalled = new Set<number>();
        for (const step of script) if (step.kind === 'stall') stalled.add(step.peer);
        if (stalled.size > 0) return;
        for (const { socket, meant, isGone } of remotes) if (!isGone) expect(received(socket)).toEqual(meant);
      },
    ),
    runs({ share: 0.4, quick: 0.5 }),
  );
});
