/** Requests that wait for the gate: it lets in who is next, one at a time, while there is room. */
import type { SchedulerLike, Subscription } from 'rxjs';
import type { Lane } from '../../src/core/lane.ts';

export interface Visitor {
  /** The connection that it came by: those of one go in as they came. */
  readonly lane: Lane;
  /** Whether its sender has gone. */
  readonly isGone: () => boolean;
  enter(): void;
  /** It has waited too long, or nobody is let in any more. */
  turnedAway(): void;
}

export interface TurnstileOptions {
  readonly scheduler: SchedulerLike;
  /** The most that wait. */
  readonly most: number;
  /** How long each may. */
  readonly patienceMs: number;
  readonly isOpen: (lane: Lane) => boolean;
}

export interface Turnstile {
  /** Whether one more may wait. */
  readonly hasRoom: boolean;
  /** Lets it in at once where nobody waits before it. */
  arrive(visitor: Visitor): void;
  /** Turns all away. */
  clear(): void;
}

/** A gate tells the endpoint that it is open only where something is stashed, so it is looked at while anybody waits. */
const LOOK_EVERY_MS = 5;

export function createTurnstile({ scheduler, most, patienceMs, isOpen }: TurnstileOptions): Turnstile {
  let waiting: { readonly visitor: Visitor; readonly until: number }[] = [];
  let timer: Subscription | undefined;

  return {
    get hasRoom() {
      return waiting.length < most;
    },
    arrive(visitor) {
      if (waiting.length === 0 && isOpen(visitor.lane)) return visitor.enter();
      if (waiting.length >= most || patienceMs === 0) return visitor.turnedAway();
      waiting.push({ visitor, until: scheduler.now() + patienceMs });
      timer ??= scheduler.schedule(look, LOOK_EVERY_MS);
    },
    clear() {
      timer?.unsubscribe();
      timer = undefined;
      const all = waiting;
      waiting = [];
      for (const { visitor } of all) visitor.turnedAway();
    },
  };

  function look(): void {
    timer = undefined;
    const now = scheduler.now();
    /** Lanes of which somebody goes on waiting: those behind wait too. */
    const shut = new Set<Lane>();
    const all = waiting;
    waiting = [];
    const left: typeof waiting = [];
    for (const one of all) {
      const { visitor, until } = one;
      if (visitor.isGone()) continue;
      if (!shut.has(visitor.lane) && isOpen(visitor.lane)) visitor.enter();
      else if (until <= now) visitor.turnedAway();
      else {
        shut.add(visitor.lane);
        left.push(one);
      }
    }
    waiting = [...left, ...waiting];
    if (waiting.length > 0) timer ??= scheduler.schedule(look, LOOK_EVERY_MS);
  }
}
