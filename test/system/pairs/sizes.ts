// How much a run of the pairs does: a little with all other tests, a lot when it is asked for (test/deep.ts).

import { numRuns } from '../../runs.ts';
import { allPairs, type Pair, readPairs, ring } from './systems.ts';

export interface Sizes {
  readonly isDeep: boolean;
  readonly pairs: readonly Pair[];
  readonly messages: number;
  readonly kills: number;
  /** The window of the source: `max-in-flight`. */
  readonly maxInFlight: number;
  readonly seed: number;
}

export function sizesFrom(env: NodeJS.ProcessEnv): Sizes {
  const number = (name: string): number | undefined => {
    const text = env[name];
    if (text === undefined || text === '') return undefined;
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < 0)
      throw new Error(`${name}: expected a whole number, found "${text}"`);
    return value;
  };
  const isDeep = numRuns > 1_000 || env['ARALDO_PAIRS'] !== undefined;
  const pairs = env['ARALDO_PAIRS'];
  return {
    isDeep,
    pairs: pairs !== undefined ? readPairs(pairs) : isDeep ? allPairs : ring,
    messages: number('ARALDO_MESSAGES') ?? (isDeep ? 100_000 : 2_000),
    kills: number('ARALDO_KILLS') ?? (isDeep ? DEEP_KILLS : 2),
    maxInFlight: number('ARALDO_WINDOW') ?? 256,
    seed: number('ARALDO_SEED') ?? Math.floor(Math.random() * 2 ** 31),
  };
}

/** Of three in turn, araldo often enough for each of its points. */
const DEEP_KILLS = 18;

/** How long a pair may take at most; a server of some systems takes seconds to start again. */
export function withinMs({ messages, kills }: Pick<Sizes, 'messages' | 'kills'>): number {
  return 30_000 + kills * 20_000 + messages;
}
