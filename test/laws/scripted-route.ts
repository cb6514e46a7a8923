// A route made real: what compile does by hand, with the oracle listening in at every joint.

import { map, merge, type SchedulerLike, tap } from 'rxjs';
import { claim } from '../../operators/claim.ts';
import type { Endpoint } from '../../src/core/endpoint.ts';
import type { Branch, Choose } from '../../src/core/fan-out.ts';
import type { Leg } from '../../src/core/leg.ts';
import { silentLog } from '../../src/core/log.ts';
import type { Marshaller } from '../../src/core/marshaller.ts';
import type { Message, RoutePort } from '../../src/core/message.ts';
import { Wire } from '../../src/core/wire.ts';
import { keyOf as sharedKeyOf } from './choice-model.ts';
import type { Engine } from './engine.ts';
import type { Oracle, RouteFigures, RouteOracle } from './oracle.ts';
import { numberOf } from './payload.ts';
import { stepFor } from './scripted-steps.ts';
import { type BranchSpec, type ChoiceSpec, isChosen, type RouteSpec } from './topology.ts';

export interface ScriptedRoute {
  /** What its port has counted. */
  readonly figures: RouteFigures;
  readonly legs: readonly Leg[];
}

export interface ScriptedRouteOptions {
  readonly engine: Engine;
  readonly oracle: Oracle;
  readonly scheduler: SchedulerLike;
  readonly sources: readonly Endpoint[];
  readonly sinks: readonly Endpoint[];
  readonly note: (text: string) => void;
  /** The leg whose sink refuses a message just now. */
  readonly refusing: () => string | undefined;
}

export function createScriptedRoute(
  spec: RouteSpec,
  index: number,
  options: ScriptedRouteOptions,
): ScriptedRoute {
  const { engine, oracle, scheduler, sources, sinks } = options;
  const { report } = oracle;
  const witness = oracle.routes[index] as RouteOracle;
  const { port, figures } = createPort(spec, index, witness, options);

  const legs = spec.to.map(
    ({ to, overflow, messages, bytes, keys, everyMs, retry }, place) =>
      new engine.Leg((sinks[to] as Endpoint).outbound, {
        name: `leg ${index}.${place}`,
        overflow,
        capacity: { messages, bytes },
        tellsOrigin: spec.acksFirst,
        key: (message) => keyOf(message, keys, oracle),
        sampling: { everyMs, scheduler },
        retry: retry && { ...retry, scheduler, random: () => witness.legs[place]?.drawn() ?? 0 },
      }),
  );
  const shared = (branch: BranchSpec, place: number): Branch => ({
    leg: legs[place] as Leg,
    // Called for the message that the leg is given, and for no other.
    marshal(message) {
      witness.offered(place, message.payload as string, false);
      return branch.marshals ? toBytes(message) : message;
    },
    marshaller: { name: `leg ${place}` } as Marshaller,
  });
  const plain = spec.to.map(
    (branch, place): Branch => ({
      leg: legs[place] as Leg,
      when(message) {
        const payload = message.payload as string;
        const isFiltered = branch.filtersEvery > 0 && keyOf(message, branch.filtersEvery, oracle) === 0;
        witness.offered(place, payload, isFiltered);
        return !isFiltered;
      },
      ...(branch.marshals ? { marshal: toBytes } : {}),
    }),
  );
  const chosen = spec.to.map(shared).filter((_, place) => isChosen(spec, place));
  const choice = spec.choice && chosen.length > 0 ? [choiceOf(spec.choice, chosen, engine, oracle)] : [];
  const fanOut = new engine.FanOut([...choice, ...plain.filter((_, place) => !isChosen(spec, place))], {
    acksFirst: spec.acksFirst,
  });

  const inputs = spec.from.map((from) => {
    const endpoint = sources[from] as Endpoint;
    return endpoint.pipe(
      tap((root) => witness.claimed(taggedPayload(root))),
      claim(port, { maxDeliveries: endpoint.inbound.maxDeliveries }),
      map((message): Message => message.with(taggedPayload(message))),
    );
  });
  let stream = merge(...inputs);
  spec.via.forEach((step, stage) => {
    const definition = stepFor(step, {
      engine,
      stages: witness.stages,
      stage,
      read: oracle.read,
      scheduler,
      made: (payload, count) => oracle.sources.retained(payload, count),
    });
    const arrive = tap((message: Message) => {
      const payload = message.payload as string;
      witness.stages.arrived(stage, payload);
      if (step.kind === 'opaque') oracle.sources.ended(payload, 'ack');
    });
    const context = { name: `route ${index} step ${stage}`, scheduler, log: silentLog };
    stream = stream.pipe(arrive, engine.stepOf(definition, undefined, context));
  });
  stream.subscribe({
    next(message) {
      const payload = message.payload as string;
      witness.stages.arrived(spec.via.length, payload);
      witness.fannedOut(payload);
      fanOut.offer(message);
      legs.forEach((leg, place) => {
        // One that is half empty lets the others go as well.
        if (!isChosen(spec, place)) witness.legs[place]?.holdsSoFar(leg.holds);
      });
    },
    error: (error: unknown) => report(14, `route ${index} is broken: ${String(error)}`),
    complete: () => report(14, `route ${index} has completed`),
  });
  return { figures, legs };
}

