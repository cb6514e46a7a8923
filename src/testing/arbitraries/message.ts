/** Messages of the outside world, alone, in bursts, and over time. */
import fc from 'fast-check';
import type { Meta } from '../../core/message.ts';

/** What the outside world gives an endpoint. */
export interface Incoming {
  readonly payload: unknown;
  readonly meta: Meta;
}

export interface MessageOptions {
  readonly payloads: fc.Arbitrary<unknown>;
  /** `meta.key`; mostly none, else one of a few, unless given. */
  readonly keys?: fc.Arbitrary<string | undefined>;
  /** The parts of the source with an order of their own; few unless given. */
  readonly lanes?: fc.Arbitrary<string | undefined>;
}

/**
 * @example
 * messages({ payloads: payloadsOf(schema), keys: fc.constantFrom('a', 'b') })
 */
export function messages({
  payloads,
  keys = few('k'),
  lanes = few('lane'),
}: MessageOptions): fc.Arbitrary<Incoming> {
  return fc.record({ payload: payloads, key: keys, lane: lanes }).map(({ payload, key, lane }) => ({
    payload,
    meta: { ...(key !== undefined && { key }), ...(lane !== undefined && { lane }) },
  }));
}

/** Mostly absent, which is what smaller cases have; else one of three. */
function few(name: string): fc.Arbitrary<string | undefined> {
  return fc.option(
    fc.integer({ min: 1, max: 3 }).map((number) => `${name}${number}`),
    { nil: undefined, freq: 1 },
  );
}

/** Several at one moment: mostly few, sometimes more than small buffers hold. */
export function bursts<T>(one: fc.Arbitrary<T>): fc.Arbitrary<readonly T[]> {
  return fc.oneof(
    // A long one that fails shrinks to short ones.
    { withCrossShrink: true },
    { weight: 4, arbitrary: fc.array(one, { minLength: 1, maxLength: 4 }) },
    { weight: 1, arbitrary: fc.array(one, { minLength: 5, maxLength: 24 }) },
  );
}

/** How long nothing happens, in milliseconds: moments, and longer than the usual windows and deadlines. */
export function pauses(): fc.Arbitrary<number> {
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 4, arbitrary: fc.constantFrom(0, 1, 3, 10) },
    { weight: 2, arbitrary: fc.integer({ min: 11, max: 1_500 }) },
    { weight: 1, arbitrary: fc.constantFrom(5_000, 31_000, 61_000) },
  );
}

/** A burst, and how long it is after the one before it. */
export interface Arrival<T> {
  readonly afterMs: number;
  readonly burst: readonly T[];
}

/**
 * Bursts over time.
 *
 * @example
 * fc.asyncProperty(schedules(messages({ payloads })), async (arrivals) => {
 *   for (const { afterMs, burst } of arrivals) {
 *     await relay.advance(afterMs);
 *     for (const { payload, meta } of burst) relay.send('orders', payload, meta);
 *   }
 * });
 */
export function schedules<T>(one: fc.Arbitrary<T>): fc.Arbitrary<readonly Arrival<T>[]> {
  return fc.array(fc.record({ afterMs: pauses(), burst: bursts(one) }), { minLength: 1, maxLength: 8 });
}
