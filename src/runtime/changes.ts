/** What differs between two configurations, for a server that changes from one to the other while it runs. */
import { isDeepStrictEqual } from 'node:util';
import type {
  BranchPart,
  Configuration,
  EndpointPart,
  MarshallerPart,
  RoutePart,
  StepPart,
} from '../config/configuration.ts';
import { AraldoError } from '../core/errors.ts';

/** Names of parts of one kind. */
export interface Difference {
  readonly kept: ReadonlySet<string>;
  readonly added: ReadonlySet<string>;
  /** There before and after, and not the same. */
  readonly changed: ReadonlySet<string>;
  readonly gone: ReadonlySet<string>;
}

export interface Changes {
  readonly marshallers: Difference;
  readonly endpoints: Difference;
  readonly routes: Difference;
  /** The leg, by its place, that a branch of a changed route goes on with; nothing where it has a new one. */
  keptLeg(route: string, branch: number): number | undefined;
  /** Whether the leg to the dead letters of a changed route stays. */
  keepsDeadLetters(route: string): boolean;
}

/**
 * Compares what was written, and the code that it names: plugins, operators and what they read at the start.
 * Throws an `AraldoError` (`needs-restart`) for what a running server cannot change.
 *
 * @example
 * changesBetween(before, after).routes.changed // Set { 'orders' }
 */
export function changesBetween(before: Configuration, after: Configuration): Changes {
  refuseServerChanges(before, after);
  const marshallers = differenceOf(before.marshallers, after.marshallers, isSameMarshaller);
  const readBefore = readIn(before);
  const readAfter = readIn(after);
  const endpoints = differenceOf(before.endpoints, after.endpoints, (one, other) => {
    // Whether it is read decides what it opens; its peers need not leave for that.
    const { name } = one.plan;
    const hasPeers = (other.capabilities.listensOn ?? []).length > 0;
    return isSameEndpoint(one, other) && (hasPeers || readBefore.has(name) === readAfter.has(name));
  });

  /** The endpoint is kept, and what comes from it and goes to it is read and written as before. */
  const isSameEnd = (name: string): boolean => {
    if (!endpoints.kept.has(name)) return false;
    const marshal = after.endpoints.get(name)?.plan.marshal ?? 'none';
    if (before.endpoints.get(name)?.plan.marshal !== marshal) return false;
    return marshal === 'none' || marshallers.kept.has(marshal);
  };
  const hasSameMarshallers = marshallers.changed.size === 0 && marshallers.gone.size === 0;
  const routes = differenceOf(before.routes, after.routes, (one, other) => {
    if (!isDeepStrictEqual(one.plan, other.plan)) return false;
    if (!endsOf(other).every(isSameEnd)) return false;
    const sameFiles = one.branches.every((branch, place) =>
      isDeepStrictEqual(branch.spill, other.branches[place]?.spill),
    );
    return sameFiles && areSameSteps(one.steps, other.steps, hasSameMarshallers);
  });

  const keptLeg = (route: string, branch: number): number | undefined => {
    const one = before.routes.get(route);
    const other = after.routes.get(route);
    const wanted = other?.branches[branch];
    if (one === undefined || other === undefined || wanted === undefined) return undefined;
    if (one.plan.ack !== other.plan.ack || !isSameEnd(wanted.plan.to)) return undefined;
    const place = placeOfSameNumber(one.branches, other.branches, branch);
    const found = one.branches[place];
    return found !== undefined && isSameLeg(found, wanted) ? place : undefined;
  };

  refuseSharedFiles(before, after, routes, keptLeg);
  return {
    marshallers,
    endpoints,
    routes,
    keptLeg,
    keepsDeadLetters(route) {
      const one = before.routes.get(route)?.plan.onError;
      const other = after.routes.get(route)?.plan.onError;
      if (typeof one !== 'object' || typeof other !== 'object') return false;
      return one.deadLetter === other.deadLetter && isSameEnd(other.deadLetter);
    },
  };
}

function differenceOf<Part>(
  before: ReadonlyMap<string, Part>,
  after: ReadonlyMap<string, Part>,
  isSame: (one: Part, other: Part) => boolean,
): Difference {
  const kept = new Set<string>();
  const added = new Set<string>();
  const changed = new Set<string>();
  for (const [name, part] of after) {
    const former = before.get(name);
    if (former === undefined) added.add(name);
    else if (isSame(former, part)) kept.add(name);
    else changed.add(name);
  }
  return { kept, added, changed, gone: new Set([...before.keys()].filter((name) => !after.has(name))) };
}

