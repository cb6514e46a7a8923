/** The first operator of every route: it gives the route an obligation of its own. */
import { AraldoError } from '../src/core/errors.ts';
import type { FailedAt, RoutePort } from '../src/core/message.ts';
import type { MessageOperator } from '../src/core/operator.ts';
import { payloadTooLarge } from '../src/core/payload-limit.ts';
import { stage } from '../src/core/stage.ts';

export interface ClaimOptions {
  /** What was delivered more often goes to the route's `on-error`, before any step can see it. */
  readonly maxDeliveries?: number;
  /** What is larger, in bytes, goes there too, without its payload: that is to go nowhere. */
  readonly maxPayload?: number | undefined;
}

const where: FailedAt = { at: 'claim' };

/**
 * Claims each message for a route; from here on it must be settled or forwarded exactly once.
 *
 * ```
 * source  ──a────b────c──▶   b was delivered a 6th time
 *         claim(route, { maxDeliveries: 5 })
 *         ──a′────────c′─▶   b fails: too-many-deliveries
 * ```
 *
 * @param route counts what ends in it and decides what failures cost. Without one, failures are rejected.
 * @example
 * server.endpoint('orders').pipe(claim(), filter(isLarge)).subscribe(sinkOf(server.endpoint('archive')));
 */
export function claim(route?: RoutePort, options: ClaimOptions = {}): MessageOperator {
  const { maxDeliveries = Number.POSITIVE_INFINITY, maxPayload = Number.POSITIVE_INFINITY } = options;

  return stage((target) => (message) => {
    const claimed = message.claim(route);
    const deliveries = message.meta.deliveries ?? 1;
    const size = message.wire?.size ?? 0;
    if (deliveries > maxDeliveries) claimed.fail(tooManyDeliveries(deliveries, maxDeliveries), where);
    else if (size > maxPayload) claimed.with('').fail(payloadTooLarge(size, maxPayload), where);
    else target.next(claimed);
  });
}

function tooManyDeliveries(deliveries: number, most: number): AraldoError {
  return new AraldoError(
    'too-many-deliveries',
    `delivered ${deliveries} times and never settled well; max-deliveries is ${most}`,
  );
}
