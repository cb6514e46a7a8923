/** What a configuration comes to, route by route: the pipeline that runs, and what it promises. */
import { formatDuration } from '../options/duration.ts';
import { formatSize } from '../options/size.ts';
import type { BranchPart, Configuration, EndpointPart, RoutePart, StepPart } from './configuration.ts';
import { type Guarantee, guaranteesOf } from './guarantee/guarantee.ts';
import { type Memory, routeMemoryOf } from './guarantee/memory.ts';
import { patternOf } from './guarantee/share.ts';
import { NO_MARSHALLER } from './marshal.ts';
import { redactor } from './redact.ts';

export interface ExplainedRoute {
  readonly name: string;
  /** In the order in which a message passes them. */
  readonly pipeline: readonly Stage[];
  /** For each source and each leg. */
  readonly guarantees: readonly Guarantee[];
  /** Of the whole route: what its pairs share is counted once. */
  readonly memory: Memory;
}

export interface Stage {
  readonly kind: 'source' | 'step' | 'leg' | 'dead-letter';
  /** Of an endpoint, or an operator: those that compile adds too. */
  readonly name: string;
  readonly detail: string;
}

/**
 * All routes, or the one of that name. What came from variables and files is hidden.
 *
 * @example
 * const configuration = await loadConfiguration({ file: 'araldo.yaml' }, { registry });
 * for (const { name, guarantees } of explain(configuration)) console.log(name, guarantees);
 */
export function explain(configuration: Configuration, only?: string): readonly ExplainedRoute[] {
  const { routes, endpoints, secrets } = configuration;
  const redact = redactor(secrets);
  return [...routes.values()]
    .filter(({ plan }) => only === undefined || plan.name === only)
    .map((route) => {
      return {
        name: route.plan.name,
        // Hidden before anything is shortened: a secret with two spaces in a row would not be known again.
        pipeline: pipelineOf(route, endpoints).map((stage) => ({
          ...stage,
          detail: inOneLine(redact(stage.detail)),
        })),
        guarantees: guaranteesOf(route, routes, endpoints),
        memory: routeMemoryOf(route, endpoints),
      };
    });
}

function pipelineOf(route: RoutePart, endpoints: ReadonlyMap<string, EndpointPart>): readonly Stage[] {
  const { onError } = route.plan;
  return [
    ...route.plan.from.flatMap((name) => sourceStages(endpoints.get(name))),
    ...route.steps.map(stepStage),
    ...route.branches.map((leg) => legStage(leg, patternOf(route, leg)?.kind, endpoints.get(leg.plan.to))),
    ...(typeof onError === 'string'
      ? []
      : [{ kind: 'dead-letter' as const, name: onError.deadLetter, detail: 'what fails (on-error)' }]),
  ];
}

/** A source, and what each of its messages passes before the first step. */
function sourceStages(source: EndpointPart | undefined): readonly Stage[] {
  if (source === undefined) return [];
  const { name, id, maxInFlight, maxDeliveries, marshal } = source.plan;
  const reads = source.capabilities.source;
  const limit = reads?.maxPayload === undefined ? '' : `, max-payload ${formatSize(reads.maxPayload)}`;
  const asks =
    reads?.asks === undefined
      ? ''
      : `, requests: ${reads.asks.max} at most wait ${formatDuration(reads.asks.timeoutMs)} for answers`;
  const parses = marshal !== NO_MARSHALLER && reads?.carries !== 'values';
  return [
    { kind: 'source', name, detail: `${id}, max-in-flight ${maxInFlight}${asks}` },
    { kind: 'step', name: 'claim', detail: `max-deliveries ${maxDeliveries}${limit}` },
    ...(parses ? [{ kind: 'step' as const, name: 'unmarshal', detail: marshal }] : []),
  ];
}

function stepStage({ plan, definition }: StepPart): Stage {
  const { use, with: options } = plan;
  const given = options === null || options === undefined ? '' : textOf(options);
  const isOpaque = definition.kind === 'rx' && definition.obligations === 'opaque';
  return { kind: 'step', name: use, detail: isOpaque ? `opaque; ${given}` : given };
}

function textOf(options: unknown): string {
  return typeof options === 'string' ? options : (JSON.stringify(options) ?? String(options));
}

function inOneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function legStage({ plan }: BranchPart, pattern: string | undefined, sink: EndpointPart | undefined): Stage {
  const { to, when, overflow, buffer, key, everyMs, retry, spill } = plan;
  const policy = everyMs === undefined ? overflow : `${overflow} every ${formatDuration(everyMs)}`;
  const marshal = sink?.plan.marshal ?? NO_MARSHALLER;
  const marshals = marshal !== NO_MARSHALLER && sink?.capabilities.sink?.carries !== 'values';
  const parts = [
    pattern ?? [],
    when === undefined ? [] : `when ${textOf(when)}`,
    marshals ? `marshal ${marshal}` : [],
    key === undefined ? policy : `${policy} by ${textOf(key)}`,
    `buffer ${buffer.messages} messages, ${formatSize(buffer.bytes)}`,
    spill === undefined ? [] : `${formatSize(spill.max)} on disk, then ${spill.then}`,
    retry === undefined
      ? []
      : `retry ${retry.attempts} attempts, ${formatDuration(retry.minMs)}..${formatDuration(retry.maxMs)}` +
        (retry.inOrder ? ', in order' : ''),
  ];
  return { kind: 'leg', name: to, detail: parts.flat().join('; ') };
}
