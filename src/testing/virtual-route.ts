/** One route between a source and a sink: what a test of steps needs, without a configuration around it. */
import type { SinkCapabilities, SourceCapabilities } from '../core/endpoint.ts';
import type { Meta } from '../core/message.ts';
import type { RelaySource } from './load-relay.ts';
import { modelledPlugin } from './modelled-plugin.ts';
import type { Received, SinkControl } from './modelled-sink.ts';
import { type RelayOptions, type SourceControl, type VirtualRelay, virtualRelay } from './relay.ts';
import type { Sent } from './sent.ts';

/** A route as in YAML, without `from` and `to`: `via`, `overflow`, `retry`, `on-error` and the other keys. */
export interface RouteUnderTest {
  /** The steps, as in YAML. */
  readonly via?: readonly unknown[];
  readonly [key: string]: unknown;
}

export interface RouteOptions
  extends RelayOptions,
    Pick<RelaySource, 'operators' | 'directory' | 'plugins' | 'env'> {
  /** What the source can do, where that differs from a broker that keeps messages until they are acked. */
  readonly source?: Partial<SourceCapabilities>;
  /** What the sink can do, where that differs from one that stores messages. */
  readonly sink?: Partial<SinkCapabilities>;
}

export interface VirtualRoute {
  /** The relay around it, with endpoints `source`, `sink` and `dead`. */
  readonly relay: VirtualRelay;
  send(payload: unknown, meta?: Meta): Sent;
  /** What the sink has received, the oldest first. */
  readonly received: readonly Received[];
  /** The same of the dead letters: write `'on-error': { 'dead-letter': 'dead' }`. */
  readonly dead: readonly Received[];
  readonly source: SourceControl;
  readonly sink: SinkControl;
  advance: VirtualRelay['advance'];
  settle: VirtualRelay['settle'];
  timeline: VirtualRelay['timeline'];
  stop(): void;
}

/**
 * A route of one source and one sink in virtual time: the source keeps what is not acked, the sink stores what it
 * takes, and a test makes both stall, fail and come back.
 *
 * Rejects with a `ConfigurationError`, as a server would.
 *
 * @example
 * const route = await virtualRoute({ via: [{ batch: { count: 2, every: '1s' } }] });
 * route.send(1);
 * await route.advance(1_000);
 * expect(route.received.map(({ payload }) => payload)).toEqual([[1]]);
 */
export async function virtualRoute(
  route: RouteUnderTest,
  { source, sink, plugins, ...options }: RouteOptions = {},
): Promise<VirtualRoute> {
  const { id } = modelledPlugin;
  const relay = await virtualRelay({
    ...options,
    ...(plugins !== undefined && { plugins }),
    value: {
      plugins: [
        { name: 'source', id, ...(source !== undefined && { source }) },
        { name: 'sink', id, ...(sink !== undefined && { sink }) },
        { name: 'dead', id },
      ],
      routes: { source: { ...route, to: ['sink'] } },
    },
  });
  return {
    relay,
    send: (payload, meta) => relay.send('source', payload, meta),
    get received() {
      return relay.received('sink');
    },
    get dead() {
      return relay.received('dead');
    },
    source: relay.source('source'),
    sink: relay.sink('sink'),
    advance: (ms) => relay.advance(ms),
    settle: () => relay.settle(),
    timeline: () => relay.timeline(),
    stop: () => relay.stop(),
  };
}
