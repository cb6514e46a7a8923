/** Which batches of an answer belong to transactions that were aborted: a broker sends them all the same, and says which. */
import type { Batch } from './batch.ts';
import type { Library } from './client.ts';

export interface AbortedTransaction {
  readonly producerId: bigint;
  /** Of its first message. */
  readonly firstOffset: number;
}

/** What ends a transaction has a key of two numbers: a version, and 0 where it was aborted. */
const ABORT = 0;

/** A marker is a few bytes. */
const MOST_OF_MARKER = 4_096;

/** The batches, in their order, with `isAborted` where it is so. */
export function markAborted(
  library: Pick<Library, 'compressionsAlgorithms'>,
  batches: readonly Batch[],
  transactions: readonly AbortedTransaction[],
): readonly Batch[] {
  if (transactions.length === 0) return batches;
  const coming = transactions.toSorted((one, other) => one.firstOffset - other.firstOffset);
  /** Whose transactions, as far as we are, will turn out to be aborted. */
  const open = new Set<bigint>();
  let next = 0;
  return batches.map((batch) => {
    for (; next < coming.length; next += 1) {
      const { producerId, firstOffset } = coming[next] as AbortedTransaction;
      if (firstOffset > batch.lastOffset) break;
      open.add(producerId);
    }
    if (batch.isControl) {
      if (endsAborted(library, batch)) open.delete(batch.producerId);
      return batch;
    }
    return batch.isTransactional && open.has(batch.producerId) ? { ...batch, isAborted: true } : batch;
  });
}

function endsAborted(library: Pick<Library, 'compressionsAlgorithms'>, batch: Batch): boolean {
  const key = batch.open(library, MOST_OF_MARKER)?.next()?.key;
  return key !== null && key !== undefined && key.length >= 4 && key.readInt16BE(2) === ABORT;
}
