// Mock endpoints of one server, opened, in virtual time.

import { VirtualTimeScheduler } from 'rxjs';
import { type MockEndpoint, plugin } from '../../../plugins/endpoint-mock/index.ts';
import { silentLog } from '../../../src/core/log.ts';
import { endpointContext } from '../../../src/core/plugin.ts';

export interface MockServer {
  readonly scheduler: VirtualTimeScheduler;
  /** Makes one of YAML's options, and opens it. */
  open(name: string, options?: object, maxInFlight?: number): Promise<MockEndpoint>;
  /** Lets so much time pass, in milliseconds. */
  pass(ms: number): void;
}

let servers = 0;

export function createMockServer(): MockServer {
  servers += 1;
  const instance = `server-${servers}`;
  const scheduler = new VirtualTimeScheduler();
  return {
    scheduler,
    async open(name, options = {}, maxInFlight = 1024) {
      const parsed = await plugin.options['~standard'].validate(options);
      if (parsed.issues !== undefined) throw new Error(parsed.issues[0]?.message);
      const context = { name, instance, scheduler, log: silentLog, service: () => undefined as never };
      const endpoint = plugin.create(
        parsed.value,
        endpointContext(context, {
          name,
          id: plugin.id,
          instance,
          capabilities: plugin.capabilities(parsed.value),
          scheduler,
          log: silentLog,
          maxInFlight,
          maxDeliveries: 5,
        }),
      ) as MockEndpoint;
      await endpoint.open(new AbortController().signal);
      return endpoint;
    },
    pass(ms) {
      scheduler.maxFrames = scheduler.frame + ms;
      scheduler.flush();
      // Flushing stops at the last action: the clock goes on to where it was told.
      scheduler.frame = scheduler.maxFrames;
    },
  };
}
