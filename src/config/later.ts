/** What this version does not have: answered with a sentence about what to do instead, not with "unknown". */

export const laterTopKeys: Readonly<Record<string, string>> = {
  tests: 'test routes in code, with a mock endpoint at both ends',
};

export const laterRouteKeys: Readonly<Record<string, string>> = {
  retry: 'use on-error: nack, which has the source deliver the message again, up to max-deliveries',
  isolate: 'give the slow leg a policy that does not pause, such as overflow: drop-oldest',
  guarantee: 'overflow: pause on every leg acknowledges a message when all sinks have it',
  ack: 'overflow: pause on every leg acknowledges a message when all sinks have it',
};

export const laterBranchKeys: Readonly<Record<string, string>> = {
  retry: laterRouteKeys['retry'] ?? '',
  isolate: laterRouteKeys['isolate'] ?? '',
};

export const laterPolicies: Readonly<Record<string, string>> = {
  spill: 'use pause with a larger buffer: nothing is lost, and the source waits',
  sample: 'use latest: it keeps the newest value of each key until the sink takes it',
  disconnect: 'it is a policy of peers, under peer: of the endpoint; for a leg use drop-oldest',
};

/** In place of a list of sinks. */
export const laterPatterns: Readonly<Record<string, string>> = {
  'round-robin': 'list the sinks with when: conditions that share the messages out',
  fallback: 'name the second sink under on-error: {dead-letter: …}',
  hash: 'list the sinks with when: conditions on the key',
};

const inFile = 'write it as a TypeScript file: use: ./step.ts';

export const laterOperators: Readonly<Record<string, string>> = {
  split: `${inFile}, and return a list`,
  batch: inFile,
  window: inFile,
  dedupe: inFile,
  throttle: `use overflow: latest on the leg, or ${inFile}`,
  sample: `use overflow: latest on the leg, or ${inFile}`,
  debounce: inFile,
  delay: inFile,
  timeout: `${inFile}; steps of the kind async have a deadline`,
  'rate-limit': inFile,
  'order-by': inFile,
  distinct: inFile,
  scan: inFile,
  enrich: `${inFile}, of the kind async`,
  switch: 'use several legs with when: conditions',
  validate: `use filter with a condition, or ${inFile}`,
  tap: `${inFile}, and return the payload`,
  log: `${inFile}, and return the payload`,
  retry: 'use on-error: nack on the route',
  merge: 'list several endpoints under from:',
  group: inFile,
  reduce: inFile,
};

const needsRedis = 'endpoint-redis carries messages of Redis Pub/Sub today';
const ownPlugin = 'a plugin of your own can do it: id: ./my-endpoint.ts';
const ownMarshaller = 'a plugin of your own can do it: id: ./my-marshaller.ts';

export const laterPlugins: Readonly<Record<string, string>> = {
  'endpoint-redis-stream': needsRedis,
  'endpoint-mqtt': ownPlugin,
  'endpoint-nats': ownPlugin,
  'endpoint-jetstream': ownPlugin,
  'endpoint-amqp': ownPlugin,
  'endpoint-kafka': ownPlugin,
  'endpoint-http': ownPlugin,
  'endpoint-sse': 'endpoint-websocket pushes to browsers today',
  'endpoint-stdio': ownPlugin,
  'endpoint-file': ownPlugin,
  'marshal-msgpack': ownMarshaller,
  'marshal-cbor': ownMarshaller,
  'marshal-cloudevents': ownMarshaller,
  'marshal-protobuf': ownMarshaller,
  'marshal-avro': ownMarshaller,
  'marshal-csv': ownMarshaller,
};

/** The sentence for a word of a table, or nothing. */
export function notAvailable(word: string, table: Readonly<Record<string, string>>): string | undefined {
  return Object.hasOwn(table, word) ? `${word} is not available in this version; ${table[word]}` : undefined;
}
