/** What the running parts have counted, as the plain data that is shown outside. */
import type { Configuration } from '../config/configuration.ts';
import type { Endpoint } from '../core/endpoint.ts';
import type { Leg } from '../core/leg.ts';
import type { EndpointStatus, LegStatus, RouteStatus } from '../http/status.ts';
import type { RunningRoute } from './compile.ts';

export function endpointStatus(endpoint: Endpoint, configuration: Configuration): EndpointStatus {
  const { inbound, capabilities, peers } = endpoint;
  const marshal = configuration.plan.endpoints[endpoint.name]?.marshal;
  const marshaller = marshal === undefined ? undefined : configuration.plan.marshallers[marshal]?.id;
  return {
    name: endpoint.name,
    id: endpoint.id,
    state: endpoint.state,
    since: endpoint.since,
    ...(endpoint.lastError === undefined ? {} : { lastError: endpoint.lastError.code }),
    reconnects: endpoint.reconnects,
    ...(marshaller === undefined ? {} : { marshal: marshaller }),
    listensOn: capabilities.listensOn ?? [],
    ...(capabilities.source === undefined
      ? {}
      : {
          source: {
            received: inbound.received,
            acked: inbound.acked,
            nacked: inbound.nacked,
            rejected: inbound.rejected,
            overrun: inbound.overrun,
            stashed: inbound.stashed,
            inFlight: inbound.inFlight,
            window: inbound.gate.window,
            isFull: inbound.gate.isFull,
            holders: inbound.gate.holders,
          },
        }),
    ...(peers === undefined ? {} : { peers }),
  };
}

export function routeStatus(running: RunningRoute, configuration: Configuration): RouteStatus {
  const { route } = running;
  const plan = configuration.plan.routes[route.name];
  return {
    name: route.name,
    from: plan?.from ?? [],
    steps: plan?.via.map((step) => step.use) ?? [],
    received: route.received,
    made: route.madeCount,
    joined: route.joinedCount,
    forwarded: route.forwarded,
    discarded: Object.fromEntries(route.discardedBy),
    failed: running.failedInSteps,
    held: running.inSteps,
    dead: route.dead,
    returned: route.returned,
    dropped: route.givenUp,
    heldByError: route.kept,
    legs: running.legs.map(({ sink, leg }) => legStatus(sink, leg)),
  };
}

function legStatus(sink: string, leg: Leg): LegStatus {
  return {
    sink,
    overflow: leg.overflow,
    received: leg.received,
    delivered: leg.delivered,
    failed: leg.failed,
    discarded: Object.fromEntries(leg.discarded),
    held: leg.held,
    depth: leg.depth,
    depthBytes: leg.depthBytes,
    holds: leg.holds,
    isHolding: leg.isHolding,
  };
}
