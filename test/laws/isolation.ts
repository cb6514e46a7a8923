// Law 13 compares runs: the same script with and without strangers, with and without what happens to another sink.

import fc from 'fast-check';
import type { Engine } from './engine.ts';
import { type Event, play, type Run, timeline } from './run.ts';
import {
  type Action,
  type Policy,
  policies,
  scripts,
  type Topology,
  topologies,
  type Wanted,
} from './topology.ts';

/** Each case is two runs. */
const some: Wanted = { maxRoutes: 2, choices: false };

type Property = fc.IAsyncProperty<[Topology, readonly Action[]]>;

/** The sink of which the others must not depend. */
const OTHER = 1;

const touchesOther: readonly Action['do'][] = [
  'stall',
  'flow',
  'lose',
  'reopen',
  'refuse',
  'late',
  'confirm',
];

export interface Isolation {
  fromStrangers(engine: Engine): Property;
  fromLossySinks(engine: Engine): Property;
  fromPausingSinks(engine: Engine): Property;
}

export const isolation: Isolation = {
  fromStrangers: (engine) =>
    fc.asyncProperty(topologies(some), scripts(some), async (topology, script) => {
      const plain = await play(engine, withTaps(topology, false), script);
      const tapped = await play(engine, withTaps(topology, true), script);
      same(plain, tapped, () => true);
    }),

  fromLossySinks: (engine) =>
    fc.asyncProperty(topologies(some), scripts(some), async (drawn, script) => {
      const topology = separated(
        drawn,
        policies.filter((policy) => policy !== 'pause' && policy !== 'error'),
      );
      const busy = await play(engine, topology, script);
      const quiet = await play(
        engine,
        topology,
        script.filter((action) => !isAboutOther(action)),
      );
      same(busy, quiet, ({ who }) => who === 'sink 0');
    }),

  fromPausingSinks: (engine) =>
    fc.asyncProperty(
      topologies({ policies: ['pause'], steps: ['fn'], choices: false }),
      scripts({ actions: ['hand', 'turn', 'wait', 'stall', 'flow', 'lose', 'reopen', 'confirm'] }),
      async (drawn, script) => {
        const topology = separated(drawn, ['pause']);
        const busy = await play(engine, topology, script);
        const quiet = await play(
          engine,
          topology,
          script.filter((action) => !isAboutOther(action)),
        );
        const [there, here] = [contentOf(busy), contentOf(quiet)];
        if (there !== here)
          throw new Error(`law 13 is broken:\n${there}\nis not\n${here}\n${timeline(busy.events)}`);
      },
    ),
};

function withTaps(topology: Topology, isTapped: boolean): Topology {
  return { ...topology, sources: topology.sources.map((source) => ({ ...source, isTapped })) };
}

/** Two sinks: 0, and the other, whose legs have one of `overflow`; no cycles, and no sink that refuses. */
function separated(topology: Topology, overflow: readonly Policy[]): Topology {
  const [first] = topology.sinks;
  if (first === undefined) return topology;
  const other = topology.sinks[OTHER] ?? first;
  return {
    sources: topology.sources,
    sinks: [first, other].map((sink) => ({ ...sink, feeds: -1, refusesEvery: 0 })),
    routes: topology.routes.map((route) => ({
      ...route,
      to: route.to.map((branch, place) => {
        const isOther = (branch.to + place) % 2 === OTHER;
        const allowed = overflow.includes(branch.overflow) ? branch.overflow : overflow[0];
        return {
          ...branch,
          to: isOther ? OTHER : 0,
          overflow: isOther ? (allowed as Policy) : branch.overflow,
        };
      }),
    })),
  };
}

function isAboutOther(action: Action): boolean {
  return touchesOther.includes(action.do) && 'sink' in action && action.sink % 2 === OTHER;
}

function same(one: Run, other: Run, matters: (event: Event) => boolean): void {
  const [there = [], here = []] = [one, other].map(({ events }) =>
    events.filter((event) => event.who !== '>' && matters(event)),
  );
  const isSame = (event: Event, place: number): boolean => {
    const { atMs, who, text } = here[place] ?? {};
    return event.atMs === atMs && event.who === who && event.text === text;
  };
  if (there.length !== here.length || !there.every(isSame))
    throw new Error(`law 13 is broken:\n${timeline(one.events)}\nis not\n${timeline(other.events)}`);
}

/** What sink 0 has confirmed, by leg, in no order of time. */
function contentOf({ events }: Run): string {
  return events
    .filter(({ who, text }) => who === 'sink 0' && text.startsWith('confirms'))
    .map(({ text }) => text)
    .toSorted()
    .join('\n');
}
