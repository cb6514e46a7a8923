/** Every metric of the server: its name, what it means, and where in a status it stands. */
import type { RequestCounts } from '../core/transport.ts';
import type {
  Counts,
  EndpointStatus,
  LegStatus,
  PeersStatus,
  RouteStatus,
  ServerStatus,
  SourceStatus,
  SpillStatus,
} from './status.ts';

export interface Family {
  readonly kind: Kind;
  /** Without the prefix `araldo_`. */
  readonly name: string;
  readonly help: string;
  /** Bounded by the configuration: names of endpoints, routes, steps and sinks, and reasons. Never an id. */
  readonly labels: readonly string[];
  readonly read: (status: ServerStatus, connections: ConnectionCounts) => Iterable<Sample>;
}

/** The connections of the HTTP server. */
export interface ConnectionCounts {
  /** Open now. */
  readonly count: number;
  readonly waiting: number;
  readonly accepted: number;
  readonly refused: number;
  /** TLS handshakes that failed, by reason; absent without TLS. */
  readonly handshakesFailed?: Counts | undefined;
  /** Milliseconds since 1970; absent without TLS. */
  readonly certificateExpiresAt?: number | undefined;
}

export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number | boolean];

type Kind = 'counter' | 'gauge';

/** The counts of connections, which every server has. */
type ConnectionCount = 'count' | 'waiting' | 'accepted' | 'refused';

/** The keys of a status whose values are numbers or facts. */
type Countable<T> = { [K in keyof T]-?: T[K] extends number | boolean ? K : never }[keyof T];

const legLaw =
  'For each leg: araldo_leg_received_total = araldo_leg_delivered_total + araldo_leg_failed_total + ' +
  'araldo_leg_discarded_total over all reasons + araldo_leg_held.';
const routeLaw =
  'For each route: araldo_route_received_total + araldo_route_made_total = araldo_route_joined_total + ' +
  'araldo_route_forwarded_total + araldo_route_discarded_total over all reasons + ' +
  'araldo_route_failed_total + araldo_route_held.';
const fateLaw =
  'For each route: araldo_route_failed_total + araldo_leg_failed_total over its legs = ' +
  'araldo_route_dead_total + araldo_route_returned_total + araldo_route_dropped_total + ' +
  'araldo_route_held_by_error.';

/** Holders of gates that are remembered after they let go; beyond it the oldest is forgotten. */
const MAX_HOLDERS = 1_024;

/** New for each registry: it remembers who has held a gate, so that letting go shows as 0. */
export function createFamilies(): readonly Family[] {
  return [...serverFamilies, ...endpointFamilies, gateShut(), ...routeFamilies, ...legFamilies];
}

const serverFamilies: readonly Family[] = [
  {
    kind: 'gauge',
    name: 'build_info',
    help: 'The version that runs; always 1.',
    labels: ['version', 'node'],
    read: ({ version }) => [[{ version, node: process.version }, 1]],
  },
  {
    kind: 'counter',
    name: 'reloads_total',
    help: 'Reloads of the configuration: applied, unchanged (nothing to change), failed (the one before stays).',
    labels: ['result'],
    read: ({ reload }) =>
      (['applied', 'unchanged', 'failed'] as const).map((result) => [{ result }, reload[result]]),
  },
  {
    kind: 'gauge',
    name: 'configuration_info',
    help: 'The fingerprint of the configuration in use, secrets apart; always 1.',
    labels: ['fingerprint'],
    read: ({ reload: { fingerprint } }) => [[{ fingerprint }, 1]],
  },
  {
    kind: 'gauge',
    name: 'configuration_loaded_timestamp_seconds',
    help: 'When the configuration in use was put to use, in seconds since 1970.',
    labels: [],
    read: ({ reload }) => [[{}, reload.loadedAt / 1_000]],
  },
  {
    kind: 'gauge',
    name: 'running',
    help: 'Whether the server is running: neither starting nor draining.',
    labels: [],
    read: ({ state }) => [[{}, state === 'running']],
  },
  ofServer('gauge', 'http_connections', 'Open connections of the HTTP server.', 'count'),
  ofServer('gauge', 'http_connections_waiting', 'Connections that wait for a place.', 'waiting'),
  ofServer('counter', 'http_connections_accepted_total', 'Connections that got in.', 'accepted'),
  ofServer('counter', 'http_connections_refused_total', 'Connections that found no place.', 'refused'),
  {
    kind: 'counter',
    name: 'tls_handshakes_failed_total',
    help: 'Connections that got in and did not finish their TLS handshake.',
    labels: ['reason'],
    read: (_status, { handshakesFailed = {} }) => byReason({}, handshakesFailed),
  },
  {
    kind: 'gauge',
    name: 'tls_certificate_expiry_seconds',
    help: 'When the certificate of the server expires, in seconds since 1970.',
    labels: [],
    read: (_status, { certificateExpiresAt }) =>
      certificateExpiresAt === undefined ? [] : [[{}, certificateExpiresAt / 1_000]],
  },
];

