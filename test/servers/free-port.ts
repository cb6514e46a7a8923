// A TCP port of 127.0.0.1 that was free a moment ago.

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
