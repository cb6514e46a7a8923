// Laws that are examined on the same random topologies: one pass plays them all, and only a breach costs a second one.
// Whatever the topologies are made for, each case examines every law: that is why a group needs no 1,000 of its own.

import fc from 'fast-check';
import { vi } from 'vitest';
import { runs, type Sizes } from '../runs.ts';
import { type Engine, engine } from './engine.ts';
import { play, timeline } from './run.ts';
import { type Action, scripts, type Topology, topologies, type Wanted } from './topology.ts';

/** Of 1,000 cases, so many in each group: together they are more than 3,000. A mutant that a group alone notices after hundreds is noticed by all of them. */
const QUICK = 0.3;

export interface LawGroup {
  /** Throws at a breach of the law, or of the engine itself: seed, smallest case, timeline. */
  holds(law: number): Promise<void>;
  /** Throws at a breach of any law. */
  allHold(): Promise<void>;
}

type Parameters = fc.Parameters<[Topology, readonly Action[]]> & Sizes;

/** @param wanted which topologies; `parameters` of fast-check, such as a seed and path to repeat, and a part of the cases */
export function lawGroup(wanted: Wanted = {}, parameters: Parameters = {}): LawGroup {
  // Virtual time alone: how long a busy machine takes says nothing about a law.
  vi.setConfig({ testTimeout: 600_000 });
  const all = runs({ seed: Date.now() ^ (Math.random() * 0x100000000), quick: QUICK, ...parameters });
  let pass: Promise<ReadonlySet<number>> | undefined;
  const broken = (): Promise<ReadonlySet<number>> => (pass ??= brokenLaws(wanted, all));
  const show = async (law: number): Promise<never> => {
    await examine(law, wanted, all);
    throw new Error(`law ${law} was broken with seed ${all.seed}, and not when that was played again`);
  };
  return {
    async holds(law) {
      if ((await broken()).has(law) || (await broken()).has(0)) await show(law);
    },
    async allHold() {
      const [law] = await broken();
      if (law !== undefined) await show(law);
    },
  };
}

/** The numbers of all laws that one engine breaks; 0: it threw. */
export async function brokenLaws(
  wanted: Wanted,
  parameters: Parameters,
  examined: Engine = engine,
): Promise<ReadonlySet<number>> {
  const broken = new Set<number>();
  await fc.assert(
    fc.asyncProperty(topologies(wanted), scripts(wanted), async (topology, script) => {
      const { breaches } = await play(examined, topology, script);
      for (const { law } of breaches) broken.add(law);
    }),
    parameters,
  );
  return broken;
}

/** Finds the smallest case that breaks a law, and throws it. */
export async function examine(
  law: number,
  wanted: Wanted,
  parameters: Parameters,
  examined: Engine = engine,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(topologies(wanted), scripts(wanted), async (topology, script) => {
      const { breaches, events } = await play(examined, topology, script, { hasTraces: true });
      const breach = breaches.find((found) => found.law === law || found.law === 0);
      if (breach !== undefined) throw new Error(`law ${law} is broken: ${breach.text}\n${timeline(events)}`);
    }),
    parameters,
  );
}
