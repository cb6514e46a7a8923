// What an AraldoError says, for tests of what is refused.
import { AraldoError } from '../../src/core/errors.ts';

/** `code: message` of what `run` throws; anything else but an AraldoError is thrown on. */
export function reasonOf(run: () => unknown): string {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof AraldoError) return `${thrown.code}: ${thrown.message}`;
    throw thrown;
  }
  return 'nothing was thrown';
}
