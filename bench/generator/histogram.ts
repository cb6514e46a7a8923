/** A histogram of durations with a bounded relative error, whatever their range: 64 buckets for each power of two. */

/** Durations are in nanoseconds. */
export interface Histogram {
  record(ns: number, count?: number): void;
  /** The smallest duration that at least this share (0 to 1) of all does not exceed; 0 when there is none. */
  quantile(share: number): number;
  readonly count: number;
  readonly max: number;
}

/** Durations below are exact. Above, a bucket is at most 1/64 as wide as what is in it. */
const EXACT = 128;
const BUCKETS = 64;
/** 2^45 ns are ten hours: nothing here lasts as long. */
const LARGEST_POWER = 45;
const SMALLEST_POWER = 7;

export function createHistogram(): Histogram {
  const counts = new Float64Array(EXACT + (LARGEST_POWER - SMALLEST_POWER) * BUCKETS);
  let count = 0;
  let max = 0;

  return {
    record(ns, times = 1) {
      const duration = Math.max(0, Math.round(ns));
      const place = Math.min(bucketOf(duration), counts.length - 1);
      counts[place] = (counts[place] as number) + times;
      count += times;
      if (duration > max) max = duration;
    },
    quantile(share) {
      const rank = Math.max(1, Math.ceil(share * count));
      let seen = 0;
      for (let place = 0; place < counts.length; place += 1) {
        seen += counts[place] as number;
        if (seen >= rank) return Math.min(max, highestOf(place));
      }
      return 0;
    },
    get count() {
      return count;
    },
    get max() {
      return max;
    },
  };
}

function bucketOf(ns: number): number {
  if (ns < EXACT) return ns;
  const power = Math.floor(Math.log2(ns));
  const within = Math.floor(ns / 2 ** (power - 6)) - BUCKETS;
  return EXACT + (power - SMALLEST_POWER) * BUCKETS + within;
}

/** The largest duration that falls into a bucket. */
function highestOf(place: number): number {
  if (place < EXACT) return place;
  const power = Math.floor((place - EXACT) / BUCKETS) + SMALLEST_POWER;
  const within = (place - EXACT) % BUCKETS;
  return (BUCKETS + within + 1) * 2 ** (power - 6) - 1;
}
