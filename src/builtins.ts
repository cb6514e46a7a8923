/** What comes with araldo: a line for each plugin and operator. Plugins load when a configuration uses them. */
import { operatorTable } from '../operators/index.ts';
import type { Builtins } from './runtime/registry.ts';

export const builtins: Builtins = {
  plugins: {
    'endpoint-mock': async () => (await import('../plugins/endpoint-mock/index.ts')).plugin,
    'endpoint-redis': async () => (await import('../plugins/endpoint-redis/index.ts')).plugin,
    'endpoint-websocket': async () => (await import('../plugins/endpoint-websocket/index.ts')).plugin,
    'endpoint-websocket-client': async () =>
      (await import('../plugins/endpoint-websocket-client/index.ts')).plugin,
    'marshal-bytes': async () => (await import('../plugins/marshal-bytes/index.ts')).plugin,
    'marshal-json': async () => (await import('../plugins/marshal-json/index.ts')).plugin,
    'marshal-text': async () => (await import('../plugins/marshal-text/index.ts')).plugin,
  },
  operators: operatorTable,
};
