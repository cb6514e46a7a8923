/** What one peer has not been sent yet: runs of shared batches, counted in bytes, trimmed by message. */
import { Ring } from '../../src/core/ring.ts';
import { type Run, runSize } from './batch.ts';

export class PeerBuffer {
  /** What it holds, in bytes: of frames, whether or not other peers hold the same batches. */
  bytes = 0;
  private runs = new Ring<Run>();
  /** Under `latest`: compacting again pays only once it has doubled. */
  private compactedTo = 0;

  get isEmpty(): boolean {
    return this.runs.length === 0;
  }

  add(run: Run): void {
    this.runs.push(run);
    this.bytes += runSize(run);
  }

  /** Takes the oldest run. */
  take(): Run | undefined {
    const run = this.runs.shift();
    if (run !== undefined) this.bytes -= runSize(run);
    return run;
  }

  /**
   * Gives up the oldest messages until `bytes` are left at most; the newest stays, however large. Returns how many
   * were lost.
   */
  dropOldest(bytes: number): number {
    let lost = 0;
    while (this.bytes > bytes) {
      const { batch, from, to } = this.take() as Run;
      let first = from;
      // Whole frames only; the rest of the run goes back to the front.
      let rest = this.bytes + runSize({ batch, from, to });
      const end = this.isEmpty ? to - 1 : to;
      while (rest > bytes && first < end) {
        rest -= runSize({ batch, from: first, to: first + 1 });
        first += 1;
        lost += 1;
      }
      if (first < to) {
        this.runs.unshift({ batch, from: first, to });
        this.bytes += runSize({ batch, from: first, to });
        break;
      }
    }
    return lost;
  }

  /** Gives up the newest messages until `bytes` are left at most. Returns how many were lost. */
  dropNewest(bytes: number): number {
    let lost = 0;
    while (this.bytes > bytes) {
      const { batch, from, to } = this.runs.pop() as Run;
      this.bytes -= runSize({ batch, from, to });
      let last = to;
      while (last > from && this.bytes + runSize({ batch, from, to: last }) > bytes) {
        last -= 1;
        lost += 1;
      }
      if (last > from) {
        this.runs.push({ batch, from, to: last });
        this.bytes += runSize({ batch, from, to: last });
      }
    }
    return lost;
  }

  /**
   * Keeps the newest message of each key, where the oldest of it stood. Costs a walk over everything, so it
   * does nothing until there is twice as much as the last walk left. Returns how many were lost.
   */
  keepLatest(): number {
    if (this.bytes < 2 * this.compactedTo) return 0;
    const newest = new Map<unknown, Run>();
    let count = 0;
    for (const { batch, from, to } of this.runs) {
      for (let place = from; place < to; place += 1) {
        count += 1;
        // Setting a key again leaves it in its place, which is what `latest` means.
        newest.set(batch.keys?.[place], { batch, from: place, to: place + 1 });
      }
    }
    this.runs.clear();
    this.bytes = 0;
    for (const run of newest.values()) this.add(run);
    this.compactedTo = this.bytes;
    return count - newest.size;
  }

  clear(): void {
    this.runs.clear();
    this.bytes = 0;
    this.compactedTo = 0;
  }
}
