// A server for one test: on a free port, its log kept, stopped with the test.

import { createLog } from '../../../src/runtime/log.ts';
import { type Server, startServer } from '../../../src/server.ts';

export interface TestServer extends AsyncDisposable {
  readonly server: Server;
  readonly port: number;
  /** Every line of its log so far, parsed. */
  readonly log: Record<string, unknown>[];
  /** The value of a metric with these labels, 0 when it is not there. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
}

/** The keys of araldo.yaml; the port is a free one unless given. */
export async function serve(config: Record<string, unknown> | string): Promise<TestServer> {
  const log: Record<string, unknown>[] = [];
  const server = await startServer(typeof config === 'string' ? config : { 'server-port': 0, ...config }, {
    log: await createLog({ level: 'debug', write: (line) => log.push(JSON.parse(line)) }),
  });
  const { port } = server.address;
  const get = (path: string, headers: Readonly<Record<string, string>> = {}) =>
    fetch(`http://127.0.0.1:${port}${path}`, { headers });

  return {
    server,
    port,
    log,
    get,
    async metric(name, labels = {}) {
      const text = await (await get('/metrics')).text();
      const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
      const line = text
        .split('\n')
        .find(
          (candidate) => candidate.startsWith(name) && wanted.every((label) => candidate.includes(label)),
        );
      return line === undefined ? 0 : Number(line.slice(line.lastIndexOf(' ') + 1));
    },
    async [Symbol.asyncDispose]() {
      await server.stop({ deadlineMs: 500 });
    },
  };
}

/**
 * Waits until something holds, looking every few milliseconds. Rejects with what it waited for: so late that a slow
 * machine is no reason.
 */
export async function until(what: string, holds: () => unknown, withinMs = 60_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`waited ${withinMs} ms until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
