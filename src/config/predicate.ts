/** `when:` conditions, compiled as the configuration is read. */
import type { Message } from '../core/message.ts';
import { compilePredicate } from '../expression/expression.ts';
import { readText, reportThrown } from './fields.ts';
import type { Problems } from './problem.ts';
import type { Node } from './tree.ts';

export interface Predicate {
  readonly text: string;
  readonly of: (message: Message) => boolean;
}

export function readPredicate(node: Node, problems: Problems): Predicate | undefined {
  const text = readText(node, problems, 'a condition such as payload.total > 100');
  if (text === undefined) return undefined;
  try {
    return { text, of: compilePredicate(text) };
  } catch (thrown) {
    reportThrown(thrown, node, problems, 'invalid-expression');
    return undefined;
  }
}

/** The condition of a route guards each of its legs, beside the leg's own. */
export function both(route: Predicate | undefined, leg: Predicate | undefined): Predicate | undefined {
  if (route === undefined || leg === undefined) return route ?? leg;
  // A comment at the end of either must not take the parenthesis with it.
  const text = `(${route.text}\n) && (${leg.text}\n)`;
  return { text, of: compilePredicate(text) };
}
