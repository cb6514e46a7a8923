/** Names of endpoints in routes: each must be declared, and able to do what it is named for. */
import type { AnyPlugin } from '../core/plugin.ts';
import type { EndpointPart } from './configuration.ts';
import { readText, suggestionFor } from './fields.ts';
import type { Problems } from './problem.ts';
import { type Node, pathOf } from './tree.ts';

export interface DeclaredEndpoints {
  readonly endpoints: ReadonlyMap<string, EndpointPart>;
  /** Also those that have a problem of their own. */
  readonly names: ReadonlyMap<string, AnyPlugin['kind'] | 'unknown'>;
}

/** The name if one is declared, and the endpoint if it is sound. */
export type ReadEndpoint = (
  node: Node,
  role: 'source' | 'sink',
) => { readonly name: string; readonly endpoint: EndpointPart | undefined } | undefined;

export function endpointReader({ endpoints, names }: DeclaredEndpoints, problems: Problems): ReadEndpoint {
  return (node, role) => {
    const name = readText(node, problems, 'the name of an endpoint');
    if (name === undefined) return undefined;
    const kind = names.get(name);
    if (kind === undefined) {
      const others = [...names].filter(([, kind]) => kind !== 'marshaller').map(([name]) => name);
      const there =
        others.length === 0
          ? 'none is declared under plugins:'
          : `there are: ${others.slice(0, 20).join(', ')}`;
      const isRoute = /^routes(?:\.[^.[]+|\["[^"]*"\])$/.test(pathOf(node));
      const cure = isRoute ? '; a route of another name says from: what it reads' : '';
      problems.report('unknown-name', node, `no endpoint has this name; ${there}${cure}`, {
        suggestion: suggestionFor(node, others),
      });
      return undefined;
    }
    if (kind === 'marshaller') {
      problems.report('wrong-role', node, `expected the name of an endpoint, found that of a marshaller`);
      return undefined;
    }
    const endpoint = endpoints.get(name);
    if (endpoint !== undefined && endpoint.capabilities[role] === undefined) {
      const can = role === 'source' ? 'read from' : 'sent to';
      problems.report(
        'wrong-role',
        node,
        `expected an endpoint that can be ${can}; ${endpoint.plan.id} cannot be a ${role}`,
      );
      return { name, endpoint: undefined };
    }
    return { name, endpoint };
  };
}
