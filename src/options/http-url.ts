/** The option `url` of endpoints that ask an HTTP server, and its parts: what is sent, and what may be printed. */
import { z } from 'zod';

/** `http://` or `https://`, without a fragment. User and password in it become basic authentication. */
export function httpUrl(): z.ZodType<URL, string> {
  return z
    .string()
    .refine(isHttpUrl, 'expected a URL such as https://host/path, without a #')
    .transform((text) => new URL(text));
}

/** Without user, password, query and fragment: what may be printed. */
export function printableUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/** What a request is sent to. */
export function withoutCredentials(url: URL): URL {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return bare;
}

/** The header that user and password of a URL stand for, if it has any. */
export function basicAuthentication({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

function isHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hash } = new URL(text);
  return (protocol === 'http:' || protocol === 'https:') && hash === '';
}
