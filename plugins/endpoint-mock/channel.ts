/** The channels through which the mock endpoints of one server reach each other. */
import type { Message } from '../../src/core/message.ts';

/** A mock endpoint, as the others on its channel see it. */
export interface Member {
  /** Whether it takes a message now. */
  isReady(): boolean;
  /** Takes a message that was sent to another. */
  receive(message: Message): void;
  /** Another one takes messages again. */
  othersReady(): void;
}

/** What a member does with its channel. */
export interface Channel {
  areOthersReady(): boolean;
  /** To the others, in the order in which they joined. */
  send(message: Message): void;
  /** Tells the others that this one takes messages again. */
  ready(): void;
  leave(): void;
}

/** By server and channel; an entry goes with its last member, so no server leaves anything behind. */
const channels = new Map<string, Set<Member>>();

/** Puts a member on a channel of its server. */
export function joinChannel(instance: string, name: string, member: Member): Channel {
  const key = JSON.stringify([instance, name]);
  const members = channels.get(key) ?? new Set<Member>();
  channels.set(key, members);
  members.add(member);

  return {
    areOthersReady() {
      for (const other of members) if (other !== member && !other.isReady()) return false;
      return true;
    },
    send(message) {
      for (const other of members) if (other !== member) other.receive(message);
    },
    ready() {
      for (const other of members) if (other !== member) other.othersReady();
    },
    leave() {
      members.delete(member);
      if (members.size === 0 && channels.get(key) === members) channels.delete(key);
      // Whoever waited for this one alone need not wait any longer.
      for (const other of members) other.othersReady();
    },
  };
}

/** How many channels have members, for tests. */
export function openChannels(): number {
  return channels.size;
}
