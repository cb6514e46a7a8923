// A topology made real: endpoints over scripted transports, routes compiled by hand, and the oracle beside them.

import { VirtualTimeScheduler } from 'rxjs';
import type { Endpoint, EndpointOptions } from '../../src/core/endpoint.ts';
import { silentLog } from '../../src/core/log.ts';
import type { Message } from '../../src/core/message.ts';
import type { Port, Transport } from '../../src/core/transport.ts';
import type { Engine } from './engine.ts';
import { createOracle, type Oracle, type RouteOracle } from './oracle.ts';
import { createScriptedRoute, placeOf, taggedPayload } from './scripted-route.ts';
import { createScriptedSink, type ScriptedSink } from './scripted-sink.ts';
import { createScriptedSource, MAX_HOPS, type ScriptedSource } from './scripted-source.ts';
import type { Report } from './settlement.ts';
import type { SinkSpec, SourceSpec, Topology } from './topology.ts';

export interface World {
  readonly scheduler: VirtualTimeScheduler;
  readonly sources: readonly { readonly endpoint: Endpoint; readonly script: ScriptedSource }[];
  readonly sinks: readonly { readonly endpoint: Endpoint; readonly script: ScriptedSink }[];
  readonly oracle: Oracle;
  open(): Promise<void>;
  /** Compares what the engine says of itself with what the oracle has seen. */
  inspect(): void;
  /** The same, when nothing can happen any more. */
  inspectAtRest(): void;
}

/** How many messages sinks give to sources in one run: cycles that split would grow without end. */
const MAX_FED = 60;

/** More turns than any of our cases needs at one moment. */
const MAX_TURNS = 10_000;

