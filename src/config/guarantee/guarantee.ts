/** What a route really promises for each of its sources and legs, derived from what its parts can do. */
import type { EndpointPart, RoutePart } from '../configuration.ts';
import { couplingOf } from './coupling.ts';
import { duplicatesOf } from './duplicates.ts';
import { firstOf, lossesToFirst } from './first.ts';
import { keptBy, type Loss, lossesOf } from './losses.ts';
import { type Memory, memoryOf } from './memory.ts';
import { type Order, orderOf } from './order.ts';
import { type Pair, pairsOf } from './pair.ts';
import { shareOf } from './share.ts';

/**
 * `at-least-once`: none is lost, and some may come again. `at-most-once`: some may be lost, and none comes again.
 * `best-effort`: some may be lost, and some may come again.
 */
export type Delivery = 'at-least-once' | 'at-most-once' | 'best-effort';

export interface Guarantee {
  readonly source: string;
  readonly sink: string;
  /** Which messages it is about; absent where that is all of the route's. */
  readonly share?: string;
  /** Under `ack: first`: which sinks are enough, and what that promises. */
  readonly first?: string;
  readonly delivery: Delivery;
  /** How a message may be lost; none where it is kept until the sink has it. */
  readonly losses: readonly Loss[];
  /** Why none is, where that is so. */
  readonly keptBy: readonly string[];
  /** When a message may come again. */
  readonly duplicates: readonly string[];
  readonly order: Order;
  /** Whom a slow sink makes wait; absent where it is nobody. */
  readonly coupling?: string;
  readonly memory: Memory;
}

/**
 * A guarantee for each source and each leg. What a step ends on purpose, as a filter does, is not lost; a step of
 * one's own is believed what it declares of itself.
 *
 * @example
 * const { routes, endpoints } = await loadConfiguration({ file: 'araldo.yaml' }, { registry });
 * for (const route of routes.values()) console.log(guaranteesOf(route, routes, endpoints));
 */
export function guaranteesOf(
  route: RoutePart,
  routes: ReadonlyMap<string, RoutePart>,
  endpoints: ReadonlyMap<string, EndpointPart>,
): readonly Guarantee[] {
  const pairs = pairsOf(route, routes, endpoints);
  const first = firstOf(route, pairs);
  return pairs.map((pair) => guaranteeOf(pair, first));
}

function guaranteeOf(pair: Pair, first: string | undefined): Guarantee {
  const losses = [...lossesOf(pair), ...lossesToFirst(pair)];
  const duplicates = duplicatesOf(pair);
  const coupling = couplingOf(pair);
  const share = shareOf(pair.route, pair.leg);
  return {
    source: pair.source.plan.name,
    sink: pair.sink.plan.name,
    ...(share === undefined ? {} : { share }),
    ...(first === undefined ? {} : { first }),
    delivery: deliveryOf(losses.length > 0, duplicates.length > 0),
    losses,
    keptBy: losses.length > 0 ? [] : keptBy(pair),
    duplicates,
    order: orderOf(pair),
    ...(coupling === undefined ? {} : { coupling }),
    memory: memoryOf(pair),
  };
}

function deliveryOf(mayLose: boolean, mayRepeat: boolean): Delivery {
  if (!mayLose) return 'at-least-once';
  return mayRepeat ? 'best-effort' : 'at-most-once';
}
