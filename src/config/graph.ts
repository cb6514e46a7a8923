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
    let ends = route.from.map(endpoint);
    for (const step of route.via) {
      const id = add({ kind: 'step', label: step.use, detail: detailOf(step), route: route.name });
      for (const end of ends) edges.push({ from: end, to: id, kind: 'flow', label: '' });
      ends = [id];
    }
    for (const leg of route.to) {
      for (const end of ends)
        edges.push({ from: end, to: endpoint(leg.to), kind: 'leg', label: labelOf(leg, redact) });
    }
    if (typeof route.onError === 'string') return;
    const to = endpoint(route.onError.deadLetter);
    for (const end of ends) edges.push({ from: end, to, kind: 'dead-letter', label: 'dead letter' });
  }
}

function labelOf({ overflow, when }: BranchPlan, redact: (text: string) => string): string {
  return when === undefined ? overflow : `${overflow}, when ${shorten(redact(when))}`;
}

function detailOf({ with: options }: StepPlan): string {
  if (options === null || options === undefined) return '';
  return typeof options === 'string' ? options : JSON.stringify(options);
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > LONGEST_DETAIL ? `${line.slice(0, LONGEST_DETAIL - 1)}…` : line;
}
