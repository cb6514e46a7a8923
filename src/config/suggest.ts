/** "Did you mean": the known word that is nearest to the one that was written. */

/** Words are compared with at most this many others, so that a suggestion takes bounded time. */
const MAX_CANDIDATES = 1_000;

/** Longer words are not typing mistakes of one another. */
const LONGEST = 40;

/** The nearest of the words within a third of the length, or nothing. Case, `_` and `-` count for nothing. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length === 0 || word.length > LONGEST) return undefined;
  const target = simple(word);
  let best: string | undefined;
  let distance = Math.max(1, Math.floor(word.length / 3)) + 1;
  let compared = 0;
  for (const candidate of candidates) {
    if (++compared > MAX_CANDIDATES) break;
    if (candidate === word || candidate.length > LONGEST) continue;
    if (Math.abs(candidate.length - word.length) > distance + 1) continue;
    const away = distanceOf(target, simple(candidate));
    if (away < distance) [best, distance] = [candidate, away];
  }
  return best;
}

/** The sentence, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const best = nearest(word, candidates);
  return best === undefined ? undefined : `did you mean ${best}?`;
}

function simple(word: string): string {
  return word.toLowerCase().replace(/[_-]/g, '');
}

/** Damerau-Levenshtein, adjacent transpositions only: three rows suffice. */
export function distanceOf(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(at(row, j - 1) + 1, at(last, j) + 1, at(last, j - 1) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, at(beforeLast, j - 2) + 1);
      }
      row.push(least);
    }
    [beforeLast, last] = [last, row];
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? 0;
}
