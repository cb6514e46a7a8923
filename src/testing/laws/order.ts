/** Laws 3 and 4: first deliveries keep their order, at every step and sink, and all sinks see the same. */
import type { Configuration } from '../../config/configuration.ts';
import { Message } from '../../core/message.ts';
import { isKeyed } from '../../core/overflow.ts';
import type { Received } from '../modelled-sink.ts';
import type { Sent } from '../sent.ts';
import type { Stem } from '../whereabouts.ts';
import {
  branchesByLeg,
  type EventOf,
  eventsOf,
  legName,
  nameOf,
  orderedSteps,
  routesOf,
} from './eventful.ts';
import type { RelayLawSettings, RunLaw } from './law.ts';
import type { Played } from './played.ts';
import { createTracer, type Tracer } from './traces.ts';

export const order: RunLaw = {
  number: 3,
  name: 'order',
  sentence:
    'first deliveries of a key reach each step and each sink in the order in which they were accepted',
  doesNotApply(configuration) {
    const sources = new Set(routesOf(configuration).flatMap(({ plan }) => plan.from));
    const isOrdered = [...sources].some((name) => orderOf(configuration, name) !== 'none');
    return isOrdered ? undefined : 'no source keeps an order';
  },
  examine: (played, settings) => outOfOrder(played, settings),
};

export const sameOrder: RunLaw = {
  number: 4,
  name: 'same order for all',
  sentence: 'all legs of a route are offered the same messages in the same order',
  doesNotApply(configuration) {
    const isAlone = routesOf(configuration).every(({ plan }) => plan.to.length < 2);
    return isAlone ? 'no route has two sinks' : undefined;
  },
  examine: (played) => unlike(played),
};

/** Remembers how far each source, lane and key has come. */
function createWatch(place: string): (stem: Stem, series: string) => string | undefined {
  const furthest = new Map<string, Sent>();
  const seen = new Set<Sent>();
  return ({ sent, delivery }, series) => {
    // First deliveries alone: what comes again comes when it can. Parts of one message come under its own number.
    if (delivery > 1 || sent.nacks > 0) return undefined;
    const before = furthest.get(series);
    if (before !== undefined && numberOf(sent) < numberOf(before)) {
      return seen.has(sent) ? undefined : `${place} gives ${sent.id} after ${before.id}`;
    }
    furthest.set(series, sent);
    seen.add(sent);
    return undefined;
  };
}

function outOfOrder(played: Played, settings: RelayLawSettings): string | undefined {
  const { relay } = played;
  const { configuration } = relay;
  const trace = createTracer(relay.sent, settings.trace);
  const branches = branchesByLeg(configuration);
  const watches = new Map<string, ReturnType<typeof createWatch>>();
  const watchAt = (place: string): ReturnType<typeof createWatch> => {
    const watch = watches.get(place) ?? createWatch(place);
    watches.set(place, watch);
    return watch;
  };
  let isRestarted = false;

  for (const event of relay.events) {
    if (event.kind === 'killed') isRestarted = true;
    if (isRestarted) break;
    if (event.kind === 'emitted') {
      const wrong = look(watchAt(event.sent.endpoint), event, configuration);
      if (wrong !== undefined) return wrong;
    } else if (event.kind === 'left') {
      if (placeIn(event.place) >= orderedIn(event.route, configuration)) continue;
      const wrong = lookAtAll(watchAt(event.place), event, event.payload, trace, configuration);
      if (wrong !== undefined) return wrong;
    } else if (event.kind === 'written') {
      const branch = branches.get(event.leg);
      // Where a sink has several unconfirmed, a message that is tried again comes after others.
      if (branch === undefined || (branch.retry !== undefined && !branch.retry.inOrder)) continue;
      if (Number.isFinite(orderedIn(event.route, configuration))) continue;
      const series = isKeyed(branch.overflow) ? `${event.leg} ${keyAt(event, configuration)}` : event.leg;
      const wrong = lookAtAll(watchAt(series), event, event.received.payload, trace, configuration);
      if (wrong !== undefined) return wrong.replace(series, event.endpoint);
    }
  }
  return undefined;
}

