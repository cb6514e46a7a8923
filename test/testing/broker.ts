// A plugin that declares what a broker can do, for relays that model it.

import { z } from 'zod';
import type { AnyPlugin } from '../../src/core/plugin.ts';

export const options = z.strictObject({
  source: z.record(z.string(), z.unknown()).default({}),
  sink: z.record(z.string(), z.unknown()).default({}),
  channel: z.string().optional(),
});

/** Keeps what is not acked, in one order, and takes bytes; `source` and `sink` say what differs. */
export const broker: AnyPlugin = {
  kind: 'endpoint',
  id: 'endpoint-broker',
  summary: 'Keeps messages and delivers them again.',
  options,
  capabilities(given) {
    const { source, sink, channel } = given as z.output<typeof options>;
    const address = channel === undefined ? {} : { writesTo: [channel], readsFrom: [channel] };
    return {
      source: {
        canPause: true,
        acks: true,
        redelivers: true,
        ordered: 'all',
        scope: 'once',
        carries: 'bytes',
        ...source,
      },
      sink: { confirms: 'durable', reaches: 'system', carries: 'bytes', ...sink },
      ...address,
    };
  },
  create() {
    throw new Error('a virtual relay makes no real endpoint');
  },
};
