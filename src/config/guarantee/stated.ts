/** `guarantee:` of a route: what it states must be what its parts keep. */
import type { EndpointPart, RoutePart } from '../configuration.ts';
import { wordReader } from '../fields.ts';
import type { Problems, Spot } from '../problem.ts';
import { lossesOfRoute } from './first.ts';
import { pairsOf } from './pair.ts';

/** At most once is what `drop-oldest` gives: nobody need state it. */
export const guaranteeReader: ReturnType<typeof wordReader<'at-least-once'>> = wordReader(['at-least-once']);

/** Reports every way in which the route may lose a message, each once, where its cause stands. */
export function checkStated(
  route: RoutePart,
  stated: Spot,
  routes: ReadonlyMap<string, RoutePart>,
  endpoints: ReadonlyMap<string, EndpointPart>,
  problems: Problems,
): void {
  const reported = new Set<string>();
  for (const { text, cure, place } of lossesOfRoute(route, pairsOf(route, routes, endpoints))) {
    const isOwn = place !== undefined && place !== route.place;
    const spot = isOwn ? { place, length: 1 } : stated;
    const sentence = `expected at-least-once to be kept, as the route states; ${text} → ${cure}`;
    if (reported.has(sentence)) continue;
    reported.add(sentence);
    problems.report('unkeepable-guarantee', spot, sentence);
  }
}
