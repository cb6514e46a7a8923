// What becomes of one message that an endpoint is given to send.

import type { AraldoError } from '../../../src/core/errors.ts';
import { Message, type Meta, type RoutePort } from '../../../src/core/message.ts';
import type { Mounted } from '../../endpoint-bench.ts';

/** Sends it; resolves with what it failed with, if it did. */
export function outcome(to: Mounted, payload: unknown, meta: Meta = {}): Promise<AraldoError | 'ack'> {
  const { promise, resolve } = Promise.withResolvers<AraldoError | 'ack'>();
  const route: RoutePort = {
    name: 'test',
    claimed: () => {},
    discarded: () => {},
    made: () => {},
    failed: (_message, error) => resolve(error),
  };
  const origin = {
    address: 'test',
    valve: { hold: () => {}, release: () => {} },
    settled: () => resolve('ack'),
  };
  const root = Message.root(payload, meta, origin, 0);
  const message = root.claim(route);
  root.emitted();
  to.leg.offer(message);
  return promise;
}
