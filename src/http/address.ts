/** Loopback, as addresses and names say it. */
import { isIPv4, isIPv6 } from 'node:net';

/** Whether an address, or `localhost`, is one that only this machine reaches. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  if (name === 'localhost' || name === '::1') return true;
  const v4 = name.startsWith('::ffff:') ? name.slice('::ffff:'.length) : name;
  return isIPv4(v4) && v4.startsWith('127.');
}

/** `host:port` as URLs write it. */
export function authority(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
