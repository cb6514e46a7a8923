/** A Redis of the bench's own, beside the generator: the server's core is for what is measured. */
import { freePort } from '../../test/servers/free-port.ts';
import { findProgram, installPackages, versionFrom } from '../process/install.ts';
import { type Launched, launch } from '../process/launch.ts';
import type { Availability } from './system.ts';

export interface Redis extends Launched {
  readonly port: number;
}

export function prepareRedis(): Availability {
  const problem = findProgram('redis-server') === undefined ? installPackages(['redis-server']) : undefined;
  const version = versionFrom(findProgram('redis-server') ?? 'redis-server', ['--version']);
  return version === undefined ? { missing: problem ?? 'it does not run' } : { version };
}

export async function startRedis(): Promise<Redis> {
  const port = await freePort();
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const command = [findProgram('redis-server') ?? 'redis-server', ...options];
  return { port, ...(await launch(command, { core: 'generator', port })) };
}
