// A status as a running server would give it, for tests to change.

import type { EndpointStatus, LegStatus, RouteStatus, ServerStatus } from '../../src/http/status.ts';

export function endpointStatus(changes: Partial<EndpointStatus> = {}): EndpointStatus {
  return {
    name: 'chat',
    id: 'endpoint-websocket',
    state: 'open',
    since: Date.UTC(2026, 10, 22),
    reconnects: 0,
    listensOn: [],
    ...changes,
  };
}

export function legStatus(changes: Partial<LegStatus> = {}): LegStatus {
  return {
    sink: 'chat',
    overflow: 'pause',
    received: 0,
    delivered: 0,
    failed: 0,
    discarded: {},
    held: 0,
    depth: 0,
    depthBytes: 0,
    retrying: 0,
    retried: 0,
    holds: 0,
    isHolding: false,
    ...changes,
  };
}

export function routeStatus(changes: Partial<RouteStatus> = {}): RouteStatus {
  return {
    name: 'chat',
    from: ['chat'],
    steps: [],
    received: 0,
    made: 0,
    joined: 0,
    forwarded: 0,
    discarded: {},
    failed: 0,
    held: 0,
    keeping: [],
    dead: 0,
    returned: 0,
    dropped: 0,
    heldByError: 0,
    legs: [],
    ...changes,
  };
}

export function serverStatus(changes: Partial<ServerStatus> = {}): ServerStatus {
  return {
    version: '1.2.3',
    state: 'running',
    startedAt: Date.UTC(2026, 10, 22),
    reload: { fingerprint: 'abc', loadedAt: Date.UTC(2026, 10, 22), applied: 0, unchanged: 0, failed: 0 },
    endpoints: [],
    routes: [],
    ...changes,
  };
}
