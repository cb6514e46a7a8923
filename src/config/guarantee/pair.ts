/** What a guarantee is about: one source of a route, one of its legs, and what is between them. */
import type { SinkCapabilities, SourceCapabilities } from '../../core/endpoint.ts';
import type { BranchPart, EndpointPart, RoutePart, StepPart } from '../configuration.ts';

export interface Pair {
  readonly route: RoutePart;
  readonly leg: BranchPart;
  readonly source: EndpointPart;
  readonly reads: SourceCapabilities;
  readonly sink: EndpointPart;
  readonly sends: SinkCapabilities;
  /** All there are: what another route does with a message of the same source may bring it here again. */
  readonly routes: ReadonlyMap<string, RoutePart>;
  readonly endpoints: ReadonlyMap<string, EndpointPart>;
}

/** All pairs of a route, by source and then by leg, as the plan has them. */
export function pairsOf(
  route: RoutePart,
  routes: ReadonlyMap<string, RoutePart>,
  endpoints: ReadonlyMap<string, EndpointPart>,
): readonly Pair[] {
  return route.plan.from.flatMap((from) =>
    route.branches.flatMap((leg) => {
      const source = endpoints.get(from);
      const sink = endpoints.get(leg.plan.to);
      const reads = source?.capabilities.source;
      const sends = sink?.capabilities.sink;
      // One with a problem of its own promises nothing.
      if (source === undefined || sink === undefined || reads === undefined || sends === undefined) return [];
      return { route, leg, source, reads, sink, sends, routes, endpoints };
    }),
  );
}

/** With those within the branches of others. */
export function stepsOf(route: RoutePart): readonly StepPart[] {
  return route.steps.flatMap((step) => [step, ...step.inner]);
}

/** Whether the other side keeps a message until it is acknowledged, and sends again what never was. */
export function isKept({ reads }: Pair): boolean {
  return reads.acks && reads.redelivers;
}
