// Ends a server together with the test process, however that ends: a watchdog waits on a pipe that the kernel closes
// when the test process is gone, SIGKILL included, then kills the server and removes its folder.

import { spawn } from 'node:child_process';

/** @returns cuts the tether: call it once the server has ended, before its process id can be another's */
export function tether(pid: number, folder?: string): () => void {
  const script = 'read _; kill -9 "$1" 2>/dev/null; [ -z "$2" ] || rm -rf "$2"';
  const watchdog = spawn('sh', ['-c', script, 'sh', String(pid), folder ?? ''], {
    detached: true, // a Ctrl-C in the terminal is not for the watchdog
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watchdog.unref();
  return () => {
    watchdog.kill('SIGKILL');
    watchdog.stdin.destroy();
  };
}
