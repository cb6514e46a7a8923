/** The legs of a route, and what chooses among them. */
import { marshalMessage, wireOf } from '../../operators/marshal.ts';
import type { BranchPart, RoutePart, TargetPart } from '../config/configuration.ts';
import { DEAD_LETTER_BUFFER } from '../config/policy.ts';
import { fallback, hashed, roundRobin } from '../core/choice.ts';
import type { Branch, Marshalling, Target } from '../core/fan-out.ts';
import { Leg } from '../core/leg.ts';
import { asking } from './asking.ts';
import { type CompileContext, endpointNamed, marshallerOf } from './compile-context.ts';
import { answering } from './correlation.ts';
import type { Route } from './route.ts';
import { legName } from './route-places.ts';
import { spillOptions } from './spills.ts';

/** A leg to the sink of a branch, with its policy, its disk and its retries. */
export function legOf(route: Route, part: RoutePart, branch: BranchPart, context: CompileContext): Leg {
  const { plan, key } = branch;
  const { retry } = plan;
  const sources = part.plan.from.map((source) => endpointNamed(context, source).inbound);
  const maxDeliveries = Math.max(...sources.map((source) => source.maxDeliveries));
  const name = legName(route.name, branch);
  return new Leg(endpointNamed(context, plan.to).outbound, {
    name,
    overflow: plan.overflow,
    capacity: plan.buffer,
    key,
    tellsOrigin: part.plan.ack === 'first',
    sampling:
      plan.everyMs === undefined ? undefined : { everyMs: plan.everyMs, scheduler: context.scheduler },
    spill: spillOptions(branch, context.spills?.get(branch), { ...context, route, maxDeliveries }),
    retry: retry && {
      ...retry,
      isOrdered: retry.inOrder,
      scheduler: context.scheduler,
      random: context.random?.(name),
    },
  });
}

/** The leg to the endpoint of the dead letters. */
export function deadLettersLeg(sink: string, route: string, context: CompileContext): Leg {
  return new Leg(endpointNamed(context, sink).outbound, {
    name: `${route} ⇢ ${sink}`,
    overflow: 'pause',
    capacity: DEAD_LETTER_BUFFER,
  });
}

/** What makes the bytes that a sink takes; nothing for a sink that takes values. */
export function marshallingFor(sink: string, context: CompileContext): Marshalling {
  const { answersTo } = context.configuration.endpoints.get(sink)?.plan ?? {};
  const { capabilities, requests } = endpointNamed(context, sink);
  if (capabilities.sink?.carries === 'values') return asking({}, answersTo);
  const marshaller = marshallerOf(context, sink);
  const plain = { marshal: marshaller === undefined ? wireOf : marshalMessage(marshaller), marshaller };
  return asking(answering(plain, requests), answersTo);
}

/** A branch, or what chooses one of several. */
export function targetOf({ plan, key }: TargetPart, all: readonly Branch[], { branches }: RoutePart): Target {
  if (typeof plan === 'number') return all[plan] as Branch;
  const chosen = plan.legs.map((leg) => all[leg] as Branch);
  switch (plan.kind) {
    case 'round-robin':
      return roundRobin(chosen);
    case 'fallback':
      return fallback(chosen);
    case 'hash':
      return hashed(
        chosen,
        key ?? (() => undefined),
        uniqueNames(plan.legs.map((leg) => branches[leg]?.plan.to ?? '')),
      );
    default:
      return plan satisfies never;
  }
}

/** Keys are shared out by the names of sinks: one that is named twice has twice the share. */
function uniqueNames(names: readonly string[]): readonly string[] {
  return names.map(
    (name, place) => `${name} ${names.slice(0, place).filter((other) => other === name).length}`,
  );
}
