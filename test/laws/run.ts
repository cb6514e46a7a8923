// Plays a script on a topology, checks the laws after each action and at rest, and tells what happened, line by line.

import { config } from 'rxjs';
import { elapse, pass, turn } from '../virtual-time.ts';
import type { Engine } from './engine.ts';
import type { Breach } from './oracle.ts';
import type { Action, Topology } from './topology.ts';
import { createWorld, type World } from './world.ts';

export interface Run {
  readonly breaches: readonly Breach[];
  readonly events: readonly Event[];
}

export interface Event {
  readonly atMs: number;
  readonly who: string;
  readonly text: string;
  /** What was done, if that is the event: it is put in words when somebody reads them. */
  readonly action?: Action;
}

/** More rounds than any of our cases needs to come to rest. */
const MAX_ROUNDS = 200;

/** Longer than any delay of a step or sink. */
const ROUND_MS = 1_000;

/** @param options `hasTraces`: errors know where they were made, at several times the price of a run */
export async function play(
  engine: Engine,
  topology: Topology,
  script: readonly Action[],
  options: { readonly hasTraces?: boolean } = {},
): Promise<Run> {
  const events: Event[] = [];
  const breaches: Breach[] = [];
  let now = (): number => 0;
  const note = (who: string, text: string): void => {
    events.push({ atMs: now(), who, text });
  };
  const report = (laws: number | readonly number[], text: string): void => {
    for (const law of typeof laws === 'number' ? [laws] : laws) breaches.push({ law, text });
    note(`LAW ${String(laws)}`, text);
  };
  const crash = (thrown: unknown): void => {
    const isOverSettled = (thrown as { code?: unknown } | null)?.code === 'over-settled';
    report(
      isOverSettled ? [0, 9] : 0,
      thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
    );
  };
  const restore = catchUnhandled(crash, options.hasTraces === true ? 10 : 0);
  try {
    const world = createWorld(engine, topology, note, report);
    now = () => world.scheduler.frame;
    const hasPromises = topology.routes.some(({ via }) => via.some(({ kind }) => kind === 'async'));
    const step = hasPromises
      ? (ms: number) => elapse(world.scheduler, ms)
      : (ms: number) => pass(world.scheduler, ms);
    await world.open();
    for (const action of script) {
      events.push({ atMs: now(), who: '>', text: '', action });
      await perform(action, world, step);
      // As after each callback of Node: what a promise brings comes between two actions, however many there are.
      if (hasPromises) await turn();
      world.inspect();
    }
    note('>', 'all sinks take messages, and time passes');
    await comeToRest(world, step, () => events.length, report);
    world.inspectAtRest();
  } catch (thrown) {
    crash(thrown);
  } finally {
    restore();
  }
  return { breaches, events };
}

export function timeline(events: readonly Event[]): string {
  return events
    .map(({ atMs, who, text, action }) => {
      const what = action === undefined ? text : describe(action);
      return `${String(atMs).padStart(6)} ms  ${who.padEnd(9)} ${what}`;
    })
    .join('\n');
}

async function perform(
  action: Action,
  world: World,
  step: (ms: number) => void | Promise<void>,
): Promise<void> {
  const { sources, sinks } = world;
  const sourceAt = (index: number) => sources[index % sources.length] as World['sources'][number];
  const sinkAt = (index: number) => sinks[index % sinks.length] as World['sinks'][number];
  switch (action.do) {
    case 'hand':
      return sourceAt(action.source).script.hand(action.lane, action.count, action.pad);
    case 'turn':
      return step(0);
    case 'wait':
      return step(action.ms);
    case 'stall':
      return sinkAt(action.sink).script.stall();
    case 'flow':
      return sinkAt(action.sink).script.flow();
    case 'lose':
      return sinkAt(action.sink).script.lose();
    case 'reopen':
      return reopen(sinkAt(action.sink));
    case 'refuse':
      return sinkAt(action.sink).script.refuse();
    case 'late':
      return sinkAt(action.sink).script.confirmLate();
    case 'confirm':
      return sinkAt(action.sink).script.confirm(action.which, action.count);
    case 'hold':
    case 'release': {
      const index = action.source % sources.length;
      const { inbound } = sourceAt(index).endpoint;
      world.oracle.sources.held(index, action.do === 'hold');
      if (action.do === 'hold') inbound.hold(stranger);
      else inbound.release(stranger);
      return;
    }
    case 'revoke':
      return sourceAt(action.source).script.revoke(action.lane);
    default:
      return action satisfies never;
  }
}

const stranger = { name: 'a stranger' };

async function reopen({ endpoint, script }: World['sinks'][number]): Promise<void> {
  if (!script.isLost()) return;
  script.reopened();
  await endpoint.open(new AbortController().signal);
}

async function comeToRest(
  world: World,
  step: (ms: number) => void | Promise<void>,
  progress: () => number,
  report: (law: number, text: string) => void,
): Promise<void> {
  for (const [index, { endpoint }] of world.sources.entries()) {
    world.oracle.sources.held(index, false);
    endpoint.inbound.release(stranger);
  }
  for (const sink of world.sinks) {
    await reopen(sink);
    sink.script.takeAll();
  }
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const before = progress();
    await step(ROUND_MS);
    world.inspect();
    // A round in which a step only waits for its deadline is no rest.
    if (progress() === before && world.scheduler.actions.length === 0) return;
  }
  report(12, `there is no rest after ${MAX_ROUNDS} rounds`);
}

function describe({ do: verb, ...rest }: Action): string {
  return [verb, ...Object.entries(rest).map(([key, value]) => `${key} ${value}`)].join(' ');
}

/** RxJS reports what a subscriber throws from a timer; here it is caught where it happens. */
function catchUnhandled(caught: (thrown: unknown) => void, traceLimit: number): () => void {
  const { onUnhandledError } = config;
  const real = globalThis.setTimeout;
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = traceLimit;
  config.onUnhandledError = caught;
  const atOnce = (work: () => void, ms?: number, ...rest: unknown[]): unknown =>
    ms === undefined ? work() : real(work, ms, ...rest);
  globalThis.setTimeout = atOnce as typeof setTimeout;
  return () => {
    config.onUnhandledError = onUnhandledError;
    globalThis.setTimeout = real;
    Error.stackTraceLimit = stackTraceLimit;
  };
}
