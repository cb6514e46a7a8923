/** The frames that one room gets in one turn of the event loop: built once, shared by all its peers. */
import { frameSize, writeFrame } from './frame.ts';

/** A message that waits for the end of the turn. */
export interface Outgoing {
  readonly payload: Uint8Array;
  readonly isText: boolean;
  /** What the policy `latest` keeps one value of. */
  readonly key: unknown;
}

/** Immutable once built: peers keep references, never copies. */
export interface Batch {
  readonly bytes: Buffer;
  /** Where each frame starts, and one more for where the last one ends. */
  readonly offsets: readonly number[];
  readonly keys: readonly unknown[];
}

/** Consecutive frames of a batch: `from` up to, and without, `to`. */
export interface Run {
  readonly batch: Batch;
  readonly from: number;
  readonly to: number;
}

export function buildBatch(outgoing: readonly Outgoing[]): Batch {
  let size = 0;
  for (const { payload } of outgoing) size += frameSize(payload.byteLength);
  const bytes = Buffer.allocUnsafeSlow(size);
  const offsets: number[] = [0];
  const keys: unknown[] = [];
  let offset = 0;
  for (const { payload, isText, key } of outgoing) {
    offset = writeFrame(bytes, offset, payload, isText);
    offsets.push(offset);
    keys.push(key);
  }
  return { bytes, offsets, keys };
}

/** The size of a run, in bytes. */
export function runSize({ batch, from, to }: Run): number {
  return (batch.offsets[to] ?? 0) - (batch.offsets[from] ?? 0);
}

export function runBytes({ batch, from, to }: Run): Buffer {
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
  const to = batch.offsets.length - 1;
  if (from < to) runs.push({ batch, from, to });
  return runs;
}
