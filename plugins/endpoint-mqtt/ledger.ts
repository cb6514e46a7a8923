/**
 * What the broker has sent of one session and waits for an answer to: QoS 1 and 2.
 *
 * It outlives connections, as the session does: what the broker sends again on a new connection is known here, so what
 * a route still has is not delivered a second time, and is answered on the new connection when it is settled.
 */
import type { Incoming } from './connection.ts';

/** A message that came and is not answered. */
export interface Entry {
  readonly packetId: number;
  readonly qos: 1 | 2;
  readonly topic: string;
  readonly payload: Buffer;
  /** Whether it was settled before the broker had sent it again on this connection. */
  isSettled: boolean;
  /** The connection on which it came last: an answer on another one would be for nothing the broker has asked. */
  connection: number;
}

/** What to do with a message that came. */
export type Arrival = 'deliver' | 'answer' | 'wait';

export interface Ledger {
  /** A connection began; `isPresent` says whether the broker still has the session. */
  begin(isPresent: boolean): void;
  /**
   * A message came: it is to be delivered under `position`; or to be answered at once, for it was settled; or the route
   * has it still.
   */
  arrive(message: Incoming, position: number): Arrival;
  /** It is settled. Returns what to answer to now, if anything. */
  settle(position: number): Entry | undefined;
  /** It will be delivered again, under another position. */
  move(from: number, to: number): void;
  /** The broker knows that a message of QoS 2 was answered: its packet id may come again for another. */
  release(packetId: number): void;
  /** How many are not settled. */
  readonly size: number;
}

/** Bounded by the packet ids: 65,535, and by the receive maximum where the broker knows it. */
export function createLedger(): Ledger {
  const byPosition = new Map<number, Entry>();
  const byPacket = new Map<number, Entry>();
  /** Messages of QoS 2 that were answered, until the broker says that it knows. */
  const answered = new Set<number>();
  let connection = 0;

  return {
    begin(isPresent) {
      connection += 1;
      if (isPresent) return;
      byPosition.clear();
      byPacket.clear();
      answered.clear();
    },
    arrive(message, position) {
      const { packetId, qos, topic, payload, isDuplicate } = message;
      if (isDuplicate && qos === 2 && answered.has(packetId)) return 'answer';
      const known = byPacket.get(packetId);
      if (known !== undefined && isDuplicate && isSame(known, message)) {
        known.connection = connection;
        if (!known.isSettled) return 'wait';
        forget(known);
        return 'answer';
      }
      answered.delete(packetId);
      const entry: Entry = {
        packetId,
        qos: qos === 2 ? 2 : 1,
        topic,
        payload,
        isSettled: false,
        connection,
      };
      byPacket.set(packetId, entry);
      byPosition.set(position, entry);
      return 'deliver';
    },
    settle(position) {
      const entry = byPosition.get(position);
      if (entry === undefined) return undefined;
      byPosition.delete(position);
      // The broker has used the packet id for another message since: it does not wait for this one.
      if (byPacket.get(entry.packetId) !== entry) return undefined;
      if (entry.connection !== connection) {
        entry.isSettled = true;
        return undefined;
      }
      forget(entry);
      return entry;
    },
    move(from, to) {
      const entry = byPosition.get(from);
      if (entry === undefined) return;
      byPosition.delete(from);
      byPosition.set(to, entry);
    },
    release(packetId) {
      answered.delete(packetId);
    },
    get size() {
      return byPosition.size;
    },
  };

  function forget(entry: Entry): void {
    byPacket.delete(entry.packetId);
    if (entry.qos === 2) answered.add(entry.packetId);
  }
}

/** A broker that lost the last moments of a session may use a packet id for another message. */
function isSame(entry: Entry, { topic, payload }: Incoming): boolean {
  return entry.topic === topic && entry.payload.equals(payload);
}
