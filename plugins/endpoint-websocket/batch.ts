/** The frames that one room gets in one turn of the event loop: built once, shared by all its peers. */
import type { Wire } from '../../src/core/wire.ts';
import { frameSize, skipFrame, writeFrame } from './frame.ts';

/** Immutable once built: peers keep references, never copies. */
export class Batch {
  readonly bytes: Buffer;
  /** How many frames it has. */
  readonly length: number;
  /** What the policy `latest` keeps one value of, for each frame; only where messages have keys. */
  readonly keys: readonly unknown[] | undefined;
  private found: Uint32Array | undefined;

  constructor(bytes: Buffer, length: number, keys: readonly unknown[] | undefined) {
    this.bytes = bytes;
    this.length = length;
    this.keys = keys;
  }

  /**
   * Where each frame starts, and one more for where the last one ends. Looked up when somebody first needs it:
   * most batches go to most peers whole.
   */
  get offsets(): Uint32Array {
    if (this.found !== undefined) return this.found;
    const offsets = new Uint32Array(this.length + 1);
    for (let place = 0; place < this.length; place += 1) {
      offsets[place + 1] = skipFrame(this.bytes, offsets[place] as number);
    }
    this.found = offsets;
    return offsets;
  }
}

/** Consecutive frames of a batch: `from` up to, and without, `to`. */
export interface Run {
  readonly batch: Batch;
  readonly from: number;
  readonly to: number;
}

/** @param isText whether the frame of a payload says that it is text. */
export function buildBatch(
  wires: readonly Wire[],
  isText: (wire: Wire) => boolean,
  keys?: readonly unknown[],
): Batch {
  const { length } = wires;
  let size = 0;
  // By index: an iterator is a call for each of them.
  for (let place = 0; place < length; place += 1) size += frameSize((wires[place] as Wire).size);
  const bytes = Buffer.allocUnsafeSlow(size);
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (let place = 0; place < length; place += 1) {
    const wire = wires[place] as Wire;
    offset = writeFrame(bytes, view, offset, wire, isText(wire));
  }
  return new Batch(bytes, length, keys);
}

/** All of a batch. */
export function wholeRun(batch: Batch): Run {
  return { batch, from: 0, to: batch.length };
}

/** The size of a run, in bytes. */
export function runSize({ batch, from, to }: Run): number {
  if (from === 0 && to === batch.length) return batch.bytes.byteLength;
  return (batch.offsets[to] as number) - (batch.offsets[from] as number);
}

export function runBytes({ batch, from, to }: Run): Buffer {
  if (from === 0 && to === batch.length) return batch.bytes;
  return batch.bytes.subarray(batch.offsets[from], batch.offsets[to]);
}

/** The frames of a batch from the one at `first` on, without those at `excluded`, which rise. */
export function runsAround(batch: Batch, excluded: readonly number[], first: number): Run[] {
  const runs: Run[] = [];
  let from = first;
  for (const place of excluded) {
    if (place > from) runs.push({ batch, from, to: place });
    from = place + 1;
  }
  if (from < batch.length) runs.push({ batch, from, to: batch.length });
  return runs;
}
