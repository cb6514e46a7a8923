/** The URL of a broker: what it says, taken apart once, and how the broker is named where people read it. */
import { z } from 'zod';
import { AraldoError } from '../core/errors.ts';

export interface BrokerUrl {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** What stands behind the first slash, as it is written. */
  readonly path: string;
  /** `redis://host:port`: never the password, so it may be printed and compared. */
  readonly address: string;
}

export interface BrokerUrlForm {
  /** Whose URL it is, in errors: `Redis`. */
  readonly of: string;
  /** Examples, in errors. */
  readonly such: string;
  readonly plain: SchemeForm;
  readonly tls: SchemeForm;
}

interface SchemeForm {
  readonly scheme: string;
  readonly port: number;
}

/**
 * Reads `scheme://user:password@host:port/path`. What else a URL may carry is refused, not ignored. Throws an
 * `AraldoError` (`invalid-value`) that does not repeat the URL: it may hold a password.
 *
 * @example
 * const { address } = readBrokerUrl('redis://cache', {
 *   of: 'Redis',
 *   such: 'redis://host:6379',
 *   plain: { scheme: 'redis', port: 6379 },
 *   tls: { scheme: 'rediss', port: 6379 },
 * });
 * address // 'redis://cache:6379'
 */
export function readBrokerUrl(text: string, { of, such, plain, tls }: BrokerUrlForm): BrokerUrl {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const form = [plain, tls].find(({ scheme }) => url?.protocol === `${scheme}:`);
  if (url === undefined || form === undefined || url.hostname === '')
    throw invalid(`expected a URL such as ${such}`);
  if (url.search !== '' || url.hash !== '')
    throw invalid(`expected no ? and no # in the URL of ${of}: encode them as %3F and %23 in a password`);
  const port = url.port === '' ? form.port : Number(url.port);
  const hostname = url.hostname.toLowerCase();
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port,
    isTls: form === tls,
    username: url.username === '' ? undefined : decodeUrlPart(url.username, of),
    password: url.password === '' ? undefined : decodeUrlPart(url.password, of),
    path: url.pathname.replace(/^\//, ''),
    address: `${form.scheme}://${hostname}:${port}`,
  };
}

/** What a part of the URL stands for. Throws as `readBrokerUrl` does. */
export function decodeUrlPart(part: string, of: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalid(`expected a % in the URL of ${of} to be written as %25`);
  }
}

export function invalid(text: string): AraldoError {
  return new AraldoError('invalid-value', text);
}

/**
 * For `transform`: text that `parse` takes apart, or says in an `AraldoError` what is wrong with. The text itself is not
 * repeated.
 *
 * @example
 * z.string().transform(parsing(parseTarget))
 */
export function parsing<T>(parse: (text: string) => T): (text: string, context: z.RefinementCtx) => T {
  return (text, context) => {
    try {
      return parse(text);
    } catch (thrown) {
      context.addIssue({ code: 'custom', message: AraldoError.from(thrown, 'invalid-value').message });
      return z.NEVER;
    }
  };
}
