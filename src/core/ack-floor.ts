/** The highest position below which all is settled: what a source with cumulative acks may commit. */
import { Ring } from './ring.ts';

interface Entry {
  readonly position: number;
  isSettled: boolean;
}

/**
 * Keeps the positions from the oldest unsettled one on. Its owner bounds it by the window: `span` is what a
 * window of a cumulative source must count, because one old unsettled message keeps all after it uncommitted.
 */
export class AckFloor {
  private readonly entries = new Ring<Entry>();
  private committed: number | undefined;

  /** The position that may be committed: itself and all before it are settled. `undefined` at first. */
  get floor(): number | undefined {
    return this.committed;
  }

  /** How many positions there are from the oldest unsettled one to the newest. */
  get span(): number {
    return this.entries.length;
  }

  /** Whether a position was admitted before, settled or not. */
  covers(position: number): boolean {
    const newest = this.entries.at(this.entries.length - 1)?.position ?? this.committed;
    return newest !== undefined && position <= newest;
  }

  /** Notes a position; positions rise, gaps are allowed. */
  admit(position: number): void {
    if (this.covers(position)) throw new RangeError(`position ${position} does not rise`);
    this.entries.push({ position, isSettled: false });
  }

  /** Settles a position, in any order. Returns by how many places the span shrank. */
  settle(position: number): number {
    const entry = this.find(position);
    if (entry === undefined || entry.isSettled) return 0;
    entry.isSettled = true;
    let freed = 0;
    for (let first = this.entries.at(0); first?.isSettled === true; first = this.entries.at(0)) {
      this.committed = first.position;
      this.entries.shift();
      freed += 1;
    }
    return freed;
  }

  /** Binary search: positions rise. */
  private find(position: number): Entry | undefined {
    let low = 0;
    let high = this.entries.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const entry = this.entries.at(middle) as Entry;
      if (entry.position === position) return entry;
      if (entry.position < position) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }
}