/** What listens is there before the first part is, and is told once. */
function refuseServerChanges(before: Configuration, after: Configuration): void {
  const { tls, limits, ...where } = before.plan.server;
  const { tls: newTls, limits: newLimits, ...newWhere } = after.plan.server;
  const keys = [
    ...(where.host === newWhere.host ? [] : ['server-host']),
    ...(where.port === newWhere.port ? [] : ['server-port']),
    ...(isDeepStrictEqual(where.hosts, newWhere.hosts) ? [] : ['hosts']),
    ...(isDeepStrictEqual(limits, newLimits) ? [] : ['server-limits']),
    ...(isDeepStrictEqual(before.tls, after.tls) && isDeepStrictEqual(tls, newTls) ? [] : ['server-tls']),
  ];
  if (keys.length === 0) return;
  throw new AraldoError(
    'needs-restart',
    `${keys.join(' and ')} changed, which needs a restart; nothing of the new configuration is in use`,
  );
}

/** A file of a leg belongs to it until it has ended, and two legs cannot have one file. */
function refuseSharedFiles(
  before: Configuration,
  after: Configuration,
  routes: Difference,
  keptLeg: (route: string, branch: number) => number | undefined,
): void {
  const files = new Set(
    [...before.routes.values()].flatMap(({ branches }) => branches.map(({ spill }) => spill?.path)),
  );
  for (const [name, { branches }] of after.routes) {
    if (routes.kept.has(name)) continue;
    for (const [place, { spill, plan }] of branches.entries()) {
      if (spill === undefined || !files.has(spill.path) || keptLeg(name, place) !== undefined) continue;
      throw new AraldoError(
        'needs-restart',
        `${name} → ${plan.to} changed, whose messages are on disk in ${plan.spill?.path ?? spill.path}: that needs a ` +
          'restart, or another path for it; nothing of the new configuration is in use',
      );
    }
  }
}

function isSameMarshaller(one: MarshallerPart, other: MarshallerPart): boolean {
  return (
    one.plugin === other.plugin &&
    isDeepStrictEqual(one.plan, other.plan) &&
    isDeepStrictEqual(one.used, other.used)
  );
}

function isSameEndpoint(one: EndpointPart, other: EndpointPart): boolean {
  const { marshal: _, ...plan } = one.plan;
  const { marshal: __, ...otherPlan } = other.plan;
  return one.plugin === other.plugin && isDeepStrictEqual(plan, otherPlan);
}

function areSameSteps(
  steps: readonly StepPart[],
  others: readonly StepPart[],
  hasSameMarshallers: boolean,
): boolean {
  if (steps.length !== others.length) return false;
  return steps.every((one, place) => {
    const other = others[place] as StepPart;
    if (one.definition !== other.definition || !isDeepStrictEqual(one.used, other.used)) return false;
    if (one.definition.marshaller !== undefined && !hasSameMarshallers) return false;
    return areSameSteps(one.inner, other.inner, hasSameMarshallers);
  });
}

/** Its condition stands before it, and may change. */
function isSameLeg(one: BranchPart, other: BranchPart): boolean {
  const { when: _, ...plan } = one.plan;
  const { when: __, ...otherPlan } = other.plan;
  return isDeepStrictEqual(plan, otherPlan) && isDeepStrictEqual(one.spill, other.spill);
}

/** Of several legs to one sink, the first stands for the first, the second for the second. */
function placeOfSameNumber(
  before: readonly BranchPart[],
  after: readonly BranchPart[],
  branch: number,
): number {
  const sink = after[branch]?.plan.to;
  const number = after.slice(0, branch).filter(({ plan }) => plan.to === sink).length;
  return before.flatMap(({ plan }, place) => (plan.to === sink ? [place] : []))[number] ?? -1;
}

function endsOf({ plan }: RoutePart): readonly string[] {
  const { onError } = plan;
  return [
    ...plan.from,
    ...plan.to.map(({ to }) => to),
    ...(typeof onError === 'object' ? [onError.deadLetter] : []),
  ];
}

function readIn({ routes }: Configuration): ReadonlySet<string> {
  return new Set([...routes.values()].flatMap(({ plan }) => plan.from));
}
