/** Whom a slow sink makes wait: what its leg holds, and all that reads from there. */
import type { Pair } from './pair.ts';

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
  const full = spill === undefined ? 'full' : 'full on disk too';
  const also = waiting.length === 0 ? '' : `, and so ${listOf(waiting)}`;
  return `a slow ${sink.plan.name} holds ${name} once its leg is ${full}${also}`;
}

function listOf(parts: readonly string[]): string {
  if (parts.length <= 1) return parts.join('');
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}
