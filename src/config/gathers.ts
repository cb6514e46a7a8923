/** Steps that wait for more messages than the sources can give would never have enough. */
import type { OperatorDefinition } from '../core/operator.ts';
import type { EndpointPart, RoutePart } from './configuration.ts';
import type { Problems } from './problem.ts';

/**
 * What a step keeps is unsettled, and takes up the windows of the sources. Two batches of 100 after one another need
 * 10,000 places. Behind a step that may make several messages of one nothing can be said.
 */
export function checkGathers(
  routes: ReadonlyMap<string, RoutePart>,
  endpoints: ReadonlyMap<string, EndpointPart>,
  problems: Problems,
): void {
  for (const { plan, steps } of routes.values()) {
    const places = plan.from.reduce((sum, name) => sum + (endpoints.get(name)?.plan.maxInFlight ?? 0), 0);
    let needed = 1;
    for (const { definition, options, plan: step, place } of steps) {
      needed *= gatheredBy(definition, options);
      if (needed === 0 || places === 0) break;
      if (needed <= places) continue;
      const cure = `take fewer, or raise max-in-flight of ${plan.from.join(', ')}`;
      problems.report(
        'unkeepable-policy',
        { place, length: 1 },
        `expected a step that waits for at most ${places} messages, which is what the sources may have unsettled; ` +
          `found ${step.use}, which waits for ${needed}: ${cure}`,
      );
      break;
    }
  }
}

/** How many messages it takes for one that leaves; 0 where one may leave as several. */
function gatheredBy(definition: OperatorDefinition, options: unknown): number {
  if (definition.gathers !== undefined) return definition.gathers(options);
  return definition.kind === 'rx' && definition.obligations === 'contained' ? 1 : 0;
}
