/** Law 21: pauses before trying again lie within bounds, are jittered, and begin anew only after a stable time. */
import fc from 'fast-check';
import type { SchedulerLike } from 'rxjs';
import type { LawSettings } from '../operator-laws.ts';
import { createVirtualClock } from '../virtual-clock.ts';

/** What is asked how long to pause. */
export interface PausesUnderLaws {
  /** The pause before the next try, in milliseconds. */
  next(): number;
  /** A try succeeded; what it began lasts until the next call of `next`. */
  succeeded(): void;
  stop(): void;
}

export interface PauseOptions {
  readonly scheduler: SchedulerLike;
  readonly minMs: number;
  readonly maxMs: number;
  readonly stableMs: number;
  /** From [0, 1). */
  readonly random: () => number;
}

const STABLE_MS = 10_000;

/** A try fails at once, or succeeds and lasts so long; then a pause is drawn with this fraction. */
const stories = fc.array(
  fc.record({
    lastedMs: fc.option(fc.integer({ min: 0, max: 3 * STABLE_MS }), { nil: undefined }),
    drawn: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  }),
  { minLength: 1, maxLength: 40 },
);

const bounds = fc
  .tuple(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 1, max: 10_000 }))
  .map(([minMs, more]) => ({ minMs, maxMs: minMs + more }));

/**
 * Tries random stories of failures and successes in virtual time. Rejects with the smallest that breaks the law.
 *
 * @example
 * test('my endpoint backs off', () => backoffLaw((options) => myBackoff(options)));
 */
export async function backoffLaw(
  create: (options: PauseOptions) => PausesUnderLaws,
  settings: LawSettings = {},
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(stories, bounds, async (story, { minMs, maxMs }) => {
      const clock = createVirtualClock();
      const { scheduler } = clock.begin();
      const pass = (ms: number): Promise<void> => clock.pass(ms, () => false);
      let drawn = 0;
      let failures = 0;
      const options = { scheduler, minMs, maxMs, stableMs: STABLE_MS, random: () => drawn };
      const pauses = create(options);
      for (const one of story) {
        if (one.lastedMs !== undefined) {
          pauses.succeeded();
          await pass(one.lastedMs);
          if (one.lastedMs >= STABLE_MS) failures = 0;
        }
        failures += 1;
        drawn = one.drawn;
        const ms = pauses.next();
        if (ms < minMs || ms > maxMs) throw broken(`a pause of ${ms} ms; expected ${minMs} to ${maxMs}`);
        const ceiling = Math.min(maxMs, minMs * 2 ** failures);
        const expected = minMs + drawn * (ceiling - minMs);
        if (Math.abs(ms - expected) > 1e-6) {
          throw broken(
            `after ${failures} failures a fraction of ${drawn} gives ${ms} ms; full jitter up to ${ceiling} gives ${expected}`,
          );
        }
        await pass(ms);
      }
      pauses.stop();
      await pass(2 * STABLE_MS);
      if (clock.dueMs !== undefined) throw broken('a timer is left after it was stopped');
    }),
    settings,
  );
}

function broken(text: string): Error {
  return new Error(`law 21 (backoff) is broken: ${text}`);
}
