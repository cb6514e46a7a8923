/** Where a route's pipeline ends: each message goes to the legs of its sinks. */
import { AraldoError } from './errors.ts';
import { FirstAck } from './first-ack.ts';
import type { Leg } from './leg.ts';
import type { Marshaller } from './marshaller.ts';
import type { Message } from './message.ts';
import { Ring } from './ring.ts';

/** How a branch makes the bytes of its sink; not at all for one that carries values. */
export interface Marshalling {
  readonly marshal?: ((message: Message) => Message) | undefined;
  /** Branches with the same marshaller share its work. */
  readonly marshaller?: Marshaller | undefined;
}

/** One sink of a route. */
export interface Branch extends Marshalling {
  readonly leg: Leg;
  /** Only messages for which this is true are sent; the others are counted as filtered. */
  readonly when?: ((message: Message) => boolean) | undefined;
}

/**
 * Chooses the branch that gets a message: see `choice.ts`. Called once for each, in their order. When no branch is for
 * the message, by its condition, it gives one all the same, which then counts it as filtered.
 */
export type Choose = (message: Message) => Branch;

export interface FanOutOptions {
  readonly acksFirst?: boolean;
}

/** One sink, or one of several. */
export type Target = Branch | Choose;

/**
 * Offers each message to every target, in the same order for all. Offering may lead back here, through
 * endpoints that feed each other: such a message waits until the one before it has been offered everywhere.
 * The wait is bounded by the windows of the sources.
 */
export class FanOut {
  /** Those that get the message, where nothing has to be chosen. */
  private readonly branches: readonly Branch[];
  private readonly choices: readonly Choose[] | undefined;
  private readonly acksFirst: boolean;
  /** The one leg that gets every message as it is, where there is no more to it. */
  private readonly only: Leg | undefined;
  private readonly pending = new Ring<Message>();
  private isOffering = false;

  /** @param options `acksFirst`: a message is settled when one target has it, instead of all; its legs must tell. */
  constructor(targets: readonly Target[], { acksFirst = false }: FanOutOptions = {}) {
    const isPlain = targets.every((target) => typeof target !== 'function');
    this.branches = isPlain ? targets : [];
    this.choices = isPlain ? undefined : targets.map(chooser);
    this.acksFirst = acksFirst && targets.length > 1;
    this.only = onlyLegOf(this.branches);
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
    const { choices, only } = this;
    if (only !== undefined) {
      only.offer(message);
      return;
    }
    const branches = choices === undefined ? this.branches : choices.map((choose) => choose(message));
    if (branches.length === 0) {
      message.discard('no-sink');
      return;
    }
    // All obligations exist before the first leg can discharge one.
    const first = this.acksFirst ? new FirstAck(message, branches.length) : undefined;
    if (first === undefined && branches.length > 1) message.retain(branches.length - 1);
    let marshalled: Message | undefined;
    let marshalledBy: Marshaller | undefined;
    let isTaken = false;
    for (const branch of branches) {
      let ready = message;
      try {
        if (branch.when !== undefined && !branch.when(message)) {
          // The last one knows whether it was for nobody.
          const isForOthers = isTaken || branch !== branches.at(-1);
          branch.leg.discard(copyFor(first, message), 'filtered', isForOthers);
          continue;
        }
        isTaken = true;
        if (branch.marshal !== undefined) {
          if (marshalled === undefined || marshalledBy !== branch.marshaller) {
            marshalled = branch.marshal(message);
            marshalledBy = branch.marshaller;
          }
          ready = marshalled;
        }
      } catch (thrown) {
        branch.leg.refuseFailed(copyFor(first, message), AraldoError.from(thrown, 'step-failed'));
        continue;
      }
      branch.leg.offer(copyFor(first, ready));
    }
  }
}

/** A leg's own copy, where the first leg that has it settles the message for all. */
function copyFor(first: FirstAck | undefined, message: Message): Message {
  return first === undefined ? message : message.fork(first);
}

function onlyLegOf([branch, ...others]: readonly Branch[]): Leg | undefined {
  const isBare = others.length === 0 && branch?.when === undefined && branch?.marshal === undefined;
  return isBare ? branch?.leg : undefined;
}

function chooser(target: Target): Choose {
  return typeof target === 'function' ? target : () => target;
}
