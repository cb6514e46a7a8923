/** Places of a route where each message goes to one of several sinks: in turn, to the first that can, or by key. */
import type { Branch, Choose } from './fan-out.ts';
import { fingerprint } from './fingerprint.ts';
import type { Message } from './message.ts';
import { rendezvous } from './rendezvous.ts';

/** How well a branch can take a message; what is lower is better. */
type Rank = typeof READY | typeof ROOM | typeof FULL | typeof NOT_FOR;

/** Its sink is up, and there is room in its leg. */
const READY = 0;
/** Its sink is down, and there is room in its leg. */
const ROOM = 1;
const FULL = 2;
/** Its condition is not met. */
const NOT_FOR = 3;

/**
 * One after the other. A branch whose sink is down or whose leg is full is left out, unless all are: then they take
 * what their buffers have room for, and in the end do what full legs do.
 */
export function roundRobin(branches: readonly Branch[]): Choose {
  holdTogether(branches);
  let next = 0;
  return (message) => {
    const place = bestOf(branches, message, next);
    next = (place + 1) % branches.length;
    return branches[place] as Branch;
  };
}

/**
 * The first that can take it: the others only while those before them are down or full. What a leg has accepted
 * stays with it.
 */
export function fallback(branches: readonly Branch[]): Choose {
  holdTogether(branches);
  return (message) => branches[bestOf(branches, message, 0)] as Branch;
}

/**
 * Always the same branch for the same key, down or full or not, so that the order of a key is kept. With one branch
 * more, keys move only to that one.
 *
 * @param key of a message; a throw costs the message
 * @param names of the branches, by which keys are shared out: unique, and the same after a restart
 */
export function hashed(
  branches: readonly Branch[],
  key: (message: Message) => unknown,
  names: readonly string[],
): Choose {
  const orderOf = rendezvous(names);
  return (message) => {
    let text: string;
    try {
      text = fingerprint(key(message));
    } catch (thrown) {
      return failing(branches[0] as Branch, thrown);
    }
    const places = orderOf(text);
    const place = places.find((place) => isFor(branches[place] as Branch, message));
    // Where no condition is met, any of them filters it.
    return branches[place ?? places[0] ?? 0] as Branch;
  };
}

/** What is for one branch is for those as well that have no condition, or the same one. */
function holdTogether(branches: readonly Branch[]): void {
  for (const branch of branches) {
    const others = branches.filter((other) => other !== branch);
    const isAlso = (one: Branch, other: Branch): boolean => one.when === undefined || one.when === other.when;
    branch.leg.alternates = others.filter((other) => isAlso(other, branch)).map(({ leg }) => leg);
    branch.leg.standsInFor = others.filter((other) => isAlso(branch, other)).map(({ leg }) => leg);
  }
}

/** At the leg, as a message does whose condition cannot be told. */
function failing(branch: Branch, thrown: unknown): Branch {
  const when = (): never => {
    throw thrown;
  };
  return { ...branch, when };
}

/** The place of the best, looked for from `start` on, once round. */
function bestOf(branches: readonly Branch[], message: Message, start: number): number {
  let best = start;
  let least: Rank = NOT_FOR;
  for (let step = 0; step < branches.length; step += 1) {
    const place = (start + step) % branches.length;
    const rank = rankOf(branches[place] as Branch, message);
    if (rank === READY) return place;
    if (rank >= least) continue;
    least = rank;
    best = place;
  }
  return best;
}

function rankOf(branch: Branch, message: Message): Rank {
  if (!isFor(branch, message)) return NOT_FOR;
  if (!branch.leg.hasRoom) return FULL;
  return branch.leg.isSinkUp ? READY : ROOM;
}

/** A condition that throws is for its leg to fail at. */
function isFor({ when }: Branch, message: Message): boolean {
  try {
    return when === undefined || when(message);
  } catch {
    return true;
  }
}
