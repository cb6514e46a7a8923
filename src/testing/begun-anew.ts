/** A configuration that says the same, and has a reload begin a part of one route anew. */
import type { Configuration, RoutePart } from '../config/configuration.ts';

export interface BegunAnew {
  readonly route?: string | undefined;
  readonly anew?: 'steps' | 'legs' | undefined;
}

/** Without a route, the configuration itself. */
export function begunAnew(
  configuration: Configuration,
  { route = '', anew = 'steps' }: BegunAnew,
): Configuration {
  const part = configuration.routes.get(route);
  if (part === undefined) return configuration;
  const changed = anew === 'steps' ? withOtherSteps(part) : withOtherLegs(part);
  return {
    ...configuration,
    plan: { ...configuration.plan, routes: { ...configuration.plan.routes, [route]: changed.plan } },
    routes: new Map([...configuration.routes, [route, changed]]),
  };
}

/** What it states here is checked before it runs, and does nothing while it does. */
function withOtherSteps({ plan, ...part }: RoutePart): RoutePart {
  const { allowUpstreamLoss, ...rest } = plan;
  return { ...part, plan: allowUpstreamLoss === true ? rest : { ...rest, allowUpstreamLoss: true } };
}

/** Buffers have room for one message more. A leg with a file keeps it, for as long as it runs. */
function withOtherLegs(part: RoutePart): RoutePart {
  const branches = part.branches.map((branch) => {
    const { buffer } = branch.plan;
    if (branch.spill !== undefined) return branch;
    return { ...branch, plan: { ...branch.plan, buffer: { ...buffer, messages: buffer.messages + 1 } } };
  });
  return { ...part, branches, plan: { ...part.plan, to: branches.map(({ plan }) => plan) } };
}
