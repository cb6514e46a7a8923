/** Whom a slow sink makes wait: what its leg holds, and all that reads from there. */
import { listOf } from '../fields.ts';
import type { Pair } from './pair.ts';
import { patternOf } from './share.ts';

/** A sentence; nothing where the leg makes nobody wait. */
export function couplingOf({ route, leg, source, sink, routes }: Pair): string | undefined {
  const { overflow, spill } = leg.plan;
  const isHolding = overflow === 'pause' || spill?.then === 'pause';
  if (!isHolding) return undefined;
  const { name } = source.plan;
  const others = [...routes.values()].filter(({ plan }) => plan.from.includes(name) && plan !== route.plan);
  const waiting = [
    ...(route.branches.length > 1 ? ['the other legs of this route'] : []),
    ...others.map(({ plan }) => `route ${plan.name}`),
  ];
  const pattern = patternOf(route, leg);
  const isSpared = pattern !== undefined && pattern.kind !== 'hash';
  const full = `${spill === undefined ? 'full' : 'full on disk too'}${isSpared ? ' and no other can take it' : ''}`;
  const also = waiting.length === 0 ? '' : `, and so ${listOf(waiting)}`;
  return `a slow ${sink.plan.name} holds ${name} once its leg is ${full}${also}`;
}
