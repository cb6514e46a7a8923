/** The subjects of NATS: tokens between dots; in a pattern `*` is any one token and a last `>` is one or more. */
import { z } from 'zod';
import { found } from '../options/found.ts';

/** A server closes the connection of who sends a line of more than 4 KiB: that is no fate for one odd message. */
const LONGEST = 1_024;

/** Whether one may publish on it: no wildcard, no blank, no empty token. */
export function isSubject(text: string): boolean {
  return isPattern(text) && !/(^|\.)[*>](\.|$)/.test(text);
}

/** Whether one may subscribe to it; a subject is a pattern of itself alone. */
export function isPattern(text: string): boolean {
  if (text.length === 0 || text.length > LONGEST || /[\s\p{Cc}]/u.test(text)) return false;
  const tokens = text.split('.');
  return tokens.every((token, place) => token !== '' && (token !== '>' || place === tokens.length - 1));
}

/** Whether a server would deliver what is published on `subject` to a subscription of `pattern`. */
export function matches(pattern: string, subject: string): boolean {
  const expected = pattern.split('.');
  const tokens = subject.split('.');
  for (const [place, token] of expected.entries()) {
    if (token === '>') return tokens.length > place;
    if (place >= tokens.length || (token !== '*' && token !== tokens[place])) return false;
  }
  return tokens.length === expected.length;
}

/** What matches all subjects of a pattern, behind a text that stands before each. */
export function patternOf(pattern: string, before = ''): RegExp {
  const tokens = pattern.split('.').map((token) => {
    if (token === '>') return '.+';
    return token === '*' ? '[^.]+' : exactly(token);
  });
  return new RegExp(`^${exactly(before)}${tokens.join('\\.')}$`, 'su');
}

/** Escaped, so that it means itself. */
function exactly(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/** The type of an option that is a subject to publish on. */
export function subject(): z.ZodType<string, string> {
  return z.string().refine(isSubject, {
    error: ({ input }) => `expected a subject such as orders.new, without * and >, found ${found(input)}`,
  });
}

/** The type of an option that is a subject to subscribe to, with wildcards or without. */
export function subjectPattern(): z.ZodType<string, string> {
  return z.string().refine(isPattern, {
    error: ({ input }) =>
      `expected a subject such as orders.new, orders.* or orders.>, found ${found(input)}`,
  });
}