export function createWorld(
  engine: Engine,
  topology: Topology,
  note: (who: string, text: string) => void,
  report: Report,
): World {
  const scheduler = new VirtualTimeScheduler();
  endLivelocks(scheduler, report);
  const oracle = createOracle(topology, report, {
    now: () => scheduler.frame,
    isUp: (sink) => sinks[sink]?.endpoint.state === 'open',
  });
  /** How deep emissions and writes stand within each other, and how deep they may. */
  let depth = 0;
  const deepest = topology.sources.length + topology.sinks.length;
  let fed = 0;
  /** The leg whose sink refuses a message just now. */
  let refusing: string | undefined;

  const enter = (): void => {
    depth += 1;
    if (depth > deepest) report(15, `${depth} emissions and writes stand within each other`);
  };
  const leave = (): void => {
    depth -= 1;
  };

  const endpointOver = (
    name: string,
    spec: SourceSpec | undefined,
    connect: (port: Port) => Transport,
  ): Endpoint => {
    const source = {
      canPause: spec?.canPause ?? true,
      acks: true,
      redelivers: spec?.redelivers ?? false,
      ordered: 'lane' as const,
      scope: 'once' as const,
      carries: 'values' as const,
    };
    const options: EndpointOptions = {
      name,
      id: 'endpoint-scripted',
      instance: 'run',
      capabilities: spec === undefined ? {} : { source },
      scheduler,
      log: silentLog,
      maxInFlight: spec?.maxInFlight ?? 1024,
      maxDeliveries: spec?.maxDeliveries ?? 5,
    };
    return new engine.Endpoint(options, connect);
  };

  const sources = topology.sources.map((spec, index) => {
    // The endpoint needs its transport, and what is asked around each hand-over needs the endpoint.
    const late: { endpoint?: Endpoint } = {};
    const script = createScriptedSource({
      index,
      spec,
      scheduler,
      oracle: oracle.sources,
      note: (text) => note(`source ${nameOfSource(index)}`, text),
      around: {
        before: () => late.endpoint?.inbound.gate.isOpen === false,
        after(isShut, isPaused, lane) {
          if (isShut && !isPaused) report(5, `lane ${lane} hands over into a shut gate, and is not paused`);
        },
      },
    });
    const endpoint = endpointOver(nameOfSource(index), spec, script.transport);
    late.endpoint = endpoint;
    return { endpoint, script };
  });

  const witnessOf = (index: number) => ({
    written(leg: string, payload: string): void {
      note(`sink ${index}`, `${leg} writes ${payload}`);
      legModelOf(leg).written(payload);
    },
    confirmed(leg: string, payload: string): void {
      note(`sink ${index}`, `confirms ${payload} to ${leg}`);
      const [route, place] = placeOf(leg);
      oracle.routes[route]?.confirmed(place, payload);
    },
    refusing(leg: string, payload: string): void {
      refusing = leg;
      note(`sink ${index}`, `refuses ${payload} to ${leg}`);
      legModelOf(leg).refused(payload);
    },
    lost(): void {
      note(`sink ${index}`, 'is lost');
      topology.routes.forEach((route, at) =>
        route.to.forEach((branch, place) => {
          if (branch.to === index) oracle.routes[at]?.legs[place]?.lost();
        }),
      );
    },
    feeds(source: number, hops: number): void {
      fed += 1;
      if (hops < MAX_HOPS && fed <= MAX_FED) sources[source]?.script.hand(0, 1, 0, hops + 1);
    },
  });

  const legModelOf = (leg: string) => {
    const [route, place] = placeOf(leg);
    return (oracle.routes[route] as RouteOracle).legs[place] as RouteOracle['legs'][number];
  };

  const sinks = topology.sinks.map((spec: SinkSpec, index) => {
    const script = createScriptedSink(spec, engine, oracle.read, scheduler, witnessOf(index));
    const endpoint = endpointOver(`sink ${index}`, undefined, (port) => {
      const transport = script.transport(port);
      return {
        ...transport,
        write(message, ticket, sender) {
          enter();
          try {
            return transport.write?.(message, ticket, sender) ?? true;
          } finally {
            leave();
          }
        },
      };
    });
    return { endpoint, script };
  });

  /** Before all routes: what is emitted now. */
  const watchEmissions = (index: number): void => {
    const { endpoint } = sources[index] as (typeof sources)[number];
    endpoint.subscribe((root) => {
      enter();
      const [lane, number, delivery] = identify(root);
      note(`source ${nameOfSource(index)}`, `emits ${lane}:${number}@${delivery}`);
      oracle.sources.emitted(lane, number, delivery, endpoint.inbound.gate.holders);
    });
    if (topology.sources[index]?.isTapped !== true) return;
    endpoint.subscribe((root) => {
      root.retain(2);
      root.nack();
      root.reject();
      root.discard('by a stranger');
    });
  };

  /** After all routes: the emission itself is over. */
  const watchEnds = (index: number): void => {
    sources[index]?.endpoint.subscribe((root) => {
      leave();
      oracle.sources.ended(taggedPayload(root), 'ack');
    });
  };

  topology.sources.forEach((_, index) => watchEmissions(index));
  const routes = topology.routes.map((spec, index) =>
    createScriptedRoute(spec, index, {
      engine,
      oracle,
      scheduler,
      sources: sources.map(({ endpoint }) => endpoint),
      sinks: sinks.map(({ endpoint }) => endpoint),
      note: (text) => note(`route ${index}`, text),
      refusing: () => refusing,
    }),
  );
  topology.sources.forEach((_, index) => watchEnds(index));

  const inspect = (): void => {
    oracle.sources.afterAction();
    routes.forEach(({ figures, legs }, index) => {
      oracle.routes[index]?.inspect(figures, legs, (leg, source) =>
        (sources[source]?.endpoint.inbound.gate.holders ?? []).includes(`leg ${index}.${leg}`),
      );
    });
  };

  return {
    scheduler,
    sources,
    sinks,
    oracle,
    async open() {
      for (const { endpoint } of [...sinks, ...sources]) await endpoint.open(new AbortController().signal);
      for (const { script } of sources) script.open();
    },
    inspect,
    inspectAtRest() {
      inspect();
      oracle.sources.atRest();
      routes.forEach(({ figures, legs }, index) => {
        oracle.routes[index]?.atRest(figures, legs);
        for (const leg of legs) if (leg.isHolding) report(12, `${leg.name} holds at rest`);
      });
      for (const { endpoint, script } of sources) {
        const { name, inbound } = endpoint;
        const { gate } = inbound;
        if (!gate.isOpen) report(12, `the gate of ${name} stays shut: ${gate.holders.join(', ') || 'full'}`);
        if (!inbound.isIdle)
          report(12, `${name}: ${inbound.inFlight} in flight, ${inbound.stashed} stashed at rest`);
        const far = script.blocked();
        if (far !== undefined) report(12, `${name}: ${far} at rest`);
      }
    },
  };
}

/** Work that schedules itself again and again, without time passing, would play for ever. */
function endLivelocks(scheduler: VirtualTimeScheduler, report: Report): void {
  const schedule = scheduler.schedule.bind(scheduler);
  let frame = 0;
  let count = 0;
  scheduler.schedule = (work, delay, state) => {
    count = scheduler.frame === frame ? count + 1 : 0;
    frame = scheduler.frame;
    if (count > MAX_TURNS) {
      report(12, `more than ${MAX_TURNS} turns without rest at ${frame} ms`);
      throw new Error('endless');
    }
    return schedule(work, delay, state);
  };
}

function nameOfSource(index: number): string {
  return String.fromCharCode(65 + index);
}

function identify(root: Message): [lane: string, number: number, delivery: number] {
  const [lane, number] = (root.payload as string).replace(/~+$/, '').split(':');
  return [lane as string, Number(number), root.meta.deliveries ?? 1];
}
