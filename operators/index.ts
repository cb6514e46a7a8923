/** What `araldo/operators` is, and the steps that YAML has by name. */
import type { OperatorDefinition } from '../src/core/operator.ts';
import { filterStep } from './filter.ts';
import { mapStep } from './map.ts';

export { type BufferOptions, buffer } from './buffer.ts';
export { type ClaimOptions, claim } from './claim.ts';
export { type FilterOptions, filter } from './filter.ts';
export { type MapOptions, map } from './map.ts';
export { marshal, marshalMessage, wireOf } from './marshal.ts';
export { type SinkOptions, sinkOf } from './sink-of.ts';
export { unmarshal } from './unmarshal.ts';

/** By the word in YAML. */
export const operatorTable: Readonly<Record<string, OperatorDefinition>> = {
  filter: filterStep,
  map: mapStep,
};
