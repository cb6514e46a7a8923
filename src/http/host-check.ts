/**
 * Which Host headers are answered. A page of any site can point its own name at 127.0.0.1 and then talk to a
 * server on loopback as if it were of the same origin (DNS rebinding); its requests still carry that name.
 */

import { isLoopback } from './address.ts';
import type { Refusal } from './answer.ts';

export interface HostCheckOptions {
  /** The address that the server listens on. */
  readonly host: string;
  /** Names to admit besides loopback's: `relay.test` with any port, `relay.test:8080` with this one. */
  readonly hosts: readonly string[];
}

/**
 * Says what is wrong with a Host header, if anything. `more` are the names that the path asked for admits
 * besides; it is called only when they matter.
 */
export type HostCheck = (given: string, more?: () => readonly string[]) => Refusal | undefined;

/** A server that others can reach admits any name. */
export function createHostCheck({ host, hosts }: HostCheckOptions): HostCheck {
  if (!isLoopback(host)) return () => undefined;
  const names = new Set(['localhost', '127.0.0.1', '[::1]', bracketed(host), ...hosts].map(lower));

  return (given, more = () => []) => {
    const name = lower(given);
    const isAmong = (known: ReadonlySet<string>): boolean =>
      known.has(name) || known.has(name.replace(/:\d*$/, ''));
    if (isAmong(names) || isAmong(new Set(more().map(lower)))) return undefined;
    return { status: 421, text: sentence(name) };
  };
}

function sentence(name: string): string {
  const text = 'This server listens on loopback and answers to localhost, 127.0.0.1 and [::1] only';
  // What is no host name is not repeated.
  if (!/^[\w.-]{1,253}(:\d{1,5})?$/.test(name)) return `${text}. Other names: "hosts:" in araldo.yaml.`;
  const bare = name.replace(/:\d+$/, '');
  return `${text}, not to ${name}. To admit that name, add to araldo.yaml: hosts: [${bare}]`;
}

function lower(name: string): string {
  return name.toLowerCase();
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
