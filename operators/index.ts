/** What `araldo/operators` is, and the steps that YAML has by name. */
import type { OperatorDefinition } from '../src/core/operator.ts';
import { batchStep } from './batch.ts';
import { debounceStep } from './debounce.ts';
import { dedupeStep } from './dedupe.ts';
import { delayStep } from './delay.ts';
import { distinctStep } from './distinct.ts';
import { enrichStep } from './enrich.ts';
import { filterStep } from './filter.ts';
import { logStep } from './log.ts';
import { mapStep } from './map.ts';
import { orderByStep } from './order-by.ts';
import { rateLimitStep } from './rate-limit.ts';
import { sampleStep } from './sample.ts';
import { scanStep } from './scan.ts';
import { splitStep } from './split.ts';
import { switchStep } from './switch.ts';
import { tapStep } from './tap.ts';
import { throttleStep } from './throttle.ts';
import { timeoutStep } from './timeout.ts';
import { validateStep } from './validate.ts';
import { windowStep } from './window.ts';

export { type BatchOptions, batch } from './batch.ts';
export { type BufferOptions, buffer } from './buffer.ts';
export { type ClaimOptions, claim } from './claim.ts';
export { type DebounceOptions, debounce } from './debounce.ts';
export { type DedupeOptions, dedupe } from './dedupe.ts';
export { type DelayOptions, delay } from './delay.ts';
export { type DistinctOptions, distinct } from './distinct.ts';
export { type EnrichOptions, enrich, type Lookup, type LookupFactory } from './enrich.ts';
export { type FilterOptions, filter } from './filter.ts';
export { type LogStepOptions, log } from './log.ts';
export { type MapOptions, map } from './map.ts';
export { marshal, marshalMessage, wireOf } from './marshal.ts';
export { type OrderByOptions, orderBy } from './order-by.ts';
export { type RateLimitOptions, rateLimit } from './rate-limit.ts';
export { type SampleOptions, sample } from './sample.ts';
export { type ScanOptions, scan } from './scan.ts';
export { type SinkOptions, sinkOf } from './sink-of.ts';
export { type SplitOptions, split } from './split.ts';
export { type SwitchCase, type SwitchOptions, switchTo } from './switch.ts';
export { type TapFactory, type TapOptions, tap } from './tap.ts';
export { type Edge, type ThrottleOptions, throttle } from './throttle.ts';
export { type Fate, type TimeoutOptions, timeout } from './timeout.ts';
export { unmarshal } from './unmarshal.ts';
export { type Check, jsonSchema, type ValidateOptions, validate } from './validate.ts';
export { type Span, type WindowOptions, window } from './window.ts';

/** By the word in YAML. */
export const operatorTable: Readonly<Record<string, OperatorDefinition>> = {
  batch: batchStep,
  debounce: debounceStep,
  dedupe: dedupeStep,
  delay: delayStep,
  distinct: distinctStep,
  enrich: enrichStep,
  filter: filterStep,
  log: logStep,
  map: mapStep,
  'order-by': orderByStep,
  'rate-limit': rateLimitStep,
  sample: sampleStep,
  scan: scanStep,
  split: splitStep,
  switch: switchStep,
  tap: tapStep,
  throttle: throttleStep,
  timeout: timeoutStep,
  validate: validateStep,
  window: windowStep,
};
