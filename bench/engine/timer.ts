/** How long a call takes, in nanoseconds: the median of batches, after the compiler is done with it. */
import { median } from '../report/median.ts';

const BATCH = 10_000;
const WARMUP_BATCHES = 100;

export function timePerCall(call: () => void, seconds: number): number {
  const batch = (): number => {
    const startedAt = performance.now();
    for (let count = 0; count < BATCH; count += 1) call();
    return ((performance.now() - startedAt) * 1e6) / BATCH;
  };
  for (let count = 0; count < WARMUP_BATCHES; count += 1) batch();
  const times: number[] = [];
  const end = performance.now() + seconds * 1000;
  do times.push(batch());
  while (performance.now() < end);
  return median(times);
}
