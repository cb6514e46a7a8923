/** Which marshaller an endpoint has: its own, else the default, else the only one declared, else none. */
import type { Capabilities } from '../core/endpoint.ts';
import type { AnyPlugin } from '../core/plugin.ts';
import type { EndpointPart } from './configuration.ts';
import type { Defaults } from './defaults.ts';
import { readText, suggestionFor } from './fields.ts';
import type { EndpointPlan } from './plan.ts';
import type { Problems } from './problem.ts';
import type { MapNode, Node } from './tree.ts';
import type { Warn } from './warnings.ts';

/** In place of a name: payloads pass as they came. No plugin can be called so. */
export const NO_MARSHALLER = 'none';

/** An endpoint whose marshaller is not chosen yet. */
export type Undecided = Omit<EndpointPart, 'plan'> & {
  readonly plan: Omit<EndpointPlan, 'marshal'>;
  readonly map: MapNode;
};

export interface ChooseOptions {
  readonly defaults: Defaults;
  readonly names: ReadonlyMap<string, AnyPlugin['kind'] | 'unknown'>;
  readonly problems: Problems;
  readonly warn: Warn;
}

export function chooseMarshallers(
  undecided: readonly Undecided[],
  { defaults, names, problems, warn }: ChooseOptions,
): ReadonlyMap<string, EndpointPart> {
  const declared = [...names].filter(([, kind]) => kind === 'marshaller').map(([name]) => name);
  const byDefault = defaults.marshal === undefined ? undefined : readMarshal(defaults.marshal);
  const unchosen: Undecided[] = [];

  const endpoints = new Map<string, EndpointPart>();
  for (const part of undecided) {
    const { plan, plugin, options, capabilities, place } = part;
    const chosen = { ...plan, marshal: choose(part) };
    endpoints.set(plan.name, { plan: chosen, plugin, options, capabilities, place });
  }
  reportUnchosen();
  return endpoints;

  function choose(part: Undecided): string {
    const stated = part.map.entries.get('marshal');
    const own = stated === undefined ? undefined : readMarshal(stated.value);
    if (carriesValues(part.capabilities)) {
      if (stated !== undefined && own !== NO_MARSHALLER) {
        warn(stated.value.place, `${part.plan.name} carries values, not bytes: no marshaller acts on it`);
      }
      return NO_MARSHALLER;
    }
    if (stated !== undefined) return own ?? NO_MARSHALLER;
    if (defaults.marshal !== undefined) return byDefault ?? NO_MARSHALLER;
    if (declared.length > 1) unchosen.push(part);
    return declared[0] ?? NO_MARSHALLER;
  }

  function reportUnchosen(): void {
    const [first, ...others] = unchosen;
    if (first === undefined) return;
    const more =
      others.length === 0 ? '' : ` and ${others.length} more endpoint${others.length === 1 ? '' : 's'}`;
    problems.report(
      'ambiguous-marshaller',
      first.map,
      `expected a choice among the marshallers ${declared.join(', ')} for ${first.plan.name}${more}, found none; ` +
        `write marshal: ${declared[0]} in the endpoint or under defaults:, or marshal: ${NO_MARSHALLER}`,
    );
  }

  function readMarshal(node: Node): string | undefined {
    const name = readText(node, problems, `the name of a marshaller, or ${NO_MARSHALLER}`);
    if (name === undefined || name === NO_MARSHALLER) return name;
    const kind = names.get(name);
    if (kind === 'marshaller') return name;
    if (kind === 'endpoint') {
      problems.report('wrong-role', node, `expected the name of a marshaller, found that of an endpoint`);
    } else if (kind === undefined) {
      const there =
        declared.length === 0 ? 'none is declared under plugins:' : `there are: ${declared.join(', ')}`;
      const suggestion = suggestionFor(node, [...declared, NO_MARSHALLER]);
      problems.report('unknown-name', node, `no marshaller has this name; ${there}`, { suggestion });
    }
    return undefined;
  }
}

function carriesValues({ source, sink }: Capabilities): boolean {
  const roles = [source, sink].filter((role) => role !== undefined);
  return roles.length > 0 && roles.every(({ carries }) => carries === 'values');
}