const endpointFamilies: readonly Family[] = [
  {
    kind: 'gauge',
    name: 'endpoint_open',
    help: 'Whether the endpoint is open.',
    labels: ['endpoint'],
    read: ({ endpoints }) => endpoints.map(({ name, state }) => [{ endpoint: name }, state === 'open']),
  },
  ofEndpoint('counter', 'endpoint_reconnects_total', 'How often it was opened again.', 'reconnects'),
  ofSource('counter', 'messages_received_total', 'Messages that the transport handed over.', 'received'),
  ofSource('counter', 'messages_acked_total', 'Messages settled as done.', 'acked'),
  ofSource('counter', 'messages_nacked_total', 'Deliveries settled as failed, to try again.', 'nacked'),
  ofSource('counter', 'messages_rejected_total', 'Messages settled as failed for good.', 'rejected'),
  ofSource(
    'counter',
    'messages_overrun_total',
    'Messages lost before any route saw them: the stash was full and the source cannot pause.',
    'overrun',
  ),
  ofSource('gauge', 'messages_stashed', 'Messages that wait for the gate to open.', 'stashed'),
  ofSource('gauge', 'messages_in_flight', 'Messages emitted and not settled.', 'inFlight'),
  ofSource('gauge', 'window', 'The most messages that may be in flight: max-in-flight.', 'window'),
  ofSource('gauge', 'window_full', 'Whether the window is full, which shuts the gate.', 'isFull'),
  ofPeers('peers', 'Peers that are connected.', 'connected'),
  ofPeers('peers_lagging', 'Peers that could not keep up and live from their own buffer.', 'lagging'),
  peersByReason('peer_messages_lost_total', 'Messages that peers lost; legs do not count them.', 'lost'),
  peersByReason('peers_refused_total', 'Connections of peers that were refused.', 'refused'),
  ofRequests('gauge', 'requests_waiting', 'Requests that wait for their answers.', 'waiting'),
  ofRequests('counter', 'requests_answered_total', 'Requests that were answered.', 'answered'),
  ofRequests('counter', 'requests_timed_out_total', 'Requests that no answer came to in time.', 'timedOut'),
  ofRequests(
    'counter',
    'requests_forgotten_total',
    'Requests whose asker left, or was told of a failure.',
    'forgotten',
  ),
  ofRequests('counter', 'requests_refused_total', 'Requests turned away: too many waited.', 'refused'),
];

