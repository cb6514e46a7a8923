/** What a request must be before anybody sees it: few headers, one Host that is admitted, a path. */
import type { IncomingMessage } from 'node:http';
import type { Refusal } from './answer.ts';
import type { HostCheck } from './host-check.ts';

export interface InspectOptions {
  readonly headerCount: number;
  readonly checkHost: HostCheck;
  /** The Host headers that a path admits besides the server's. */
  readonly hostsOf: (pathname: string) => readonly string[];
}

export type Inspected =
  | { readonly pathname: string; readonly refusal?: undefined }
  | { readonly refusal: Refusal };

/**
 * The normalised pathname of a good request, or what to answer to a bad one. Reads `rawHeaders` and `headers`
 * only: they hold every header (the server sets no `maxHeadersCount`, which would drop some without a word).
 */
export function inspect(request: IncomingMessage, options: InspectOptions): Inspected {
  const { headerCount, checkHost, hostsOf } = options;
  const { rawHeaders } = request;
  if (rawHeaders.length / 2 > headerCount) {
    return refused(431, `A request may have ${headerCount} headers; this one has ${rawHeaders.length / 2}.`);
  }
  let hosts = 0;
  for (let place = 0; place < rawHeaders.length; place += 2) {
    if (rawHeaders[place]?.toLowerCase() === 'host') hosts += 1;
  }
  if (hosts > 1) return refused(400, 'A request has one Host header; this one has several.');
  const pathname = pathnameOf(request.url ?? '');
  if (pathname === undefined) return refused(400, 'The target of a request is a path that starts with "/".');
  const wrongHost = checkHost(request.headers.host ?? '', () => hostsOf(pathname));
  return wrongHost === undefined ? { pathname } : { refusal: wrongHost };
}

/** As URLs see it, so that `/x/../livez` is `/livez` for every check. */
function pathnameOf(target: string): string | undefined {
  if (!target.startsWith('/')) return undefined;
  try {
    return new URL(`http://localhost${target}`).pathname;
  } catch {
    return undefined;
  }
}

function refused(status: number, text: string): Inspected {
  return { refusal: { status, text } };
}
