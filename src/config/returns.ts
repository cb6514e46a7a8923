/** Where a message comes back to a route that it has been in: through a channel or subject that both ends share. */
import { findCircles } from './circles.ts';
import type { BranchPart, EndpointPart, MarshallerPart, RoutePart } from './configuration.ts';

export interface Parts {
  readonly routes: ReadonlyMap<string, RoutePart>;
  readonly endpoints: ReadonlyMap<string, EndpointPart>;
  readonly marshallers: ReadonlyMap<string, MarshallerPart>;
}

/** Steps that end no message: whatever else stands in a route may be what ends a circle. */
const endless: ReadonlySet<string> = new Set(['map', 'scan', 'delay', 'order-by', 'enrich', 'tap', 'log']);

/** Circles whose legs all hold their source: full, each waits for the next. As names of routes in their order. */
export function waitingCircles({ routes, endpoints }: Parts): readonly (readonly string[])[] {
  return findCircles([...routes.keys()], (name) => {
    const legs = routes.get(name)?.branches.filter(isHolding) ?? [];
    return legs.flatMap((leg) => readersOf(leg, routes, endpoints).map(({ route }) => route));
  });
}

/**
 * Circles in which a message goes round without end: no leg has a condition, no step may end it, and no count of its
 * hops comes back with it.
 */
export function endlessCircles({ routes, endpoints, marshallers }: Parts): readonly (readonly string[])[] {
  const readers = (name: string): readonly Reader[] => {
    const route = routes.get(name);
    if (route === undefined || !route.steps.every(({ plan }) => endless.has(plan.use))) return [];
    return route.branches
      .filter(({ when }) => when === undefined)
      .flatMap((leg) => readersOf(leg, routes, endpoints));
  };
  const isCounted = (name: string, to: string): boolean =>
    readers(name).some(({ route, sink, source }) => route === to && carriesHops(sink, source, marshallers));

  return findCircles([...routes.keys()], (name) => readers(name).map(({ route }) => route)).filter(
    (circle) => !circle.every((name, place) => isCounted(name, circle[(place + 1) % circle.length] ?? name)),
  );
}

interface Reader {
  readonly route: string;
  readonly sink: EndpointPart;
  readonly source: EndpointPart;
}

/** The routes that read what a leg sends. */
function readersOf(
  leg: BranchPart,
  routes: ReadonlyMap<string, RoutePart>,
  endpoints: ReadonlyMap<string, EndpointPart>,
): readonly Reader[] {
  const sink = endpoints.get(leg.plan.to);
  const addresses = sink?.capabilities.writesTo ?? [];
  if (sink === undefined || addresses.length === 0) return [];
  return [...routes].flatMap(([route, { plan }]) =>
    plan.from.flatMap((from) => {
      const source = endpoints.get(from);
      if (source === undefined || !addresses.some((address) => reads(source, address))) return [];
      return { route, sink, source };
    }),
  );
}

function reads({ capabilities }: EndpointPart, address: string): boolean {
  const { readsFrom = [], readsMatching = [] } = capabilities;
  return readsFrom.includes(address) || readsMatching.some((pattern) => pattern.test(address));
}

function isHolding({ plan }: BranchPart): boolean {
  return plan.overflow === 'pause' || plan.spill?.then === 'pause';
}

/** Whether the meta of what is sent to an endpoint comes along. */
export function carriesMeta(
  { plan, capabilities }: EndpointPart,
  marshallers: ReadonlyMap<string, MarshallerPart>,
): boolean {
  const marshaller = marshallers.get(plan.marshal);
  return (
    capabilities.sink?.carries === 'values' || marshaller?.plugin.envelope?.(marshaller.options) === true
  );
}

/** Within the process a message comes as it went; through a system, only an envelope carries its meta. */
function carriesHops(
  sink: EndpointPart,
  source: EndpointPart,
  marshallers: ReadonlyMap<string, MarshallerPart>,
): boolean {
  if (sink.capabilities.sink?.carries === 'values') return true;
  return [sink, source].every(({ plan }) => {
    const marshaller = marshallers.get(plan.marshal);
    return marshaller?.plugin.envelope?.(marshaller.options) === true;
  });
}
