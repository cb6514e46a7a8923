// TCP ports of 127.0.0.1 that were free a moment ago, and what to do when one no longer is.

import { createServer } from 'node:net';

/**
 * Asks the kernel for a free port. It stays free until somebody takes it: between this and listening, another process
 * may, so a server that can listen on port 0 itself should.
 */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('no TCP address'));
        else resolve(address.port);
      });
    });
  });
}

const attempts = 5;

/** Starts a server on a free port, and on another one when somebody took that meanwhile and the error says so. */
export async function onFreePort<Server>(start: (port: number) => Promise<Server>): Promise<Server> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start(await freePort());
    } catch (error) {
      const isTaken = error instanceof Error && /address already in use/i.test(error.message);
      if (!isTaken || attempt === attempts) throw error;
    }
  }
}
