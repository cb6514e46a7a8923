// araldo's own HTTP server for endpoints that listen, without the rest of a server.

import { silentLog } from '../../../src/core/log.ts';
import type { Service } from '../../../src/core/plugin.ts';
import { httpHost } from '../../../src/http/host.ts';
import { createHttpServer } from '../../../src/http/server.ts';

export interface OwnHttp {
  readonly port: number;
  /** What a world lends its endpoints. */
  readonly service: <T>(key: Service<T>) => T;
  end(): Promise<void>;
}

export async function startOwnHttp(): Promise<OwnHttp> {
  const status = (): never => {
    throw new Error('no page of the server is asked for here');
  };
  const http = createHttpServer({
    host: '127.0.0.1',
    port: 0,
    hosts: [],
    status: { status },
    log: silentLog,
    limits: { closeMs: 100 },
  });
  const { port } = await http.listen();
  return {
    port,
    service: <T>(key: Service<T>): T => {
      if (key.name !== httpHost.name) throw new Error(`nobody lends ${key.name} here`);
      return http.host as T;
    },
    end: () => http.close(),
  };
}
