/** How long full peers may still hold a route: so many milliseconds, all together, in any ten seconds. */

/** The period that the patience is for. */
const PERIOD_MS = 10_000;

/** It is remembered in slots of this length; a hold counts until its whole slot has passed out of sight. */
const SLOTS = 20;
const SLOT_MS = PERIOD_MS / SLOTS;

export interface Patience {
  /** Starts to count a hold. */
  begin(now: number): void;
  /** Ends it. */
  end(now: number): void;
  /** What is left for holds from `now` on, in milliseconds. */
  left(now: number): number;
}

/** @param allowanceMs 0: no peer may ever hold a route. */
export function createPatience(allowanceMs: number): Patience {
  /** Held milliseconds by slot, and which slot of time each entry is of. One more for the one under way. */
  const held = new Float64Array(SLOTS + 1);
  const slotOf = new Float64Array(SLOTS + 1).fill(-1);
  let since: number | undefined;

  const note = (from: number, to: number): void => {
    // A hold longer than the period fills every slot; what lies before is out of sight anyway.
    let at = Math.max(from, to - PERIOD_MS - SLOT_MS);
    while (at < to) {
      const slot = Math.floor(at / SLOT_MS);
      const until = Math.min(to, (slot + 1) * SLOT_MS);
      const entry = slot % (SLOTS + 1);
      if (slotOf[entry] !== slot) {
        slotOf[entry] = slot;
        held[entry] = 0;
      }
      held[entry] = (held[entry] ?? 0) + (until - at);
      at = until;
    }
  };

  const settle = (now: number): void => {
    if (since === undefined) return;
    note(since, now);
    since = now;
  };

  return {
    begin(now) {
      since ??= now;
    },
    end(now) {
      settle(now);
      since = undefined;
    },
    left(now) {
      settle(now);
      const oldest = Math.floor(now / SLOT_MS) - SLOTS;
      let used = 0;
      for (let entry = 0; entry <= SLOTS; entry += 1) {
        if ((slotOf[entry] ?? -1) >= oldest) used += held[entry] ?? 0;
      }
      return Math.max(0, allowanceMs - used);
    },
  };
}
