/** Where a route's pipeline ends: each message goes to the legs of all its sinks. */
import { AraldoError } from './errors.ts';
import type { Leg } from './leg.ts';
import type { Marshaller } from './marshaller.ts';
import type { Message } from './message.ts';
import { Ring } from './ring.ts';

/** One sink of a route. */
export interface Branch {
  readonly leg: Leg;
  /** Only messages for which this is true are sent; the others are counted as filtered. */
  readonly when?: ((message: Message) => boolean) | undefined;
  /** Makes the bytes of the sink. Absent for a sink that carries values. */
  readonly marshal?: ((message: Message) => Message) | undefined;
  /** Branches with the same marshaller share its work. */
  readonly marshaller?: Marshaller | undefined;
}

/**
 * Offers each message to every branch, in the same order for all. Offering may lead back here, through
 * endpoints that feed each other: such a message waits until the one before it has been offered everywhere.
 * The wait is bounded by the windows of the sources.
 */
export class FanOut {
  private readonly branches: readonly Branch[];
  private readonly pending = new Ring<Message>();
  private isOffering = false;

  constructor(branches: readonly Branch[]) {
    this.branches = branches;
  }

  get held(): number {
    return this.pending.length;
  }

  offer(message: Message): void {
    if (this.isOffering) {
      this.pending.push(message);
      return;
    }
    this.isOffering = true;
    try {
      // Something is left only where a plugin has thrown.
      if (this.pending.length > 0) this.pending.push(message);
      else this.offerEverywhere(message);
      for (let next = this.pending.shift(); next !== undefined; next = this.pending.shift()) {
        this.offerEverywhere(next);
      }
    } finally {
      // Whatever a plugin threw, the route goes on.
      this.isOffering = false;
    }
  }

  private offerEverywhere(message: Message): void {
    const { branches } = this;
    if (branches.length === 0) {
      message.discard('no-sink');
      return;
    }
    // All obligations exist before the first leg can discharge one.
    if (branches.length > 1) message.retain(branches.length - 1);
    let marshalled: Message | undefined;
    let marshalledBy: Marshaller | undefined;
    for (const branch of branches) {
      let ready = message;
      try {
        if (branch.when !== undefined && !branch.when(message)) {
          branch.leg.discard(message, 'filtered');
          continue;
        }
        if (branch.marshal !== undefined) {
          if (marshalled === undefined || marshalledBy !== branch.marshaller) {
            marshalled = branch.marshal(message);
            marshalledBy = branch.marshaller;
          }
          ready = marshalled;
        }
      } catch (thrown) {
        branch.leg.refuseFailed(message, AraldoError.from(thrown, 'step-failed'));
        continue;
      }
      branch.leg.offer(ready);
    }
  }
}
