// An endpoint whose transport is in the hands of the test.

import { VirtualTimeScheduler } from 'rxjs';
import { Endpoint } from '../../src/core/endpoint.ts';
import { silentLog } from '../../src/core/log.ts';
import type { Message } from '../../src/core/message.ts';
import type { Sender } from '../../src/core/sink.ts';
import type { Port } from '../../src/core/transport.ts';

export interface TestEndpoint {
  readonly endpoint: Endpoint;
  readonly port: Port;
  readonly scheduler: VirtualTimeScheduler;
  readonly written: { readonly message: Message; readonly ticket: number; readonly sender: Sender }[];
  /** Whether it takes messages; `port.writable()` after it is set again. */
  isWritable: boolean;
  /** Whether a message is confirmed when it is written, or later by its ticket. */
  confirmsAtOnce: boolean;
}

export function createTestEndpoint(name = 'sink'): TestEndpoint {
  const scheduler = new VirtualTimeScheduler();
  const written: TestEndpoint['written'] = [];
  let port: Port | undefined;
  const endpoint = new Endpoint(
    {
      name,
      id: 'endpoint-test',
      instance: 'test',
      capabilities: {},
      scheduler,
      log: silentLog,
      maxInFlight: 1024,
      maxDeliveries: 5,
    },
    (connected) => {
      port = connected;
      return {
        isWritable: () => test.isWritable,
        write(message, ticket, sender) {
          written.push({ message, ticket, sender });
          return test.confirmsAtOnce;
        },
      };
    },
  );
  const test: TestEndpoint = {
    endpoint,
    port: port as unknown as Port,
    scheduler,
    written,
    isWritable: true,
    confirmsAtOnce: true,
  };
  endpoint.outbound.opened();
  return test;
}
