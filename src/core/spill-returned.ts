/** The messages of a leg that were read back from disk: settled here, since their sources know them as done. */
import type { Marshaller } from './marshaller.ts';
import { Message, type Origin, type RoutePort, type Status, type Valve } from './message.ts';
import { Ring } from './ring.ts';
import { metaOf } from './spill-row.ts';
import type { StoredKey, StoredMessage } from './spill-store.ts';
import { Wire } from './wire.ts';

export interface ReturnedOptions {
  /** Decides what becomes of those that fail. */
  readonly route: RoutePort;
  /** By name: those that may have made the bytes of messages. */
  readonly marshallers: ReadonlyMap<string, Marshaller>;
  /** Gives a message that fails the payload that its bytes stand for. A throw leaves it as it is. */
  readonly decode: (message: Message) => Message;
  /** How often a message that is nacked is tried. */
  readonly maxDeliveries: number;
}

/** Who is told of settlements. */
export interface ReturnedOwner extends Valve {
  /** It may go from the disk. */
  gone(size: number): void;
  /** It is among `repeated`, and was nacked before. */
  again(): void;
}

interface Entry {
  readonly size: number;
  deliveries: number;
  /** Or with the route's `on-error`. */
  isInLeg: boolean;
}

/** As many as the leg, or the route's `on-error`, has of them. */
export class ReturnedMessages implements Origin {
  readonly address = 'spill';
  readonly valve: Valve;
  /** Nacked, and to be tried again. */
  readonly repeated: Ring<Message> = new Ring<Message>();
  /** How many of them the leg has. */
  inLeg = 0;
  private readonly options: ReturnedOptions;
  private readonly owner: ReturnedOwner;
  private readonly route: RoutePort;
  private readonly unsettled = new Map<number, Entry>();
  private settledKeys: StoredKey[] = [];

  constructor(options: ReturnedOptions, owner: ReturnedOwner) {
    this.options = options;
    this.owner = owner;
    this.valve = owner;
    this.route = this.routeOfReturned(options.route);
  }

  /** Read and not settled. */
  get length(): number {
    return this.unsettled.size;
  }

  /** Settled and still on disk: a crash would send so many once more. */
  get unremoved(): number {
    return this.settledKeys.length;
  }

  /** The message of a row. */
  add(row: StoredMessage): Message {
    this.unsettled.set(row.id, { size: row.size, deliveries: 1, isInLeg: true });
    this.inLeg += 1;
    const marshaller =
      row.marshaller === undefined ? undefined : this.options.marshallers.get(row.marshaller);
    const wire = Wire.of(row.bytes, row.isText, marshaller);
    return this.claimed(Message.rootOfBytes(wire, metaOf(row), this, row.id));
  }

  /** Gives those that are settled to `remove`; if that throws, they stay. */
  removeBy(remove: (keys: readonly StoredKey[]) => void): void {
    if (this.settledKeys.length === 0) return;
    remove(this.settledKeys);
    this.settledKeys = [];
  }

  settled(root: Message, status: Status): void {
    const id = root.sequence;
    const entry = this.unsettled.get(id);
    if (entry === undefined) return;
    if (status === 'nack' && entry.deliveries < this.options.maxDeliveries) {
      this.repeat(root, entry);
      return;
    }
    this.unsettled.delete(id);
    if (entry.isInLeg) this.inLeg -= 1;
    this.settledKeys.push({ id, size: entry.size });
    this.owner.gone(entry.size);
  }

  /** Its source has forgotten it: on disk is what the leg was given. */
  parentOf(): undefined {
    return undefined;
  }

  private repeat(root: Message, entry: Entry): void {
    entry.deliveries += 1;
    if (!entry.isInLeg) this.inLeg += 1;
    entry.isInLeg = true;
    const deliveries = (root.meta.deliveries ?? 1) + 1;
    this.repeated.push(this.claimed(root.again({ ...root.meta, deliveries })));
    this.owner.again();
  }

  private claimed(root: Message): Message {
    const message = root.claim(this.route);
    root.emitted();
    return message;
  }

  /** The route has counted them already, or a former run had. */
  private routeOfReturned(route: RoutePort): RoutePort {
    return {
      name: route.name,
      claimed: () => undefined,
      made: (count) => route.made(count),
      discarded: (message, reason) => route.discarded(message, reason),
      failed: (message, error, where) => {
        const entry = this.unsettled.get(message.root.sequence);
        if (entry?.isInLeg === true) {
          entry.isInLeg = false;
          this.inLeg -= 1;
        }
        route.failed(this.decoded(message), error, where);
      },
      ...(route.overSettled === undefined
        ? {}
        : { overSettled: (message, error) => route.overSettled?.(message, error) }),
    };
  }

  private decoded(message: Message): Message {
    try {
      return this.options.decode(message);
    } catch {
      // The route gets its bytes, as of a message that no marshaller could read on its way in.
      return message;
    }
  }
}
