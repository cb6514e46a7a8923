/** On which subject a message goes out: a fixed one, or one made of the message that an allow-list admits. */
import { z } from 'zod';
import { AraldoError } from '../core/errors.ts';
import type { Message } from '../core/message.ts';
import { found } from '../options/found.ts';
import { isSubject, matches, subject, subjectPattern } from './subject.ts';

export interface AddressValue {
  readonly publish?: string | undefined;
  readonly 'subject-from'?: ((message: Message) => unknown) | undefined;
  readonly subjects?: readonly string[] | undefined;
}

const MOST_PATTERNS = 1_024;

const publish: z.ZodOptional<z.ZodType<string, string>> = subject()
  .optional()
  .describe('The subject to publish on.');

const subjects: z.ZodOptional<z.ZodType<readonly string[], string[]>> = z
  .array(subjectPattern())
  .min(1)
  .max(MOST_PATTERNS)
  .optional()
  .describe('The subjects that subject-from may give, with wildcards: another one fails the message.');

export const addressFields: { readonly publish: typeof publish; readonly subjects: typeof subjects } = {
  publish,
  subjects,
};

/** Adds what is wrong with them together; for `superRefine`. */
export function checkAddress(value: AddressValue, context: z.RefinementCtx): void {
  const { publish, 'subject-from': from, subjects } = value;
  const problem = (path: string, message: string): void =>
    context.addIssue({ code: 'custom', path: [path], message });
  if (publish !== undefined && from !== undefined)
    problem('subject-from', 'expected either publish or subject-from');
  if (from !== undefined && subjects === undefined)
    problem('subjects', 'expected subjects beside subject-from: those that it may give, such as [orders.>]');
  if (from === undefined && subjects !== undefined)
    problem('subjects', 'expected subjects beside subject-from only');
}

/** The function of it, or nothing where it does not publish. It throws an `AraldoError` (`sink-rejected`). */
export function addressOf(value: AddressValue): ((message: Message) => string) | undefined {
  const { publish, 'subject-from': from, subjects = [] } = value;
  if (publish !== undefined) return () => publish;
  if (from === undefined) return undefined;
  return (message) => {
    const made = from(message);
    if (typeof made !== 'string' || !isSubject(made)) {
      throw new AraldoError('sink-rejected', `expected subject-from to give a subject, found ${found(made)}`);
    }
    if (!subjects.some((pattern) => matches(pattern, made))) {
      throw new AraldoError('sink-rejected', `expected a subject that subjects allow, found ${found(made)}`);
    }
    return made;
  };
}

/** All that it may be, with wildcards. */
export function allAddresses({ publish, subjects = [] }: AddressValue): readonly string[] {
  return publish === undefined ? subjects : [publish];
}
