/** Which handler answers a path: URLPatterns in the order they were claimed. */
import { AraldoError } from '../core/errors.ts';
import { isOwnPath } from '../options/own-path.ts';

export interface Router<Handler> {
  /**
   * Returns what gives the path back. Throws an `AraldoError`: `invalid-value` for what is no pathname
   * pattern, `reserved-path` for one that is claimed already or the server's own. `hosts` are the Host
   * headers that the path admits besides the server's.
   */
  claim(pattern: string, handler: Handler, hosts?: readonly string[]): () => void;
  /** The first claim that a decoded pathname matches. */
  find(pathname: string): Found<Handler> | undefined;
  /** The patterns as they were claimed. */
  readonly patterns: readonly string[];
}

export interface Found<Handler> {
  readonly handler: Handler;
  readonly hosts: readonly string[];
  /** The named groups, decoded; `undefined` when one is not valid percent-encoding. */
  readonly params: Readonly<Record<string, string>> | undefined;
}

interface Claim<Handler> {
  readonly written: string;
  readonly pattern: URLPattern;
  /** The one path that it matches, where it is no real pattern. */
  readonly literal: string | undefined;
  readonly handler: Handler;
  readonly hosts: readonly string[];
}

/** A pattern that matches itself alone. */
const LITERAL = /^[\w\-./~]+$/;

export function createRouter<Handler>(): Router<Handler> {
  /** As many as the configuration has listening endpoints. */
  const claims: Claim<Handler>[] = [];

  return {
    claim,
    find,
    get patterns() {
      return claims.map(({ written }) => written);
    },
  };

  function claim(written: string, handler: Handler, hosts: readonly string[] = []): () => void {
    const pattern = parse(written);
    const path = pattern.pathname;
    if (isOwnPath(path)) {
      throw new AraldoError(
        'reserved-path',
        `path ${written} is the server's own: choose another, such as /ws`,
      );
    }
    if (claims.some((other) => other.pattern.pathname === path)) {
      throw new AraldoError(
        'reserved-path',
        `path ${written} is claimed by another endpoint: give each its own`,
      );
    }
    const literal = LITERAL.test(path) ? path : undefined;
    const entry: Claim<Handler> = { written, pattern, literal, handler, hosts };
    claims.push(entry);
    return () => {
      const place = claims.indexOf(entry);
      if (place >= 0) claims.splice(place, 1);
    };
  }

  function find(pathname: string): Found<Handler> | undefined {
    for (const { literal, pattern, handler, hosts } of claims) {
      // A pattern takes as long as the rest of an upgrade, and a server may have thousands of paths.
      if (literal !== undefined) {
        if (literal === pathname) return { handler, hosts, params: {} };
        continue;
      }
      const match = pattern.exec({ pathname });
      if (match !== null) return { handler, hosts, params: decode(match.pathname.groups) };
    }
    return undefined;
  }
}

function parse(written: string): URLPattern {
  if (!written.startsWith('/')) {
    throw new AraldoError('invalid-value', `expected a path that starts with "/", found "${written}"`);
  }
  try {
    return new URLPattern({ pathname: written });
  } catch (cause) {
    throw new AraldoError('invalid-value', `expected a path such as /rooms/:room, found "${written}"`, {
      cause,
    });
  }
}

/** Groups without a name, those of `*`, are numbered; they and groups that matched nothing are left out. */
function decode(groups: Readonly<Record<string, string | undefined>>): Record<string, string> | undefined {
  const params: [string, string][] = [];
  for (const [name, value] of Object.entries(groups)) {
    if (value === undefined || /^\d/.test(name)) continue;
    try {
      params.push([name, decodeURIComponent(value)]);
    } catch {
      return undefined;
    }
  }
  return Object.fromEntries(params);
}
