/** Where a pipeline in code ends: an observer that sends to an endpoint, through a leg of its own. */
import type { NextObserver, SchedulerLike } from 'rxjs';
import type { Endpoint } from '../src/core/endpoint.ts';
import { AraldoError } from '../src/core/errors.ts';
import { Leg } from '../src/core/leg.ts';
import type { Message } from '../src/core/message.ts';
import { type Capacity, type MemoryOverflow, memoryOverflowOf } from '../src/core/overflow.ts';
import { turnScheduler } from '../src/core/turn-scheduler.ts';

export interface SinkOptions {
  /** What a full buffer does; `pause` unless given, which holds the sources of what it is sent. There is no `spill`. */
  readonly overflow?: MemoryOverflow;
  readonly capacity?: Partial<Capacity>;
  /** What `latest` and `sample` keep one value of; `meta.key` unless given. */
  readonly key?: (message: Message) => unknown;
  /** How long a period of `sample` is: it sends one message of each key in each. */
  readonly everyMs?: number;
  /** What people read where it holds a gate; `code → ` and the endpoint unless given. */
  readonly name?: string;
  readonly scheduler?: SchedulerLike;
}

const CAPACITY: Capacity = { messages: 1024, bytes: 16 * 1024 * 1024 };

/**
 * An observer that sends each message to `endpoint` and settles it as the overflow policy says. It has `next`
 * alone: streams end, the endpoint goes on. It lives as long as the endpoint does, so make one and subscribe
 * it to as many streams as you like. What waits in it is in memory: a leg with a file (`spill`) is one of a route in
 * araldo.yaml, where your own steps may be files.
 *
 * ```
 * source  ──a──b──c──▶
 *         .subscribe(sinkOf(endpoint))
 * endpoint  a  b  c      each acked when the endpoint has confirmed it
 * ```
 *
 * @example
 * orders.pipe(claim(), filter(isLarge)).subscribe(sinkOf(archive, { overflow: 'drop-oldest' }));
 */
export function sinkOf(endpoint: Endpoint, options: SinkOptions = {}): NextObserver<Message> {
  const { overflow = 'pause', capacity, key, everyMs, name = `code → ${endpoint.name}` } = options;
  const { scheduler = turnScheduler } = options;
  memoryOverflowOf(name, overflow);
  const leg = new Leg(endpoint.outbound, {
    name,
    overflow,
    capacity: { ...CAPACITY, ...capacity },
    key,
    sampling: everyMs === undefined ? undefined : { everyMs, scheduler },
  });

  return {
    next(message) {
      let ready = message;
      try {
        // Bytes that a step has made are what it wants to be sent; a value gets those of the endpoint.
        if (message.wire === undefined) ready = endpoint.prepare(message);
      } catch (thrown) {
        leg.refuseFailed(message, AraldoError.from(thrown, 'unmarshallable-payload'));
        return;
      }
      leg.offer(ready);
    },
  };
}