function orderedIn(route: string, { routes }: Configuration): number {
  const part = routes.get(route);
  return part === undefined ? 0 : orderedSteps(part);
}

/** `orders.via[2] map` is in place 2. */
function placeIn(step: string): number {
  return Number(/\.via\[(\d+)\]/.exec(step)?.[1] ?? 0);
}

/** One message, or all that were joined to it, by id and then by content. */
function lookAtAll(
  watch: ReturnType<typeof createWatch>,
  { of }: EventOf<'left'> | EventOf<'written'>,
  payload: unknown,
  trace: Tracer,
  configuration: Configuration,
): string | undefined {
  const traced = trace(payload);
  const [stem] = of;
  const stems =
    of.length > 1 || traced === undefined || stem === undefined ? of : [{ ...stem, sent: traced }];
  for (const one of stems) {
    const wrong = look(watch, one, configuration);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function look(
  watch: ReturnType<typeof createWatch>,
  stem: Stem,
  configuration: Configuration,
): string | undefined {
  const { sent } = stem;
  const kept = orderOf(configuration, sent.endpoint);
  if (kept === 'none') return undefined;
  const lane = kept === 'lane' ? (sent.meta.lane ?? sent.meta.peer ?? '') : '';
  return watch(stem, JSON.stringify([sent.endpoint, lane, sent.meta.key ?? null]));
}

/** What `latest` and `sample` go by. */
function keyAt({ route, leg, received }: EventOf<'written'>, { routes }: Configuration): string {
  const branch = routes.get(route)?.branches.find(({ plan }) => legName(route, plan) === leg);
  return JSON.stringify(branch?.key?.(asMessage(received)) ?? received.meta.key ?? null);
}

function asMessage({ payload, meta, id }: Received): Message {
  return Message.of(payload, { ...meta, id });
}

function orderOf({ endpoints }: Configuration, name: string): 'all' | 'lane' | 'none' {
  return endpoints.get(name)?.capabilities.source?.ordered ?? 'none';
}

function numberOf({ id }: Sent): number {
  return Number(id.slice(id.lastIndexOf('#') + 1));
}

/** Legs of one route, by what they were offered, filtered or could not make ready: all must be alike. */
function unlike(played: Played): string | undefined {
  const offers = new Map<string, string[]>();
  for (const event of eventsOf<'offered' | 'filtered' | 'unready'>(
    played,
    'offered',
    'filtered',
    'unready',
  )) {
    const line = offers.get(event.leg) ?? [];
    offers.set(event.leg, line);
    line.push(nameOf(event));
  }
  const { configuration } = played.relay;
  const known = branchesByLeg(configuration);
  for (const { plan } of routesOf(configuration)) {
    const names = plan.to.map((branch) => legName(plan.name, branch)).filter((name) => known.has(name));
    const [first, ...others] = names;
    if (first === undefined) continue;
    for (const other of others) {
      const wrong = difference(first, offers.get(first) ?? [], other, offers.get(other) ?? []);
      if (wrong !== undefined) return wrong;
    }
  }
  return undefined;
}

/** Of what both were offered: patterns such as round robin offer each message to one of them. */
function difference(
  name: string,
  line: readonly string[],
  otherName: string,
  otherLine: readonly string[],
): string | undefined {
  const [all, others] = [new Set(line), new Set(otherLine)];
  const common = line.filter((id) => others.has(id));
  const otherCommon = otherLine.filter((id) => all.has(id));
  const at = common.findIndex((id, place) => otherCommon[place] !== id);
  if (at < 0) return undefined;
  return `${name} is offered ${common[at]} where ${otherName} is offered ${otherCommon[at] ?? 'nothing'}`;
}
