/** The steps that YAML has by name. Each is imported only when a configuration uses it: some bring a library. */
import type { OperatorDefinition } from '../src/core/operator.ts';

/** By the word in YAML. */
export const operatorTable: Readonly<Record<string, () => Promise<OperatorDefinition>>> = {
  batch: async () => (await import('./batch.ts')).batchStep,
  debounce: async () => (await import('./debounce.ts')).debounceStep,
  dedupe: async () => (await import('./dedupe.ts')).dedupeStep,
  delay: async () => (await import('./delay.ts')).delayStep,
  distinct: async () => (await import('./distinct.ts')).distinctStep,
  enrich: async () => (await import('./enrich.ts')).enrichStep,
  filter: async () => (await import('./filter.ts')).filterStep,
  log: async () => (await import('./log.ts')).logStep,
  map: async () => (await import('./map.ts')).mapStep,
  marshal: async () => (await import('./marshal.ts')).marshalStep,
  'order-by': async () => (await import('./order-by.ts')).orderByStep,
  'rate-limit': async () => (await import('./rate-limit.ts')).rateLimitStep,
  sample: async () => (await import('./sample.ts')).sampleStep,
  scan: async () => (await import('./scan.ts')).scanStep,
  split: async () => (await import('./split.ts')).splitStep,
  switch: async () => (await import('./switch.ts')).switchStep,
  tap: async () => (await import('./tap.ts')).tapStep,
  throttle: async () => (await import('./throttle.ts')).throttleStep,
  timeout: async () => (await import('./timeout.ts')).timeoutStep,
  unmarshal: async () => (await import('./unmarshal.ts')).unmarshalStep,
  validate: async () => (await import('./validate.ts')).validateStep,
  window: async () => (await import('./window.ts')).windowStep,
};
