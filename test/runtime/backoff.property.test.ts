import fc from 'fast-check';
import { VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { backoff } from '../../src/runtime/backoff.ts';
import { runs } from '../runs.ts';
import { pass } from '../virtual-time.ts';

const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

/** A try fails at once, or succeeds and lasts so long; then a pause is drawn. */
const story = fc.array(
  fc.record({
    lastedMs: fc.option(fc.integer({ min: 0, max: 30_000 }), { nil: undefined }),
    drawn: fraction,
  }),
  { maxLength: 40 },
);
const bounds = fc
  .tuple(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 0, max: 10_000 }))
  .map(([minMs, more]) => ({ minMs, maxMs: minMs + more }));

describe('backoff', () => {
  it('law 21: pauses lie within [min, max], are jittered, and begin anew only after a stable success', () => {
    const stableMs = 10_000;
    fc.assert(
      fc.property(story, bounds, (tries, { minMs, maxMs }) => {
        const scheduler = new VirtualTimeScheduler();
        let drawn = 0;
        const pause = backoff({ scheduler, minMs, maxMs, stableMs, random: () => drawn });
        let failures = 0;
        for (const { lastedMs, drawn: next } of tries) {
          if (lastedMs !== undefined) {
            pause.succeeded();
            pass(scheduler, lastedMs);
            if (lastedMs >= stableMs) failures = 0;
          }
          failures += 1;
          drawn = next;
          const pauseMs = pause.next();
          const ceiling = Math.min(maxMs, minMs * 2 ** failures);
          expect(pauseMs).toBeGreaterThanOrEqual(minMs);
          expect(pauseMs).toBeLessThanOrEqual(maxMs);
          expect(pauseMs).toBeCloseTo(minMs + drawn * (ceiling - minMs), 6);
          pass(scheduler, pauseMs);
        }
        pause.stop();
      }),
      runs(),
    );
  });
});
