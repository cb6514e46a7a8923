/** The smallest scenario that still shows a failure: what plays no part in it is left out. */
import type { Scenario } from '../scenario.ts';

/** So many tries at most: each plays a scenario. */
const MOST_TRIES = 200;

/**
 * What fast-check cannot shrink is the number of messages in a burst, which has a least: here each action goes that
 * the failure does without, first many at once, then one by one.
 *
 * @param fails whether a scenario still shows it. Asked of smaller ones only; what is returned is the last for which
 *   it was true, if any.
 */
export async function smallest(
  scenario: Scenario,
  fails: (smaller: Scenario) => Promise<boolean>,
): Promise<Scenario> {
  let kept = scenario;
  let tries = 0;
  for (let size = Math.ceil(kept.length / 2); size >= 1 && kept.length > 1; size = next(size)) {
    // From the end: what comes last matters least to what comes before.
    for (let at = kept.length - size; at > -size; at -= size) {
      const smaller = kept.toSpliced(Math.max(0, at), size + Math.min(0, at));
      if (smaller.length === 0 || smaller.length === kept.length) continue;
      tries += 1;
      if (tries > MOST_TRIES) return kept;
      if (await fails(smaller)) kept = smaller;
    }
  }
  return kept;
}

/** Half of it, down to one at a time; 0 ends. */
function next(size: number): number {
  return size === 1 ? 0 : Math.ceil(size / 2);
}
