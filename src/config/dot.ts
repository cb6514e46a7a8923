/** A graph in the language of Graphviz. */
import type { Graph, GraphEdge, GraphNode } from './graph-shape.ts';

/** @example renderDot(graphOf(configuration)) */
export function renderDot({ nodes, edges }: Graph): string {
  const lines = [
    'rankdir=LR;',
    'node [fontname="Helvetica"];',
    'edge [fontname="Helvetica"];',
    ...nodes.map(nodeLine),
    ...edges.map(edgeLine),
  ];
  return ['digraph araldo {', ...lines.map((line) => `  ${line}`), '}', ''].join('\n');
}

function nodeLine({ id, kind, label, detail }: GraphNode): string {
  const text = [label, detail]
    .filter((part) => part !== '')
    .map(escape)
    .join('\\n');
  const shape = kind === 'endpoint' ? 'shape=box, style=rounded' : 'shape=box';
  return `${id} [label="${text}", ${shape}];`;
}

function edgeLine({ from, to, kind, label }: GraphEdge): string {
  const attributes = [
    ...(label === '' ? [] : [`label="${escape(label)}"`]),
    ...(kind === 'dead-letter' ? ['style=dashed'] : []),
  ];
  return `${from} -> ${to}${attributes.length === 0 ? '' : ` [${attributes.join(', ')}]`};`;
}

function escape(text: string): string {
  return text.replace(/[\\"]/g, '\\$&').replace(/\p{Cc}+/gu, ' ');
}
