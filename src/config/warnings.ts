/** What is allowed and probably not meant: circles in which everything pauses, acks for what may be dropped. */
import type { Place } from '../core/errors.ts';
import { isLossy } from '../core/overflow.ts';
import { findCircles } from './circles.ts';
import type { EndpointPart, RoutePart, Warning } from './configuration.ts';

/** Reports a warning. */
export type Warn = (place: Place, text: string) => void;

/** More of them nobody reads. */
const MAX_WARNINGS = 100;

export function createWarnings(): { readonly warn: Warn; readonly all: readonly Warning[] } {
  const all: Warning[] = [];
  return {
    all,
    warn: (place, text) => {
      if (all.length < MAX_WARNINGS) all.push({ text, place });
    },
  };
}

export function warnOfRoutes(
  routes: ReadonlyMap<string, RoutePart>,
  endpoints: ReadonlyMap<string, EndpointPart>,
  warn: Warn,
): void {
  for (const { plan, place } of routes.values()) {
    const acking = plan.from.find((name) => endpoints.get(name)?.capabilities.source?.acks === true);
    if (acking === undefined || !plan.to.every(({ overflow }) => isLossy(overflow))) continue;
    warn(
      place,
      `${acking} keeps a message until it is acknowledged, but every leg of this route acknowledges what it may ` +
        'drop; give one leg overflow: pause',
    );
  }
  for (const circle of findCircles(routes, endpoints)) {
    const [first = ''] = circle;
    const place = routes.get(first)?.place ?? {};
    const text =
      `${[...circle, first].join(' → ')} is a circle in which every leg pauses: full, it would wait for itself for ` +
      'ever; give one leg overflow: drop-oldest, or filter what has been here (meta.endpoint)';
    warn(place, text);
  }
}
