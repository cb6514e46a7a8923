/** An endpoint that is nothing but what it declares, for configurations that are written for a test. */
import { z } from 'zod';
import type { SinkCapabilities, SourceCapabilities } from '../core/endpoint.ts';
import { AraldoError } from '../core/errors.ts';
import { defineEndpoint, type EndpointPlugin } from '../core/plugin.ts';

/** What it can do unless its options say otherwise: a broker that keeps messages until they are acked. */
const broker: { readonly source: SourceCapabilities; readonly sink: SinkCapabilities } = {
  source: { canPause: true, acks: true, redelivers: true, ordered: 'all', scope: 'once', carries: 'values' },
  sink: { confirms: 'durable', reaches: 'system', carries: 'values' },
};

export interface ModelledOptions {
  readonly source: Readonly<Record<string, unknown>>;
  readonly sink: Readonly<Record<string, unknown>>;
  readonly channel?: string | undefined;
}

const options: z.ZodType<ModelledOptions, object> = z.strictObject({
  source: z
    .partialRecord(
      z.enum(['canPause', 'acks', 'redelivers', 'ordered', 'scope', 'carries', 'maxPayload']),
      z.unknown(),
    )
    .default({})
    .describe('What it can do as a source, where that differs from a broker.'),
  sink: z
    .partialRecord(z.enum(['confirms', 'reaches', 'carries', 'pipelines']), z.unknown())
    .default({})
    .describe('What it can do as a sink, where that differs from a broker.'),
  channel: z.string().optional().describe('What it writes to and reads from: equal ones close a circle.'),
});

/**
 * `id: endpoint-modelled`, in every virtual relay. It cannot be opened in a server.
 *
 * @example
 * virtualRelay({ yaml: `
 *   plugins:
 *     - { name: orders, id: endpoint-modelled, source: { ordered: lane } }
 *     - { name: archive, id: endpoint-modelled, sink: { pipelines: false } }
 *   routes: { orders: [archive] }
 * ` });
 */
export const modelledPlugin: EndpointPlugin<typeof options> = defineEndpoint({
  kind: 'endpoint',
  id: 'endpoint-modelled',
  summary: 'Does what its options declare, in a virtual relay.',
  options,
  capabilities: ({ source, sink, channel }) => ({
    source: { ...broker.source, ...(source as Partial<SourceCapabilities>) },
    sink: { ...broker.sink, ...(sink as Partial<SinkCapabilities>) },
    ...(channel !== undefined && { writesTo: [`modelled:${channel}`], readsFrom: [`modelled:${channel}`] }),
  }),
  // A broker gives each consumer all messages; what comes over a connection comes once.
  isolated: ({ source }) =>
    (source as Partial<SourceCapabilities> | undefined)?.scope === 'local'
      ? 'its messages come over one connection'
      : {},
  create(_options, { name }) {
    throw new AraldoError(
      'plugin-failed',
      `${name}: endpoint-modelled is for tests, and connects to nothing`,
    );
  },
});
