/** When a message may come to a sink more than once. */
import type { RoutePart } from '../configuration.ts';
import { acksFirst, keeps } from './first.ts';
import { isKept, type Pair, stepsOf } from './pair.ts';

/** The most that a leg has sent and unconfirmed, whatever its buffer. */
const MAX_UNCONFIRMED = 1024;

export function duplicatesOf(pair: Pair): readonly string[] {
  return [fromSource, fromNacks, fromOutages, fromRetries, fromDisk].flatMap((ways) => ways(pair));
}

function fromSource(pair: Pair): readonly string[] {
  if (!isKept(pair)) return [];
  const { name, maxInFlight } = pair.source.plan;
  return [
    `when araldo stops hard, or the connection to ${name} breaks: what was not settled comes again, ` +
      `${maxInFlight} messages at most, to all legs`,
  ];
}

/** All that came of a message comes again when any of it is given back, in another route of its source too. */
function fromNacks({ route, leg, source, routes }: Pair): readonly string[] {
  // What any sink has is not given back.
  const isFirst = acksFirst(route) && keeps(leg);
  const { name, maxDeliveries } = source.plan;
  const times = `up to ${maxDeliveries} times in all`;
  return [...routes.values()].flatMap((other) => {
    if (!other.plan.from.includes(name)) return [];
    const here = other === route;
    // In a route with no other leg, what is given back has not been delivered.
    const isAlone = here && ((route.targets?.length ?? route.branches.length) === 1 || isFirst);
    const where = here ? 'another leg' : `route ${other.plan.name}`;
    const nacks =
      other.plan.onError === 'nack' && !isAlone
        ? [`when ${where} refuses it: ${name} delivers it again, to all legs (on-error: nack), ${times}`]
        : [];
    const slow = here ? undefined : slowStepOf(other);
    return slow === undefined
      ? nacks
      : [...nacks, `when the step ${slow} of ${where} takes too long: ${times}`];
  });
}

/** A step that answers too late has its message given back, whatever on-error says. */
function slowStepOf(route: RoutePart): string | undefined {
  return stepsOf(route).find(({ definition }) => definition.kind === 'async')?.plan.use;
}

function fromOutages({ leg, sink, sends }: Pair): readonly string[] {
  // One that takes a message at a time and confirms within the process, or at once, leaves nothing in doubt.
  if (sends.reaches === 'peers' || sends.confirms === 'handed' || sends.pipelines === false) return [];
  const { buffer, retry } = leg.plan;
  const most = retry?.inOrder === true ? 1 : Math.min(MAX_UNCONFIRMED, buffer.messages);
  return [
    `when the connection to ${sink.plan.name} breaks: what it had not confirmed is sent again, ` +
      `${most} ${most === 1 ? 'message' : 'messages'} at most`,
  ];
}

function fromRetries({ leg, sink }: Pair): readonly string[] {
  const { retry } = leg.plan;
  if (retry === undefined) return [];
  return [`when ${sink.plan.name} reports a failure and has the message all the same: it is tried again`];
}

function fromDisk({ leg }: Pair): readonly string[] {
  if (leg.plan.spill === undefined) return [];
  return ['when araldo stops hard: what was sent from disk and is still there is sent again'];
}
