/** What comes with araldo: a line for each plugin and operator. They load when a configuration uses them. */
import { operatorTable } from '../operators/table.ts';
import type { OperatorDefinition } from './core/operator.ts';
import type { Builtins } from './runtime/registry.ts';

export const builtins: Builtins = {
  plugins: {
    'endpoint-amqp': async () => (await import('../plugins/endpoint-amqp/index.ts')).plugin,
    'endpoint-file': async () => (await import('../plugins/endpoint-file/index.ts')).plugin,
    'endpoint-http': async () => (await import('../plugins/endpoint-http/index.ts')).plugin,
    'endpoint-kafka': async () => (await import('../plugins/endpoint-kafka/index.ts')).plugin,
    'endpoint-jetstream': async () => (await import('../plugins/endpoint-jetstream/index.ts')).plugin,
    'endpoint-mock': async () => (await import('../plugins/endpoint-mock/index.ts')).plugin,
    'endpoint-mqtt': async () => (await import('../plugins/endpoint-mqtt/index.ts')).plugin,
    'endpoint-nats': async () => (await import('../plugins/endpoint-nats/index.ts')).plugin,
    'endpoint-redis': async () => (await import('../plugins/endpoint-redis/index.ts')).plugin,
    'endpoint-redis-stream': async () => (await import('../plugins/endpoint-redis-stream/index.ts')).plugin,
    'endpoint-sse': async () => (await import('../plugins/endpoint-sse/index.ts')).plugin,
    'endpoint-stdio': async () => (await import('../plugins/endpoint-stdio/index.ts')).plugin,
    'endpoint-websocket': async () => (await import('../plugins/endpoint-websocket/index.ts')).plugin,
    'endpoint-websocket-client': async () =>
      (await import('../plugins/endpoint-websocket-client/index.ts')).plugin,
    'marshal-avro': async () => (await import('../plugins/marshal-avro/index.ts')).plugin,
    'marshal-bytes': async () => (await import('../plugins/marshal-bytes/index.ts')).plugin,
    'marshal-cbor': async () => (await import('../plugins/marshal-cbor/index.ts')).plugin,
    'marshal-cloudevents': async () => (await import('../plugins/marshal-cloudevents/index.ts')).plugin,
    'marshal-csv': async () => (await import('../plugins/marshal-csv/index.ts')).plugin,
    'marshal-json': async () => (await import('../plugins/marshal-json/index.ts')).plugin,
    'marshal-msgpack': async () => (await import('../plugins/marshal-msgpack/index.ts')).plugin,
    'marshal-protobuf': async () => (await import('../plugins/marshal-protobuf/index.ts')).plugin,
    'marshal-text': async () => (await import('../plugins/marshal-text/index.ts')).plugin,
  },
  operators: Object.fromEntries(
    Object.entries(operatorTable).map(([name, load]) => [name, async () => remember(await load())]),
  ),
};

/** The definitions above that have been loaded. */
const loaded = new WeakSet<OperatorDefinition>();

function remember(definition: OperatorDefinition): OperatorDefinition {
  loaded.add(definition);
  return definition;
}

/** Whether a step of a configuration is one of ours, and not the user's own under any name. */
export function isBuiltIn(definition: OperatorDefinition): boolean {
  return loaded.has(definition);
}
