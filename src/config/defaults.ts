/** `defaults:`, for all endpoints and legs that state nothing else. */
import { checkKeys, integerReader, readKey, readMap } from './fields.ts';
import { defaultsKeys } from './keys.ts';
import { type OverflowSpec, readOverflow } from './overflow.ts';
import type { Problems } from './problem.ts';
import type { MapNode, Node } from './tree.ts';

export interface Defaults {
  readonly overflow: OverflowSpec;
  /** The node is kept: whether the name exists is known later. */
  readonly marshal: Node | undefined;
  readonly maxInFlight: number;
  readonly maxDeliveries: number;
}

const MAX_IN_FLIGHT = 1024;
const MAX_DELIVERIES = 5;

export const inFlightReader: ReturnType<typeof integerReader> = integerReader(1, 1_048_576);
export const deliveriesReader: ReturnType<typeof integerReader> = integerReader(1, 1_000_000);

export function readDefaults(root: MapNode, problems: Problems): Defaults {
  const map = readKey(root, 'defaults', problems, (node) => readMap(node, problems));
  if (map === undefined) {
    return { overflow: {}, marshal: undefined, maxInFlight: MAX_IN_FLIGHT, maxDeliveries: MAX_DELIVERIES };
  }
  checkKeys(map, { of: 'defaults', known: defaultsKeys }, problems);
  return {
    overflow: readOverflow(map, problems),
    marshal: map.entries.get('marshal')?.value,
    maxInFlight: readKey(map, 'max-in-flight', problems, inFlightReader) ?? MAX_IN_FLIGHT,
    maxDeliveries: readKey(map, 'max-deliveries', problems, deliveriesReader) ?? MAX_DELIVERIES,
  };
}
