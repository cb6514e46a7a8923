/** The options that every endpoint on NATS has: where the servers are, and who we are to them. */
import { z } from 'zod';
import { parsing } from '../options/broker-url.ts';
import { duration } from '../options/duration.ts';
import { type TlsFiles, tlsFiles } from '../options/tls.ts';
import type { Credentials } from './credentials.ts';
import { parseServer, type Server } from './target.ts';

/** More servers than a cluster has. */
const MOST_SERVERS = 64;

const url: z.ZodType<Server, string> = z.string().transform(parsing(parseServer));

const servers: z.ZodType<readonly Server[], string | string[] | undefined> = z
  .union([url.transform((one) => [one]), z.array(url).min(1).max(MOST_SERVERS)], {
    error({ input, errors }) {
      const all = errors as unknown as readonly (readonly { readonly message: string }[])[];
      const said = (typeof input === 'string' ? all[0] : all[1])?.[0]?.message;
      return said ?? 'expected the URL of a server, or a list of them';
    },
  })
  .prefault('nats://127.0.0.1:4222')
  .describe(
    'nats://user:password@host:port, or tls:// to insist on TLS; a list for the servers of a cluster.',
  );

/** To be spread into the options of an endpoint; `connectionOf` reads them, `connectionProblem` checks them. */
export const connectionFields: {
  readonly url: typeof servers;
  readonly token: z.ZodOptional<z.ZodString>;
  readonly creds: z.ZodOptional<z.ZodString>;
  readonly nkey: z.ZodOptional<z.ZodString>;
  readonly tls: ReturnType<typeof tlsFiles>;
  readonly ping: typeof ping;
} = {
  url: servers,
  token: z.string().min(1).optional().describe('The token that the server asks for.'),
  creds: z
    .string()
    .min(1)
    .optional()
    .describe('The path of a credentials file, as nsc makes them, or its text: ${file:user.creds}.'),
  nkey: z
    .string()
    .min(1)
    .optional()
    .describe('The path of a file with the seed of an nkey, or the seed: ${NATS_SEED}.'),
  tls: tlsFiles(),
  get ping() {
    return ping;
  },
};

const ping: z.ZodType<
  { readonly every: number; readonly timeout: number },
  { every?: string | undefined; timeout?: string | undefined } | undefined
> = z
  .strictObject({
    every: duration().default(25_000).describe('How often the server is asked whether it is there.'),
    timeout: duration().default(15_000).describe('How long it may take to answer.'),
  })
  .prefault({})
  .describe('How a connection that is gone without a word is noticed.');

/** The same as parsed. */
export interface ConnectionValue extends Credentials {
  readonly url: readonly Server[];
  readonly tls: TlsFiles;
  readonly ping: { readonly every: number; readonly timeout: number };
}

export interface ConnectionSettings {
  readonly servers: readonly Server[];
  readonly credentials: Credentials;
  readonly tls: TlsFiles;
  readonly pingMs: number;
  readonly pongMs: number;
}

export function connectionOf(value: ConnectionValue): ConnectionSettings {
  const { url, token, creds, nkey, tls, ping } = value;
  return {
    servers: url,
    credentials: { token, creds, nkey },
    tls,
    pingMs: ping.every,
    pongMs: ping.timeout,
  };
}

/** Adds what is wrong with the options of a connection together; for `superRefine`. */
export function checkConnection(value: ConnectionValue, context: z.RefinementCtx): void {
  const inUrl = value.url.some(({ username, token }) => (username ?? token) !== undefined);
  const stated = [
    ...(inUrl ? ['a user or token in url'] : []),
    ...(['token', 'creds', 'nkey'] as const).filter((name) => value[name] !== undefined),
  ];
  if (stated.length <= 1) return;
  const message = `expected one way to log in, found ${stated.join(' and ')}`;
  context.addIssue({ code: 'custom', path: [stated.at(-1) ?? 'url'], message });
}
