/** What a drawing of routes is made of, in any language of drawings. */

export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

export interface GraphNode {
  /** Letters and digits only. */
  readonly id: string;
  readonly kind: 'endpoint' | 'step';
  /** The name of the endpoint, or the operator. */
  readonly label: string;
  /** The plugin's id, or what is known of the options in a few words. */
  readonly detail: string;
  /** The route of a step. */
  readonly route?: string;
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  readonly kind: 'flow' | 'leg' | 'dead-letter';
  readonly label: string;
}