const routeFamilies: readonly Family[] = [
  ofRoute('counter', 'route_received_total', `Messages that the route claimed. ${routeLaw}`, 'received'),
  ofRoute('counter', 'route_made_total', `Messages that steps made beyond their own. ${routeLaw}`, 'made'),
  ofRoute('counter', 'route_joined_total', `Messages that steps joined to others. ${routeLaw}`, 'joined'),
  ofRoute('counter', 'route_forwarded_total', `Messages that left the steps. ${routeLaw}`, 'forwarded'),
  {
    kind: 'counter',
    name: 'route_discarded_total',
    help: `Deliberate ends in the steps. ${routeLaw}`,
    labels: ['route', 'reason'],
    read: ({ routes }) => routes.flatMap(({ name, discarded }) => byReason({ route: name }, discarded)),
  },
  ofRoute('counter', 'route_failed_total', `Failures in the steps. ${routeLaw} ${fateLaw}`, 'failed'),
  ofRoute('gauge', 'route_held', `Messages in the steps; 0 at rest. ${routeLaw}`, 'held'),
  {
    kind: 'gauge',
    name: 'step_kept',
    help: 'Messages inside a step of the kind rx; one that drops some without settling them keeps them for ever.',
    labels: ['route', 'step'],
    read: ({ routes }) =>
      routes.flatMap(({ name, keeping }) => keeping.map(({ step, held }) => [{ route: name, step }, held])),
  },
  {
    kind: 'gauge',
    name: 'step_oldest_seconds',
    help: 'How long a message has been inside such a step at least; it grows without end where one was lost.',
    labels: ['route', 'step'],
    read: ({ routes }) =>
      routes.flatMap(({ name, keeping }) =>
        keeping.map(({ step, oldestMs }) => [{ route: name, step }, oldestMs / 1_000]),
      ),
  },
  ofRoute('counter', 'route_dead_total', `Failures that the dead letter sink took. ${fateLaw}`, 'dead'),
  ofRoute('counter', 'route_returned_total', `Failures given back to the source. ${fateLaw}`, 'returned'),
  ofRoute('counter', 'route_dropped_total', `Failures ended by on-error: discard. ${fateLaw}`, 'dropped'),
  ofRoute('gauge', 'route_held_by_error', `Failures at which the route stands. ${fateLaw}`, 'heldByError'),
];

const legFamilies: readonly Family[] = [
  ofLeg('counter', 'leg_received_total', `Messages offered to the leg. ${legLaw}`, 'received'),
  ofLeg('counter', 'leg_delivered_total', `Messages that the sink confirmed. ${legLaw}`, 'delivered'),
  ofLeg('counter', 'leg_failed_total', `Messages refused by the sink or the leg. ${legLaw}`, 'failed'),
  {
    kind: 'counter',
    name: 'leg_discarded_total',
    help: `Deliberate ends at the leg. ${legLaw}`,
    labels: ['route', 'sink', 'reason'],
    read: (status) => legsOf(status).flatMap(({ labels, leg }) => byReason(labels, leg.discarded)),
  },
  ofLeg(
    'gauge',
    'leg_held',
    `Messages waiting, unconfirmed or to be tried again; 0 at rest. ${legLaw}`,
    'held',
  ),
  ofLeg('gauge', 'leg_depth', 'Messages that wait to be sent.', 'depth'),
  ofLeg('gauge', 'leg_depth_bytes', 'Bytes that wait to be sent.', 'depthBytes'),
  ofLeg('gauge', 'leg_retrying', 'Messages that the sink refused, and that will be sent again.', 'retrying'),
  ofLeg('counter', 'leg_retried_total', 'How often a message was sent once more.', 'retried'),
  ofLeg('counter', 'leg_holds_total', 'How often the leg began to hold its sources.', 'holds'),
  ofLeg('gauge', 'leg_holding', 'Whether the leg holds its sources.', 'isHolding'),
  ofSpill('counter', 'leg_spilled_total', 'Messages that the leg wrote to disk.', ({ spilled }) => spilled),
  ofSpill(
    'counter',
    'leg_restored_total',
    'Messages that a former run had left on disk; the leg has received them as well.',
    ({ restored }) => restored,
  ),
  ofSpill('gauge', 'leg_disk_messages', 'Messages on disk; held by the leg.', ({ messages }) => messages),
  ofSpill('gauge', 'leg_disk_bytes', 'Bytes on disk, of payloads with their meta.', ({ bytes }) => bytes),
  ofSpill(
    'gauge',
    'leg_disk_failing',
    'Whether the disk cannot be used, and the sources are held.',
    ({ failing }) => failing !== undefined,
  ),
];

function gateShut(): Family {
  /** Everybody who has held a gate, by endpoint and holder; at most `MAX_HOLDERS`. */
  const seen = new Map<string, { readonly endpoint: string; readonly holder: string }>();
  return {
    kind: 'gauge',
    name: 'gate_shut',
    help: 'Who keeps the gate of a source shut: 1 for each leg or step that holds it, 0 once it let go.',
    labels: ['endpoint', 'holder'],
    read: ({ endpoints }) => {
      const holding = new Set<string>();
      for (const { name: endpoint, source } of endpoints) {
        for (const holder of source?.holders ?? []) {
          const key = JSON.stringify([endpoint, holder]);
          holding.add(key);
          seen.set(key, { endpoint, holder });
        }
      }
      for (const key of seen.keys()) {
        if (seen.size <= MAX_HOLDERS) break;
        seen.delete(key);
      }
      return [...seen].map(([key, labels]): Sample => [labels, holding.has(key)]);
    },
  };
}

