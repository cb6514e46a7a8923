// What a source of the tests is like, where they do not say otherwise.

import { VirtualTimeScheduler } from 'rxjs';
import type { SourceOptions } from '../../src/core/source.ts';

export function sourceOptions(more: Partial<SourceOptions> = {}): SourceOptions {
  return {
    name: 'source',
    address: 'source@run',
    scheduler: new VirtualTimeScheduler(),
    maxInFlight: 4,
    maxDeliveries: 2,
    redelivers: false,
    canPause: true,
    stash: { messages: 1_000, bytes: 1 << 20 },
    ...more,
  };
}