function choiceOf(
  { kind }: ChoiceSpec,
  branches: readonly Branch[],
  { roundRobin, fallback, hashed }: Engine,
  { read }: Oracle,
): Choose {
  switch (kind) {
    case 'round-robin':
      return roundRobin(branches);
    case 'fallback':
      return fallback(branches);
    case 'hash':
      return hashed(
        branches,
        (message) => sharedKeyOf(message.payload as string, read),
        branches.map((_, place) => `sink ${place}`),
      );
    default:
      return kind satisfies never;
  }
}

/** What a route decides about what ends in it, and counts. */
function createPort(
  { onError }: RouteSpec,
  index: number,
  witness: RouteOracle,
  { note, refusing }: ScriptedRouteOptions,
): { readonly port: RoutePort; readonly figures: RouteFigures } {
  const figures = { claimed: 0, made: 0, discarded: 0, failed: 0 };
  const port: RoutePort = {
    name: `route ${index}`,
    claimed() {
      figures.claimed += 1;
    },
    made(count) {
      figures.made += count;
    },
    discarded(message, reason) {
      figures.discarded += 1;
      const isGivenBack = reason === 'step-timeout' || reason === 'step-ended';
      witness.ended(taggedPayload(message), reason, isGivenBack ? 'nack' : 'ack');
    },
    failed(message, { code }) {
      const payload = taggedPayload(message);
      const status = onError === 'discard' ? 'ack' : onError;
      note(`fails ${payload}: ${code}`);
      if (code === 'leg-full') witness.overflowed(payload, status);
      else if (code === 'sink-rejected') witness.refused(placeOf(refusing() as string)[1], payload, status);
      else {
        figures.failed += 1;
        witness.ended(payload, code, status);
      }
      message.settle(status);
    },
  };
  return { port, figures };
}

/** The route and the place of a leg, from its name. */
export function placeOf(leg: string): [number, number] {
  const [route, place] = leg.slice('leg '.length).split('.');
  return [Number(route), Number(place)];
}

/** With the number of the delivery, which a payload has from where it is claimed on. */
export function taggedPayload(message: Message): string {
  const payload = message.payload as string;
  return payload.includes('@') ? payload : `${payload}@${message.meta.deliveries ?? 1}`;
}

function keyOf(message: Message, keys: number, oracle: Oracle): number {
  return numberOf(oracle.read(message.payload as string)) % keys;
}

const encoder = new TextEncoder();

function toBytes(message: Message): Message {
  const payload = message.payload as string;
  return message.withWire(payload, Wire.of(encoder.encode(payload), true));
}
