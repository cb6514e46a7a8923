/** The one normal form of a configuration, as YAML: every default written out, every short form made long. */
import { Document, isMap, isScalar, isSeq, type Node, visit } from 'yaml';
import { formatDuration } from '../options/duration.ts';
import type { ServerLimits } from '../options/server-limits.ts';
import type { ServerTls } from '../options/server-tls.ts';
import { formatSize } from '../options/size.ts';
import type { Configuration } from './configuration.ts';
import { NO_MARSHALLER } from './marshal.ts';
import type { BranchPlan, EndpointPlan, OnError, Plan, RetryPlan, RoutePlan, TargetPlan } from './plan.ts';
import { testsForm } from './print-tests.ts';
import { REDACTED, redactor, SHORTEST_SECRET } from './redact.ts';
import { normalStep } from './step-form.ts';

export interface PrintOptions {
  /** Shows what came from variables and files; it is hidden unless given. A bare plan hides nothing. */
  readonly reveal?: boolean;
}

/**
 * YAML that loads to an equal plan, when nothing in it is hidden.
 *
 * @example
 * const configuration = await loadConfiguration({ file: 'araldo.yaml' }, { registry });
 * console.log(printPlan(configuration));
 */
export function printPlan(from: Plan | Configuration, { reveal = false }: PrintOptions = {}): string {
  const plan = 'plan' in from ? from.plan : from;
  const secrets = 'plan' in from && !reveal ? from.secrets : [];
  const document = new Document(normalForm(plan), { aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (position, scalar) => {
      const value = hidden(scalar.value, secrets);
      // Keys are never substituted: `${` stands for itself there.
      scalar.value = position === 'key' ? value : written(value);
    },
    Collection: (_key, collection) => {
      collection.flow = isShort(collection);
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

/** Plain data with the keys of YAML. */
function normalForm(plan: Plan): Record<string, unknown> {
  const { server, logLevel, marshallers, endpoints, routes, tests } = plan;
  return {
    'server-host': server.host,
    'server-port': server.port,
    ...(server.tls === undefined ? {} : { 'server-tls': tlsForm(server.tls) }),
    'server-limits': limitsForm(server.limits),
    hosts: server.hosts,
    'log-level': logLevel,
    plugins: [
      ...Object.values(marshallers).map(({ name, id, options }) => ({ name, id, ...options })),
      ...Object.values(endpoints).map(endpointForm),
    ],
    routes: Object.fromEntries(Object.values(routes).map((route) => [route.name, routeForm(route)])),
    ...(tests.length === 0 ? {} : { tests: testsForm(tests) }),
  };
}

function tlsForm({ clientCertificates, minVersion, ...files }: ServerTls): object {
  return { ...files, 'client-certificates': clientCertificates, 'min-version': minVersion };
}

function limitsForm(limits: ServerLimits): object {
  return {
    connections: limits.connections,
    'connections-per-address': limits.connectionsPerAddress,
    'accepts-per-second': limits.acceptsPerSecond,
    'accept-patience': formatDuration(limits.acceptPatienceMs),
    waiting: limits.waiting,
    'handshake-timeout': formatDuration(limits.handshakeTimeoutMs),
    'headers-timeout': formatDuration(limits.headersTimeoutMs),
    'request-timeout': formatDuration(limits.requestTimeoutMs),
    'header-bytes': formatSize(limits.headerBytes),
    'header-count': limits.headerCount,
    'drain-timeout': formatDuration(limits.drainMs),
    'close-timeout': formatDuration(limits.closeMs),
    watchdog: formatDuration(limits.watchdogMs),
  };
}

function endpointForm(endpoint: EndpointPlan): object {
  const { name, id, options, marshal, maxInFlight, maxDeliveries, answersTo } = endpoint;
  const common = {
    marshal: marshal || NO_MARSHALLER,
    'max-in-flight': maxInFlight,
    'max-deliveries': maxDeliveries,
    ...(answersTo === undefined ? {} : { 'answers-to': answersTo }),
  };
  return { name, id, ...options, ...common };
}

function routeForm({
  from,
  via,
  to,
  targets,
  ack,
  onError,
  guarantee,
  allowUpstreamLoss,
}: RoutePlan): object {
  return {
    from,
    ...(via.length === 0 ? {} : { via: via.map(normalStep) }),
    to: targets?.map((target) => targetForm(target, to)) ?? to.map(branchForm),
    ...(ack === undefined ? {} : { ack }),
    'on-error': onErrorForm(onError),
    ...(guarantee === undefined ? {} : { guarantee }),
    ...(allowUpstreamLoss === true ? { 'allow-upstream-loss': true } : {}),
  };
}

function targetForm(target: TargetPlan, to: readonly BranchPlan[]): object {
  const formOf = (leg: number): object => branchForm(to[leg] as BranchPlan);
  if (typeof target === 'number') return formOf(target);
  const sinks = target.legs.map(formOf);
  return target.kind === 'hash' ? { hash: target.key, over: sinks } : { [target.kind]: sinks };
}

function branchForm(branch: BranchPlan): object {
  const { to, when, buffer, key, retry } = branch;
  return {
    to,
    ...(when === undefined ? {} : { when }),
    overflow: overflowForm(branch),
    buffer: { messages: buffer.messages, bytes: formatSize(buffer.bytes) },
    ...(key === undefined ? {} : { key }),
    ...(retry === undefined ? {} : { retry: retryForm(retry) }),
  };
}

function overflowForm({ overflow, spill, everyMs }: BranchPlan): unknown {
  if (spill !== undefined) return { policy: overflow, ...spill, max: formatSize(spill.max) };
  return everyMs === undefined ? overflow : { policy: overflow, every: formatDuration(everyMs) };
}

function retryForm({ attempts, minMs, maxMs, inOrder }: RetryPlan): object {
  return { attempts, backoff: `${formatDuration(minMs)}..${formatDuration(maxMs)}`, 'in-order': inOrder };
}

function onErrorForm(onError: OnError): unknown {
  return typeof onError === 'string' ? onError : { 'dead-letter': onError.deadLetter };
}

/** A number that came from a variable is as secret as text. */
function hidden(value: unknown, secrets: readonly string[]): unknown {
  if (secrets.length === 0) return value;
  if (typeof value === 'string') return redactor(secrets)(value);
  return secrets.some((secret) => secret.length >= SHORTEST_SECRET && secret === String(value))
    ? REDACTED
    : value;
}

/** `${` in a value is not a reference: it was one, or stood there as `$${`. */
function written(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('${', () => '$${');
  return typeof value === 'function' ? `[function ${value.name}]` : value;
}

/** On one line what has no structure within and fits. */
function isShort(collection: Node): boolean {
  if (!isMap(collection) && !isSeq(collection)) return false;
  // `- filter: payload.qty > 0` needs no braces.
  if (isMap(collection) && collection.items.length === 1) return false;
  const parts = collection.items.flatMap((item) =>
    isMap(collection) ? [(item as { key: unknown }).key, (item as { value: unknown }).value] : [item],
  );
  if (!parts.every((part) => isScalar(part) && typeof part.value !== 'object')) return false;
  const length = parts.reduce<number>(
    (sum, part) => sum + String((part as { value: unknown }).value).length + 2,
    0,
  );
  return length <= 60;
}
