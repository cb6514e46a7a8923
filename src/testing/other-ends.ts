/** What a relay in virtual time cannot change while it runs. */
import type { Configuration } from '../config/configuration.ts';
import { AraldoError } from '../core/errors.ts';
import { changesBetween } from '../runtime/changes.ts';

/** Throws an `AraldoError` (`not-available`): the models of the outside world are made once. */
export function refuseOtherEnds(before: Configuration, after: Configuration): void {
  const { endpoints, marshallers } = changesBetween(before, after);
  const differing = [endpoints, marshallers].flatMap(({ added, changed, gone }) => [
    ...added,
    ...changed,
    ...gone,
  ]);
  if (differing.length === 0) return;
  throw new AraldoError(
    'not-available',
    `a virtual relay reloads its routes, and keeps its endpoints and marshallers; these differ: ${differing.join(', ')}`,
  );
}
