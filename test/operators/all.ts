import { operatorTable } from '../../operators/table.ts';
import type { OperatorDefinition } from '../../src/core/operator.ts';

/** All steps that YAML has by name. */
export const allOperators: Readonly<Record<string, OperatorDefinition>> = Object.fromEntries(
  await Promise.all(Object.entries(operatorTable).map(async ([name, load]) => [name, await load()] as const)),
);
