// One endpoint of a plugin with a supervisor around it, as the server would make it: for tests of plugins alone.

import type { SchedulerLike } from 'rxjs';
import type { Endpoint } from '../src/core/endpoint.ts';
import { Leg } from '../src/core/leg.ts';
import { type Log, silentLog } from '../src/core/log.ts';
import type { Message } from '../src/core/message.ts';
import type { Overflow } from '../src/core/overflow.ts';
import { type EndpointPlugin, endpointContext } from '../src/core/plugin.ts';
import { turnScheduler } from '../src/core/turn-scheduler.ts';
import { type Supervisor, supervise } from '../src/runtime/supervise.ts';

export interface MountOptions {
  readonly name?: string;
  readonly scheduler?: SchedulerLike;
  readonly log?: Log;
  readonly openDeadlineMs?: number;
  readonly overflow?: Overflow;
  readonly maxInFlight?: number;
  /** Nobody is subscribed, so nothing is received. */
  readonly isUnread?: boolean;
}

export interface Mounted extends AsyncDisposable {
  readonly endpoint: Endpoint;
  readonly supervisor: Supervisor;
  /** What came in, in order; each is settled at once. */
  readonly received: Message[];
  /** The leg that `send` offers to. */
  readonly leg: Leg;
  send(message: Message): void;
  /** Resolves when `isSo`; fails after `withinMs`: a minute, so that a slow machine is no reason. */
  until(isSo: () => boolean, withinMs?: number): Promise<void>;
}

/** Parses the options as the configuration would, makes the endpoint and starts to open it. */
export async function mount(
  plugin: EndpointPlugin,
  written: unknown,
  options: MountOptions = {},
): Promise<Mounted> {
  const parsed = await plugin.options['~standard'].validate(written);
  if (parsed.issues !== undefined) throw new Error(JSON.stringify(parsed.issues));
  const { name = 'it', scheduler = turnScheduler, log = silentLog, maxInFlight = 1_024 } = options;
  const context = {
    name,
    instance: 'i1',
    scheduler,
    log,
    service: () => {
      throw new Error('no services here');
    },
  };
  const endpoint = plugin.create(
    parsed.value,
    endpointContext(context, {
      name,
      id: plugin.id,
      instance: 'i1',
      capabilities: plugin.capabilities(parsed.value),
      scheduler,
      log,
      maxInFlight,
      maxDeliveries: 5,
    }),
  );
  const received: Message[] = [];
  if (options.isUnread !== true) endpoint.subscribe((message) => received.push(message));
  const supervisor = supervise(endpoint, {
    scheduler,
    log,
    ...(options.openDeadlineMs !== undefined && { openDeadlineMs: options.openDeadlineMs }),
  });
  supervisor.start();
  const leg = new Leg(endpoint.outbound, {
    name: `test → ${name}`,
    overflow: options.overflow ?? 'pause',
    capacity: { messages: 1_024, bytes: 16 * 1024 * 1024 },
  });
  return {
    endpoint,
    supervisor,
    received,
    leg,
    send: (message) => leg.offer(message.claim()),
    async until(isSo, withinMs = 60_000) {
      const end = performance.now() + withinMs;
      while (!isSo()) {
        if (performance.now() > end) {
          throw new Error(
            `not so within ${withinMs} ms: ${isSo.toString()} (${endpoint.state}, ${endpoint.lastError?.message})`,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    [Symbol.asyncDispose]: () => supervisor.stop(),
  };
}
