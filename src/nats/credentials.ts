/** Who we are to a server: the credentials of the options, read anew for each connection, as its library takes them. */
import type * as transport from '@nats-io/transport-node';
import type { Authenticator } from '@nats-io/transport-node';
import { AraldoError } from '../core/errors.ts';
import { readWhole } from '../options/read-whole.ts';
import type { Server } from './target.ts';

export interface Credentials {
  readonly token?: string | undefined;
  /** The path of a credentials file, or its text. */
  readonly creds?: string | undefined;
  /** The path of a file with the seed of an nkey, or the seed. */
  readonly nkey?: string | undefined;
}

type Library = typeof transport;

/** A credentials file has less than two. */
const MAX_BYTES = 64 * 1024;

/**
 * What the library asks for our answer to a server's challenge, or nothing where nothing is stated. Rejects with an
 * `AraldoError` (`connect-failed`) that names the option and never what the file holds.
 */
export async function authenticatorOf(
  library: Library,
  credentials: Credentials,
  server: Server,
): Promise<Authenticator | undefined> {
  const { creds, nkey, token = server.token } = credentials;
  if (creds !== undefined) {
    const text = /-----BEGIN /.test(creds) ? creds : await read('creds', creds);
    const bytes = new TextEncoder().encode(text);
    return checked('creds', 'a credentials file, with a JWT and the seed of an nkey', () =>
      library.credsAuthenticator(bytes),
    );
  }
  if (nkey !== undefined) {
    const text = isSeed(nkey) ? nkey : await read('nkey', nkey);
    const seed = new TextEncoder().encode(/^S[A-Z2-7]+$/m.exec(text)?.[0] ?? text.trim());
    return checked('nkey', 'the seed of an nkey, which begins with SU', () =>
      library.nkeyAuthenticator(seed),
    );
  }
  if (token !== undefined) return library.tokenAuthenticator(token);
  const { username, password = '' } = server;
  return username === undefined ? undefined : library.usernamePasswordAuthenticator(username, password);
}

/** What to look at when a server refuses us. */
export function cureOf({ token, creds, nkey }: Credentials, server: Server): string {
  if (creds !== undefined) return 'check creds';
  if (nkey !== undefined) return 'check nkey';
  if (token !== undefined || server.token !== undefined) return 'check the token';
  if (server.username !== undefined) return 'check the user and the password in url';
  return 'state a user and password in url, or token, creds or nkey';
}

function isSeed(text: string): boolean {
  return /^\s*S[UAOCNX][A-Z2-7]{56}\s*$/.test(text);
}

async function read(option: string, path: string): Promise<string> {
  try {
    return (await readWhole(path, MAX_BYTES)).toString();
  } catch (thrown) {
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    throw new AraldoError('connect-failed', `could not read the file of ${option}: ${text}`, {
      cause: thrown,
    });
  }
}

/** Asked once now, so that a file which is none says so, and not the server. */
function checked(option: string, expected: string, make: () => Authenticator): Authenticator {
  try {
    const authenticator = make();
    authenticator('nonce');
    return authenticator;
  } catch {
    // Without the cause: it may quote the seed.
    throw new AraldoError('connect-failed', `expected ${option} to be ${expected}, found something else`);
  }
}
