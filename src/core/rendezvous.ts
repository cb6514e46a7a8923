/** Rendezvous hashing: which of several names a key belongs to, so that a name more moves as few keys as can be. */

/**
 * Returns a function that gives, for a key, the places of all names, the one it belongs to first. Each name has a
 * weight for each key that does not depend on the others: with a name more, a key stays or goes to that one.
 *
 * @example
 * const orderOf = rendezvous(['a', 'b', 'c']);
 * const owner = orderOf('order 7')[0];
 */
export function rendezvous(names: readonly string[]): (key: string) => readonly number[] {
  const seeds = names.map(hashOf);
  return (key) => {
    const hash = hashOf(key);
    const weights = seeds.map((seed) => mixed(hash ^ seed));
    return names
      .map((_name, place) => place)
      .sort((one, other) => (weights[other] as number) - (weights[one] as number) || one - other);
  };
}

/** FNV-1a over UTF-16, in 32 bits, mixed so that alike keys are far apart. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let place = 0; place < text.length; place += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(place), 0x01000193);
  }
  return mixed(hash);
}

/** The last step of MurmurHash3: every bit of the input changes about half of those of the output. */
function mixed(hash: number): number {
  let bits = hash ^ (hash >>> 16);
  bits = Math.imul(bits, 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
