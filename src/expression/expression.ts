/**
 * Expressions in YAML: CEL, compiled once into plain functions of a message.
 *
 * An expression sees `payload`, `meta` and `id`. Numbers are those of JavaScript: they mix, `7 / 2` is 3.5,
 * and no BigInt comes out. (Two counts divide as CEL has it: `size(a) / size(b)` is whole; `double(…)` helps.)
 * An expression cannot reach anything but its variables, nor change them. Its time grows with the data that it
 * walks through, at worst as a power of its size that is the depth of `all`, `exists`, `filter` and `map` within
 * each other; `matches()` does not go back.
 */
import { AraldoError } from '../core/errors.ts';
import type { Message } from '../core/message.ts';
import { isMissing, summaryOf } from './failure.ts';
import { compile, type Evaluate } from './language.ts';
import { plain } from './plain.ts';

/**
 * A condition on messages. What is missing makes it false: an absent key, a null on the way, an index beyond
 * the end. `has(payload.x)` asks for a key alone.
 *
 * Throws an `AraldoError`: now (`invalid-expression`) for what cannot be right for any message, later
 * (`expression-failed`) for one that gives no boolean.
 *
 * @example
 * const inStock = compilePredicate('has(payload.id) && payload.qty > 0');
 * inStock(Message.of({ id: 1, qty: 2 })) // true
 */
export function compilePredicate(text: string): (message: Message) => boolean {
  const { evaluate, type } = compile(text, messageVariables);
  if (type !== 'bool' && !type.startsWith('dyn')) {
    throw new AraldoError(
      'invalid-expression',
      `expected a condition, found an expression that gives ${type}: ${text}`,
    );
  }
  const scope = new MessageScope();

  return (message) => {
    // What is missing is an everyday answer here, and the stack of an error is most of what it costs.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    let result: unknown;
    try {
      result = scope.evaluate(evaluate, message);
    } catch (thrown) {
      if (isMissing(thrown)) return false;
      throw failed(text, thrown);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
    if (typeof result === 'boolean') return result;
    throw failed(text, `expected true or false, found ${typeof result}`);
  };
}

/**
 * A value made of a message: a key, a mapping. Plain JavaScript comes out, never a BigInt.
 *
 * Throws an `AraldoError`: now (`invalid-expression`), later (`expression-failed`) for a message in which
 * something is missing, naming it, or of another type than the expression needs.
 *
 * @example
 * const total = compileValue('{"id": payload.id, "total": payload.qty * payload.price}');
 */
export function compileValue(text: string): (message: Message) => unknown {
  const { evaluate } = compile(text, messageVariables);
  const scope = new MessageScope();

  return (message) => {
    try {
      return plain(scope.evaluate(evaluate, message));
    } catch (thrown) {
      throw failed(text, thrown);
    }
  };
}

/**
 * The same over variables of the caller's choice.
 *
 * @example
 * compileFormula('"tick " + string(n)', ['n'])({ n: 1 }) // 'tick 1'
 */
export function compileFormula(
  text: string,
  variables: readonly string[],
): (values: Readonly<Record<string, unknown>>) => unknown {
  const { evaluate } = compile(text, variables);

  return (values) => {
    try {
      return plain(evaluate(values));
    } catch (thrown) {
      throw failed(text, thrown);
    }
  };
}

const messageVariables = ['payload', 'meta', 'id'] as const;

/**
 * The variables of a message, read when the expression comes to them: a payload that nobody looks at is
 * never parsed. One for each expression, because evaluating is synchronous and never re-entered.
 */
class MessageScope {
  private message: Message | undefined;

  get payload(): unknown {
    return this.message?.payload;
  }

  get meta(): unknown {
    return this.message?.meta;
  }

  get id(): unknown {
    return this.message?.id;
  }

  evaluate(evaluate: Evaluate, message: Message): unknown {
    this.message = message;
    try {
      return evaluate(this);
    } finally {
      // Nothing of a message outlives its turn.
      this.message = undefined;
    }
  }
}

function failed(text: string, thrown: unknown): AraldoError {
  const reason = typeof thrown === 'string' ? thrown : summaryOf(thrown);
  return new AraldoError('expression-failed', `${text}: ${reason}`, { cause: thrown });
}
