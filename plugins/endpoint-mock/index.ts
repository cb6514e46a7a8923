/** An endpoint without an outside world: for trying out a configuration, and for testing routes. */
import type { Capabilities } from '../../src/core/endpoint.ts';
import { Endpoint } from '../../src/core/endpoint.ts';
import type { Message, Meta } from '../../src/core/message.ts';
import { defineEndpoint, type EndpointContext, type EndpointPlugin } from '../../src/core/plugin.ts';
import { type MockOptions, mockOptions } from './options.ts';
import { createMock, type Mock } from './transport.ts';

export const plugin: EndpointPlugin<typeof mockOptions> = defineEndpoint({
  kind: 'endpoint',
  id: 'endpoint-mock',
  summary: 'An endpoint within the server: a channel to other mock endpoints, a clock, or code in a test.',
  options: mockOptions,
  capabilities,
  create: (options, context) => new MockEndpoint(options, context),
});

export default plugin;

function capabilities({ channel }: MockOptions): Capabilities {
  const address =
    channel === undefined ? {} : { writesTo: [`mock:${channel}`], readsFrom: [`mock:${channel}`] };
  return {
    source: {
      canPause: true,
      acks: false,
      redelivers: false,
      ordered: 'all',
      scope: 'local',
      carries: 'values',
    },
    sink: { confirms: 'accepted', pipelines: false, reaches: 'system', carries: 'values' },
    ...address,
  };
}

/**
 * Carries values, in both directions, without bytes.
 *
 * @example
 * const orders = server.endpoint('orders') as MockEndpoint;
 * orders.emit({ id: 1, qty: 2 });
 * expect((server.endpoint('archive') as MockEndpoint).sent[0]?.payload).toEqual({ id: 1, qty: 2 });
 */
export class MockEndpoint extends Endpoint {
  private readonly mock: Mock;

  constructor(options: MockOptions, context: EndpointContext) {
    const mock = createMock(options, context);
    super(context.endpoint, (port) => mock.connect(port));
    this.mock = mock;
  }

  /**
   * Plays the outside world: a message comes in. Returns whether it was taken: not before it is open, when the
   * server drains, or when 65,536 wait already.
   */
  emit(payload: unknown, meta: Meta = {}): boolean {
    return this.mock.emit(payload, meta);
  }

  /** The newest of what was sent to it, 1,024 at most, the oldest first. */
  get sent(): readonly Message[] {
    return [...this.mock.sent];
  }

  /** How many of the oldest it was sent are not in `sent` any more. */
  get forgotten(): number {
    return this.mock.forgotten;
  }

  /** How many messages of its channel ended here, because they had gone round in circles. */
  get tooManyHops(): number {
    return this.mock.tooManyHops;
  }

  /** How many of its own messages were skipped, because the gate was shut when it was time for them. */
  get skipped(): number {
    return this.mock.ticker.skipped;
  }

  /** Takes nothing more, as a sink that is too slow. */
  stall(): void {
    this.mock.stall();
  }

  /** Takes messages again. */
  proceed(): void {
    this.mock.proceed();
  }

  /** Refuses the next messages it is sent. */
  failNext(count = 1): void {
    this.mock.failNext(count);
  }
}
