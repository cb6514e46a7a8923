/** The lines of a file: appended to it as a sink, followed as it grows as a source. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { AraldoError } from '../../src/core/errors.ts';
import { defineEndpoint, type EndpointPlugin } from '../../src/core/plugin.ts';
import type { Transport } from '../../src/core/transport.ts';
import { duration } from '../../src/options/duration.ts';
import { size } from '../../src/options/size.ts';
import { createAppender } from './appender.ts';
import { createTail } from './tail.ts';

const options = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe('The file. As a sink, it and the folders above it are made where they are not.'),
  from: z
    .enum(['start', 'end'])
    .default('start')
    .describe('Where reading begins the first time: later, where it was left, as the state file says.'),
  state: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Where it is kept how far reading has come. Beside the file unless given: <path>.<name>.offset',
    ),
  poll: duration({ min: 10 })
    .default(200)
    .describe(
      'How often the file is looked at: at its end, for more and for its rotation; before it is written to, for its rotation by another program.',
    ),
  'max-line': size()
    .default(1024 * 1024)
    .describe('The longest line to take; a longer one is left out, counted and logged.'),
  'empty-lines': z
    .enum(['skip', 'keep'])
    .default('skip')
    .describe('Whether a line with nothing on it is a message.'),
  sync: z
    .enum(['each-batch', 'none'])
    .default('each-batch')
    .describe('each-batch: a message is confirmed when it is on the disk. none: when the kernel has it.'),
  rotate: z
    .strictObject({
      size: size()
        .optional()
        .describe('A file that would become larger is put aside as <path>.1, and a new one begun.'),
      every: duration()
        .optional()
        .describe('A file that is older is put aside before the next line is written.'),
      keep: z.int().min(1).max(1000).default(5).describe('How many are put aside; the oldest is deleted.'),
    })
    .refine((value) => value.size !== undefined || value.every !== undefined, {
      message: 'expected size or every beside keep',
    })
    .optional()
    .describe('Begins a new file in time. Without it the file grows without a bound.'),
});

export const plugin: EndpointPlugin = defineEndpoint({
  kind: 'endpoint',
  id: 'endpoint-file',
  summary: 'Appends lines to a file, and follows a file that grows.',
  options,
  capabilities: ({ path, sync, 'max-line': refusesAbove }) => ({
    source: {
      canPause: true,
      acks: true,
      redelivers: true,
      ordered: 'all',
      scope: 'local',
      carries: 'bytes',
      refusesAbove,
    },
    sink: { confirms: sync === 'none' ? 'flushed' : 'durable', reaches: 'system', carries: 'bytes' },
    readsFrom: [`file:${resolve(path)}`],
    writesTo: [`file:${resolve(path)}`],
  }),
  create: (value, context) =>
    context.connect((port): Transport => {
      const { name, scheduler, log } = context;
      const path = resolve(value.path);
      const tail = createTail(
        {
          name,
          path,
          state: value.state === undefined ? `${path}.${name}.offset` : resolve(value.state),
          from: value.from,
          pollMs: value.poll,
          maxLine: value['max-line'],
          keepsEmpty: value['empty-lines'] === 'keep',
          scheduler,
          log,
        },
        port,
      );
      const appender = createAppender(
        {
          path,
          syncs: value.sync === 'each-batch',
          rotate: value.rotate && {
            bytes: value.rotate.size,
            everyMs: value.rotate.every,
            keep: value.rotate.keep,
          },
          lookEveryMs: value.poll,
          scheduler,
        },
        port,
      );
      let isUp = false;
      let isOpeningLate = false;
      /** Code may write to a file that is only read by its routes: it is opened when the first message comes. */
      const openLate = async (): Promise<void> => {
        if (!isUp || isOpeningLate) return;
        isOpeningLate = true;
        try {
          await appender.open();
          if (isUp) port.writable();
        } catch (thrown) {
          if (isUp) port.broken(AraldoError.from(thrown, 'connect-failed'));
        } finally {
          isOpeningLate = false;
        }
      };
      return {
        pause: () => undefined,
        resume: () => tail.resume(),
        settled: (lane) => tail.settled(lane),
        write: (message, ticket, sender) => appender.write(message, ticket, sender),
        isWritable(sender) {
          if (!appender.isOpen) void openLate();
          return appender.isWritable(sender);
        },
        flush: () => appender.flush?.(),
        async open() {
          if (port.source.isRead) await tail.open();
          if (port.sink.legs.size > 0 || !port.source.isRead) await appender.open();
          isUp = true;
        },
        drain: () => tail.drain(),
        async close() {
          isUp = false;
          await tail.close();
          await appender.close();
        },
      };
    }),
});

export default plugin;
