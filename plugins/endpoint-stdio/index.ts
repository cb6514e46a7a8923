/** The lines of standard input and output: araldo as a part of a pipe, between two other programs. */
import { z } from 'zod';
import { defineEndpoint, type EndpointContext, type EndpointPlugin } from '../../src/core/plugin.ts';
import { type RequestEnd, shutdown } from '../../src/core/shutdown.ts';
import { size } from '../../src/options/size.ts';
import { createTransport } from './transport.ts';

const options = z.strictObject({
  'max-line': size()
    .default(1024 * 1024)
    .describe('The longest line to take; a longer one is left out, counted and logged.'),
  'empty-lines': z
    .enum(['skip', 'keep'])
    .default('skip')
    .describe('Whether a line with nothing on it is a message.'),
  exit: z
    .boolean()
    .optional()
    .describe(
      'Whether the server stops, with exit code 0, when the input has ended and all of it is settled. Unset: if the input is a pipe or a file.',
    ),
});

export const plugin: EndpointPlugin = defineEndpoint({
  kind: 'endpoint',
  id: 'endpoint-stdio',
  summary: 'Reads lines from standard input, and writes lines to standard output.',
  options,
  capabilities: ({ 'max-line': refusesAbove }) => ({
    source: {
      canPause: true,
      acks: false,
      redelivers: false,
      ordered: 'all',
      scope: 'local',
      carries: 'bytes',
      refusesAbove,
    },
    sink: { confirms: 'flushed', reaches: 'system', carries: 'bytes' },
    readsFrom: ['stdin'],
    writesTo: ['stdout'],
  }),
  create: (value, context) =>
    context.connect((port) =>
      createTransport(
        {
          maxLine: value['max-line'],
          keepsEmpty: value['empty-lines'] === 'keep',
          exits: value.exit,
          requestEnd: requestEndOf(context),
        },
        context,
        port,
      ),
    ),
});

export default plugin;

/** Nothing where code started the server: that code says when it ends. */
function requestEndOf(context: EndpointContext): RequestEnd | undefined {
  try {
    return context.service(shutdown);
  } catch {
    return undefined;
  }
}
