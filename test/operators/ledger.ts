// Makes messages as a source would, and notes how each of them is settled.

import type { AraldoError } from '../../src/core/errors.ts';
import {
  type Holder,
  Message,
  type Meta,
  type Origin,
  type RoutePort,
  type Status,
} from '../../src/core/message.ts';
import { Wire } from '../../src/core/wire.ts';

export interface Ledger {
  readonly origin: Origin;
  readonly route: RoutePort;
  /** The status of each settled root, by its payload's place in the order of making; twice is an error. */
  readonly settled: Map<number, Status>;
  readonly discarded: string[];
  readonly failed: AraldoError[];
  /** Where each of those failed. */
  readonly failedAt: (string | undefined)[];
  readonly holders: Set<Holder>;
  /** A message as a source emits it, unclaimed; the obligation of emitting is still open. */
  root(payload: unknown, meta?: Meta): Message;
  rootOfBytes(text: string | Uint8Array, meta?: Meta): Message;
  /** A message as a step receives it: claimed by `route`. */
  claimed(payload: unknown, meta?: Meta): Message;
  claimedBytes(text: string | Uint8Array, meta?: Meta): Message;
  /** The statuses in the order of making; `open` for what nobody settled. */
  readonly statuses: readonly (Status | 'open')[];
}

/** `failed` on the route rejects, as a route without `on-error` in code does. */
export function createLedger(): Ledger {
  const settled = new Map<number, Status>();
  const discarded: string[] = [];
  const failed: AraldoError[] = [];
  const failedAt: (string | undefined)[] = [];
  const holders = new Set<Holder>();
  let made = 0;

  const origin: Origin = {
    address: 'ledger',
    valve: { hold: (holder) => holders.add(holder), release: (holder) => holders.delete(holder) },
    settled(root, status) {
      if (settled.has(root.sequence)) throw new Error(`message ${root.sequence} was settled twice`);
      settled.set(root.sequence, status);
    },
  };
  const route: RoutePort = {
    name: 'ledger',
    discarded: (_message, reason) => discarded.push(reason),
    failed(message, error, where) {
      failed.push(error);
      failedAt.push(where?.at);
      message.reject();
    },
    made: () => undefined,
    claimed: () => undefined,
  };

  const claim = (root: Message): Message => {
    const claimed = root.claim(route);
    root.emitted();
    return claimed;
  };
  const rootOfBytes = (text: string | Uint8Array, meta: Meta = {}): Message => {
    const isText = typeof text === 'string';
    return Message.rootOfBytes(Wire.of(isText ? Buffer.from(text) : text, isText), meta, origin, made++);
  };
  const root = (payload: unknown, meta: Meta = {}): Message => Message.root(payload, meta, origin, made++);

  return {
    origin,
    route,
    settled,
    discarded,
    failed,
    failedAt,
    holders,
    root,
    rootOfBytes,
    claimed: (payload, meta) => claim(root(payload, meta)),
    claimedBytes: (text, meta) => claim(rootOfBytes(text, meta)),
    get statuses() {
      return Array.from({ length: made }, (_none, place) => settled.get(place) ?? 'open');
    },
  };
}
