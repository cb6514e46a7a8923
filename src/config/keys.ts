/** The keys that config itself reads, level by level. Plugins and operators have keys of their own. */

export const topKeys = [
  'server-host',
  'server-port',
  'server-tls',
  'server-limits',
  'log-level',
  'hosts',
  'defaults',
  'plugins',
  'operators',
  'routes',
  'tests',
] as const;

export const defaultsKeys = ['overflow', 'buffer', 'marshal', 'max-in-flight', 'max-deliveries'] as const;

export const marshallerKeys = ['name', 'id'] as const;

export const endpointKeys = [
  'name',
  'id',
  'marshal',
  'max-in-flight',
  'max-deliveries',
  'answers-to',
] as const;

export const routeKeys = [
  'from',
  'via',
  'to',
  'when',
  'overflow',
  'buffer',
  'key',
  'ack',
  'on-error',
  'allow-upstream-loss',
  'retry',
  'guarantee',
  'isolate',
] as const;

export const branchKeys = ['to', 'when', 'overflow', 'buffer', 'key', 'retry', 'isolate'] as const;

export const overflowKeys = ['policy', 'buffer', 'key'] as const;

export const sampleKeys = ['policy', 'buffer', 'key', 'every'] as const;

export const spillKeys = ['policy', 'buffer', 'path', 'max', 'then'] as const;

/** In place of a sink: several, of which one gets each message. */
export const patterns = ['round-robin', 'fallback', 'hash'] as const;
export type Pattern = (typeof patterns)[number];

export const patternKeys: Readonly<Record<Pattern, readonly string[]>> = {
  'round-robin': ['round-robin'],
  fallback: ['fallback'],
  hash: ['hash', 'over'],
};

export const retryKeys = ['attempts', 'backoff', 'in-order'] as const;

export const bufferKeys = ['messages', 'bytes'] as const;

export const stepKeys = ['use', 'with'] as const;

export const testStageKeys = ['given', 'expect'] as const;

export const testKeys = ['name', 'given', 'expect', 'then'] as const;

/** The most particular level first: `to` is a key of a route before it is one of a leg. */
const levels: readonly (readonly [name: string, keys: readonly string[]])[] = [
  ['the top level', topKeys],
  ['a route', routeKeys],
  ['a leg (an entry of to)', branchKeys],
  ['a plugin', endpointKeys],
  ['defaults', defaultsKeys],
  ['overflow', overflowKeys],
  ['overflow: {policy: sample}', sampleKeys],
  ['overflow: {policy: spill}', spillKeys],
  ['buffer', bufferKeys],
  ['retry', retryKeys],
  ['to (in place of a sink)', [...patterns, 'over']],
  ['a step (an entry of via)', stepKeys],
  ['a test', testKeys],
  ['on-error', ['dead-letter']],
];

/** Where a key belongs, for somebody who wrote it elsewhere. */
export function levelOf(key: string): string | undefined {
  return levels.find(([, keys]) => keys.includes(key))?.[0];
}
