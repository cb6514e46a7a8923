/** A plan as a graph: endpoints, the steps of each route in their order, and the legs that lead on. */
import type { Configuration } from './configuration.ts';
import type { Graph, GraphEdge, GraphNode } from './graph-shape.ts';
import type { BranchPlan, Plan, RoutePlan, StepPlan } from './plan.ts';
import { redactor } from './redact.ts';

export { renderDot } from './dot.ts';
export type { Graph, GraphEdge, GraphNode } from './graph-shape.ts';
export { renderMermaid } from './mermaid.ts';

const LONGEST_DETAIL = 40;

/**
 * The graph of all routes; endpoints that no route uses stand alone in it. Of a configuration, what came from
 * variables and files is hidden; a bare plan does not know what did.
 */
export function graphOf(from: Plan | Configuration): Graph {
  const plan = 'plan' in from ? from.plan : from;
  const redact = redactor('plan' in from ? from.secrets : []);
  const nodes: GraphNode[] = [];
  const edges: GraphEdge[] = [];
  const endpoints = new Map<string, string>();
  const add = (node: Omit<GraphNode, 'id'>): string => {
    const id = `n${nodes.length}`;
    nodes.push({ id, ...node, label: redact(node.label), detail: shorten(redact(node.detail)) });
    return id;
  };
  const endpoint = (name: string): string => endpoints.get(name) ?? '';

  for (const { name, id } of Object.values(plan.endpoints)) {
    endpoints.set(name, add({ kind: 'endpoint', label: name, detail: id }));
  }
  for (const route of Object.values(plan.routes)) addRoute(route);
  return { nodes, edges };

  function addRoute(route: RoutePlan): void {
    const begin = route.from.map((source): End => ({ id: endpoint(source), label: '' }));
    const ack = route.ack === undefined ? '' : `ack: ${route.ack}`;
    const ends = addSteps(route.via, begin, route.name);
    for (const [place, leg] of route.to.entries()) {
      const share = shareOf(place, route);
      for (const { id, label } of ends) {
        const text = [label, share, labelOf(leg, redact), ack].filter((part) => part !== '').join(', ');
        edges.push({ from: id, to: endpoint(leg.to), kind: 'leg', label: text });
      }
    }
    if (typeof route.onError === 'string') return;
    const to = endpoint(route.onError.deadLetter);
    for (const { id } of ends) edges.push({ from: id, to, kind: 'dead-letter', label: 'dead letter' });
  }

  /** Where messages are that have gone through the steps. */
  function addSteps(via: readonly StepPlan[], begin: readonly End[], route: string): readonly End[] {
    let ends = begin;
    for (const step of via) {
      const to = add({ kind: 'step', label: step.use, detail: detailOf(step), route });
      for (const { id, label } of ends) edges.push({ from: id, to, kind: 'flow', label });
      ends = step.branches?.flatMap(({ label, via }) =>
        addSteps(via, [{ id: to, label: shorten(redact(label)) }], route),
      ) ?? [{ id: to, label: '' }];
    }
    return ends;
  }
}

/** A node, and what leads on from it. */
interface End {
  readonly id: string;
  readonly label: string;
}

/** What decides whether a leg gets a message, where it is one of several. */
function shareOf(leg: number, { targets }: RoutePlan): string {
  const target = targets?.find((target) => typeof target !== 'number' && target.legs.includes(leg));
  return typeof target === 'object' ? target.kind : '';
}

function labelOf({ overflow, when }: BranchPlan, redact: (text: string) => string): string {
  return when === undefined ? overflow : `${overflow}, when ${shorten(redact(when))}`;
}

/** The steps within a step are drawn. */
function detailOf({ with: options, branches }: StepPlan): string {
  if (options === null || options === undefined || branches !== undefined) return '';
  return typeof options === 'string' ? options : JSON.stringify(options);
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > LONGEST_DETAIL ? `${line.slice(0, LONGEST_DETAIL - 1)}…` : line;
}
