/** What the running parts have counted, as the plain data that is shown outside. */
import type { Configuration } from '../config/configuration.ts';
import { redactor } from '../config/redact.ts';
import type { Endpoint } from '../core/endpoint.ts';
import type { Leg } from '../core/leg.ts';
import type { Spill } from '../core/spill.ts';
import type { EndpointStatus, LegStatus, RouteStatus, SpillStatus } from '../http/status.ts';
import type { RunningRoute } from './running-route.ts';

export function endpointStatus(endpoint: Endpoint, configuration: Configuration): EndpointStatus {
  const { inbound, capabilities, peers, requests } = endpoint;
  const marshal = configuration.endpoints.get(endpoint.name)?.plan.marshal;
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
    ...(requests === undefined ? {} : { requests: requests.counts }),
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
    keeping: running.stepWatch.steps.map(({ name, held, oldestMs }) => ({
      step: name,
      held,
      oldestMs,
      isOverdue: oldestMs >= configuration.plan.server.limits.watchdogMs,
    })),
    dead: route.dead,
    returned: route.returned,
    dropped: route.givenUp,
    heldByError: route.kept,
    // Those that a reload has taken out of use are there until they are empty.
    legs: [...running.legs, ...running.leaving].map(({ sink, leg }) =>
      legStatus(sink, leg, configuration.secrets),
    ),
  };
}

function legStatus(sink: string, leg: Leg, secrets: readonly string[]): LegStatus {
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
    retrying: leg.retrying,
    retried: leg.retried,
    holds: leg.holds,
    isHolding: leg.isHolding,
    ...(leg.spill === undefined ? {} : { spill: spillStatus(leg.spill, secrets) }),
  };
}

function spillStatus(spill: Spill, secrets: readonly string[]): SpillStatus {
  const { spilled, restored, messages, bytes, failing } = spill;
  const reason = failing && redactor(secrets)(failing.message);
  return { spilled, restored, messages, bytes, ...(reason === undefined ? {} : { failing: reason }) };
}
