/** A graph in the language of Mermaid, which GitHub and many editors draw. */
import type { Graph, GraphEdge, GraphNode } from './graph-shape.ts';

/** @example renderMermaid(graphOf(configuration)) */
export function renderMermaid({ nodes, edges }: Graph): string {
  const lines = [...nodes.map(nodeLine), ...edges.map(edgeLine)];
  return ['flowchart LR', ...lines.map((line) => `  ${line}`), ''].join('\n');
}

function nodeLine({ id, kind, label, detail }: GraphNode): string {
  const text = `"${[label, detail]
    .filter((part) => part !== '')
    .map(escape)
    .join('<br>')}"`;
  return kind === 'endpoint' ? `${id}([${text}])` : `${id}[${text}]`;
}

function edgeLine({ from, to, kind, label }: GraphEdge): string {
  const arrow = kind === 'dead-letter' ? '-.->' : '-->';
  return `${from} ${arrow}${label === '' ? '' : `|"${escape(label)}"|`} ${to}`;
}

/** In quotes Mermaid reads entities and Markdown; each of its characters becomes an entity of its own. */
function escape(text: string): string {
  return text.replace(/[^\p{L}\p{N}_ .,:/()=+…-]/gu, (character) => `#${character.codePointAt(0)};`);
}
