// What defineOperator makes of a declaration: types follow from the schema, whichever library it is of. The types are
// checked by `npm run types`; what runs here is the same code.

import { Subject, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { splitStep } from '../../operators/split.ts';
import { silentLog } from '../../src/core/log.ts';
import type { Message } from '../../src/core/message.ts';
import {
  type AsyncOperator,
  defineOperator,
  type FnOperator,
  type MessageOperator,
  type OperatorDefinition,
  type RxOperator,
  type StepContext,
  stepOf,
} from '../../src/core/operator.ts';
import type { Parsed, Schema } from '../../src/core/schema.ts';
import { duration } from '../../src/options/duration.ts';
import { turn } from '../virtual-time.ts';
import { createLedger } from './ledger.ts';

const scheduler = new VirtualTimeScheduler();
const context: StepContext = { name: 'orders.via[0] own', scheduler, log: silentLog };

/** A Standard Schema of nobody's library: as valibot's and arktype's, it has nothing but what the standard asks for. */
interface Tenant {
  readonly tenant: string;
}
const tenant: Schema<Tenant> = {
  '~standard': {
    version: 1,
    vendor: 'by-hand',
    validate(value) {
      const { tenant } = (value ?? {}) as Partial<Tenant>;
      return typeof tenant === 'string'
        ? { value: { tenant } }
        : { issues: [{ message: 'expected a tenant' }] };
    },
  },
};

async function sent(definition: OperatorDefinition, options: unknown, payload: unknown): Promise<unknown[]> {
  const source = new Subject<Message>();
  const seen: unknown[] = [];
  source.pipe(stepOf(definition, options, context)).subscribe((message) => seen.push(message.payload));
  source.next(createLedger().claimed(payload));
  await turn();
  return seen;
}

describe('defineOperator', () => {
  it('gives create what a schema of zod parses to, defaults and transformations included', async () => {
    const step = defineOperator({
      kind: 'fn',
      name: 'repeat',
      summary: 'Repeats a text.',
      options: z.strictObject({ times: z.int().default(2), every: duration().optional() }),
      create: ({ times, every }, { log }) => {
        expectTypeOf(times).toEqualTypeOf<number>();
        expectTypeOf(every).toEqualTypeOf<number | undefined>();
        expectTypeOf(log.info).toBeFunction();
        return (message) => {
          expectTypeOf(message).toEqualTypeOf<Message>();
          expectTypeOf(message.payload).toEqualTypeOf<unknown>();
          return String(message.payload).repeat(times);
        };
      },
    });
    expectTypeOf(step).toExtend<FnOperator>();
    expectTypeOf<Parsed<typeof step.options>>().toEqualTypeOf<{
      times: number;
      every?: number | undefined;
    }>();
    expect(await sent(step as OperatorDefinition, { times: 2 }, 'ab')).toEqual(['abab']);
  });

  it('gives create what any other Standard Schema gives', async () => {
    const step = defineOperator({
      kind: 'async',
      name: 'add-tenant',
      summary: 'Adds the tenant.',
      options: tenant,
      concurrency: 4,
      deadlineMs: 1_000,
      create: (options) => {
        expectTypeOf(options).toEqualTypeOf<Tenant>();
        return async (message, signal) => {
          expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
          return { ...(message.payload as object), tenant: options.tenant };
        };
      },
    });
    expectTypeOf(step).toEqualTypeOf<AsyncOperator<Schema<Tenant>>>();
    expect(await sent(step as OperatorDefinition, { tenant: 'acme' }, { a: 1 })).toEqual([
      { a: 1, tenant: 'acme' },
    ]);
  });

  it('knows the kinds apart by what create returns', () => {
    const rx = defineOperator({
      kind: 'rx',
      obligations: 'opaque',
      name: 'rx',
      summary: 'Any RxJS operator.',
      options: z.undefined(),
      order: () => 'none' as const,
      create: (options) => {
        expectTypeOf(options).toEqualTypeOf<undefined>();
        return (source) => source;
      },
    });
    expectTypeOf(rx.create).returns.toEqualTypeOf<MessageOperator>();
    expectTypeOf(rx).toExtend<RxOperator>();
    expect(rx.kind).toBe('rx');
  });

  it('refuses what is none of them', () => {
    const own = { name: 'wrong', summary: 'Wrong.', options: tenant };
    const fn = { ...own, kind: 'fn' } as const;
    const rx = { ...own, kind: 'rx', obligations: 'preserved' } as const;
    const noSchema = { parse: () => 1 };
    const ofText = (text: string): string => text;
    const { obligations: _, ...silent } = rx;
    // @ts-expect-error an rx step says what it does with its messages
    defineOperator({ ...silent, create: () => (source) => source });
    // @ts-expect-error options are those of the schema
    defineOperator({ ...fn, create: ({ tenants }) => tenants });
    // @ts-expect-error there are three kinds
    defineOperator({ ...own, kind: 'sync', create: () => () => 1 });
    // @ts-expect-error a schema is one of the standard
    defineOperator({ ...fn, options: noSchema, create: () => () => 1 });
    // @ts-expect-error an rx step returns an operator of messages
    defineOperator({ ...rx, create: () => ofText });
    expect(own.options).toBe(tenant);
  });

  it('prepares options of the same type', () => {
    const step = defineOperator({
      kind: 'fn',
      name: 'greet',
      summary: 'Greets from a file.',
      options: z.strictObject({ file: z.string(), text: z.string().optional() }),
      async prepare(options, files) {
        expectTypeOf(options).toEqualTypeOf<{ file: string; text?: string | undefined }>();
        return { value: { ...options, text: await files.read(options.file) } };
      },
      create:
        ({ text }) =>
        () =>
          text,
    });
    expectTypeOf(step.prepare).not.toBeNever();
    expect(step.prepare).toBeTypeOf('function');
  });

  it('declares the operators of araldo as anybody else would', () => {
    expectTypeOf(splitStep).toExtend<RxOperator<z.ZodType>>();
    expectTypeOf<Parameters<typeof splitStep.create>[0]['max']>().toEqualTypeOf<number | undefined>();
    expect(splitStep.obligations).toBe('contained');
  });
});
