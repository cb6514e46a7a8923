/** What the errors of the expression library mean to us. */
import { EvaluationError, ParseError, TypeError as TypeMismatch } from '@marcbachmann/cel-js';

type Failure = EvaluationError | ParseError | TypeMismatch;

/** What an error of the library says, without its drawing of the place. */
export function summaryOf(thrown: unknown): string {
  if (isFailure(thrown)) return lowerFirst(thrown.summary);
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Where in the text an error of the library stands. */
export function rangeOf(thrown: unknown): { readonly start: number; readonly end: number } | undefined {
  return isFailure(thrown) ? thrown.range : undefined;
}

/** Whether evaluating failed only because something is not there: a key, an element, a value that is null. */
export function isMissing(thrown: unknown): boolean {
  if (!(thrown instanceof EvaluationError)) return false;
  switch (thrown.code) {
    case 'no_such_key':
    case 'index_out_of_bounds':
    case 'unknown_variable':
    case 'optional_value_missing':
      return true;
    // An operator, a function, a condition or a loop was given a null.
    case 'no_such_overload':
    case 'no_matching_overload':
    case 'invalid_logical_operand':
    case 'invalid_condition_type':
    case 'invalid_comprehension_range':
      return nullOperand.test(thrown.summary);
    default:
      return false;
  }
}

/** The type null by itself; not within another, such as `map<string, null>`. */
const nullOperand = /(?:^|[\s(!'-])(?:null|dyn<null>)(?:$|[\s.,)'])/;

function isFailure(thrown: unknown): thrown is Failure {
  return thrown instanceof EvaluationError || thrown instanceof ParseError || thrown instanceof TypeMismatch;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
