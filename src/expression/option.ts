/** Expressions as types in the schemas of options: text goes in, the compiled function comes out. */
import { z } from 'zod';
import { AraldoError } from '../core/errors.ts';
import type { Message } from '../core/message.ts';
import { found } from '../options/found.ts';
import { compileFormula, compilePredicate, compileValue } from './expression.ts';

/**
 * A condition on messages.
 *
 * @example
 * z.strictObject({ when: condition() }).parse({ when: 'payload.qty > 0' }).when(message) // true
 */
export function condition(): z.ZodType<(message: Message) => boolean, string> {
  return expression(compilePredicate, {
    description: 'A condition in CEL on payload, meta and id. What is missing makes it false.',
    examples: ['has(payload.id) && payload.qty > 0'],
  });
}

/** A value made of a message: a mapping, a key. */
export function value(): z.ZodType<(message: Message) => unknown, string> {
  return expression(compileValue, {
    description: 'A value in CEL, made of payload, meta and id.',
    examples: ['payload.id', '{"id": payload.id, "total": payload.qty * payload.price}'],
  });
}

/**
 * A value made of variables of the caller's choice.
 *
 * @example
 * z.strictObject({ with: formula(['state', 'payload'], 'state + payload') }).parse({ with: 'state + payload.qty' })
 */
export function formula(
  variables: readonly string[],
  example: string,
): z.ZodType<(values: Readonly<Record<string, unknown>>) => unknown, string> {
  return expression((text) => compileFormula(text, variables), {
    description: `A value in CEL, made of ${variables.join(', ')}.`,
    examples: [example],
  });
}

function expression<T>(
  compile: (text: string) => T,
  metadata: { readonly description: string; readonly examples: string[] },
): z.ZodType<T, string> {
  return z
    .string({ error: (issue) => `expected an expression in CEL, found ${found(issue.input)}` })
    .meta(metadata)
    .transform((text, context) => {
      try {
        return compile(text);
      } catch (thrown) {
        const { message } = AraldoError.from(thrown, 'invalid-expression');
        context.addIssue({ code: 'custom', message, input: text });
        return z.NEVER;
      }
    });
}
