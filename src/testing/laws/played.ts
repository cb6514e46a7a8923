/** One scenario that was played to its end: what laws look at. */
import type { Open } from '../open.ts';
import type { VirtualRelay } from '../relay.ts';
import { play, type Scenario } from '../scenario.ts';

/** Makes a relay for each case: the same each time, and new. */
export type RelayOf = () => VirtualRelay | Promise<VirtualRelay>;

export interface Played {
  readonly relay: VirtualRelay;
  readonly scenario: Scenario;
  /** What was still open after it had settled. */
  readonly open: readonly Open[];
  /** What was found after one of the actions, by the number of the law that was looking. */
  readonly found: ReadonlyMap<number, string>;
  /** What was thrown, if anything: by the engine, or by code that nothing contains. */
  readonly thrown: Error | undefined;
}

/** Looks at a relay after each action, and says what is wrong. */
export interface Inspection {
  readonly number: number;
  readonly inspect: (relay: VirtualRelay) => string | undefined;
}

/** What is done to the relay before the scenario begins, such as code that listens in. */
export type Prepare = (relay: VirtualRelay) => void;

export async function playToEnd(
  relayOf: RelayOf,
  scenario: Scenario,
  inspections: readonly Inspection[] = [],
  prepare: Prepare = () => undefined,
): Promise<Played> {
  const relay = await relayOf();
  const found = new Map<number, string>();
  const look = (): void => {
    for (const { number, inspect } of inspections) {
      if (found.has(number)) continue;
      const breach = inspect(relay);
      if (breach !== undefined) found.set(number, breach);
    }
  };
  let open: readonly Open[] = [];
  let thrown: Error | undefined;
  try {
    prepare(relay);
    await play(relay, scenario, look);
    open = await relay.settle();
    look();
  } catch (error) {
    thrown = error instanceof Error ? error : new Error(String(error), { cause: error });
  } finally {
    relay.stop();
  }
  return { relay, scenario, open, found, thrown };
}