function ofServer(kind: Kind, name: string, help: string, key: ConnectionCount): Family {
  return { kind, name, help, labels: [], read: (_status, connections) => [[{}, connections[key]]] };
}

function ofEndpoint(kind: Kind, name: string, help: string, key: 'reconnects'): Family {
  const read = ({ endpoints }: ServerStatus): Sample[] =>
    endpoints.map((endpoint) => [{ endpoint: endpoint.name }, endpoint[key]]);
  return { kind, name, help, labels: ['endpoint'], read };
}

function ofSource(kind: Kind, name: string, help: string, key: Countable<SourceStatus>): Family {
  const read = ({ endpoints }: ServerStatus): Sample[] =>
    endpoints.flatMap(({ name, source }): Sample[] =>
      source === undefined ? [] : [[{ endpoint: name }, source[key]]],
    );
  return { kind, name, help, labels: ['endpoint'], read };
}

function ofPeers(name: string, help: string, key: Countable<PeersStatus>): Family {
  const read = ({ endpoints }: ServerStatus): Sample[] =>
    withPeers(endpoints).map(({ endpoint, peers }) => [{ endpoint }, peers[key]]);
  return { kind: 'gauge', name, help, labels: ['endpoint'], read };
}

function peersByReason(name: string, help: string, key: 'lost' | 'refused'): Family {
  const read = ({ endpoints }: ServerStatus): Sample[] =>
    withPeers(endpoints).flatMap(({ endpoint, peers }) => byReason({ endpoint }, peers[key]));
  return { kind: 'counter', name, help, labels: ['endpoint', 'reason'], read };
}

function ofRequests(kind: Kind, name: string, help: string, key: Countable<RequestCounts>): Family {
  const read = ({ endpoints }: ServerStatus): Sample[] =>
    endpoints.flatMap(({ name, requests }): Sample[] =>
      requests === undefined ? [] : [[{ endpoint: name }, requests[key]]],
    );
  return { kind, name, help, labels: ['endpoint'], read };
}

function ofRoute(kind: Kind, name: string, help: string, key: Countable<RouteStatus>): Family {
  const read = ({ routes }: ServerStatus): Sample[] =>
    routes.map((route) => [{ route: route.name }, route[key]]);
  return { kind, name, help, labels: ['route'], read };
}

function ofLeg(kind: Kind, name: string, help: string, key: Countable<LegStatus>): Family {
  const read = (status: ServerStatus): Sample[] =>
    legsOf(status).map(({ labels, leg }) => [labels, leg[key]]);
  return { kind, name, help, labels: ['route', 'sink'], read };
}

function ofSpill(
  kind: Kind,
  name: string,
  help: string,
  figure: (spill: SpillStatus) => number | boolean,
): Family {
  const read = (status: ServerStatus): Sample[] =>
    legsOf(status).flatMap(({ labels, leg: { spill } }): Sample[] =>
      spill === undefined ? [] : [[labels, figure(spill)]],
    );
  return { kind, name, help, labels: ['route', 'sink'], read };
}

function legsOf({ routes }: ServerStatus): { labels: { route: string; sink: string }; leg: LegStatus }[] {
  return routes.flatMap(({ name, legs }) =>
    legs.map((leg) => ({ labels: { route: name, sink: leg.sink }, leg })),
  );
}

function withPeers(endpoints: readonly EndpointStatus[]): { endpoint: string; peers: PeersStatus }[] {
  return endpoints.flatMap(({ name, peers }) => (peers === undefined ? [] : [{ endpoint: name, peers }]));
}

function byReason(labels: Readonly<Record<string, string>>, counts: Counts): Sample[] {
  return Object.entries(counts).map(([reason, value]) => [{ ...labels, reason }, value]);
}
