/** Who the server is under TLS: its certificate and key, read, and checked to belong together. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { AraldoError, type ErrorCode } from '../core/errors.ts';
import { foundInPem, readPem } from './pem.ts';
import type { ServerTls } from './server-tls.ts';

export interface Identity {
  /** What `tls.Server.setSecureContext` takes. */
  readonly context: SecureContextOptions;
  /** Of the certificate, on one line: `CN=relay.example`. */
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly validFrom: number;
  readonly validTo: number;
}

export type IdentityResult =
  | { readonly identity: Identity; readonly problems?: undefined }
  /** Each names the option it is about in its place: `server-tls.key`. */
  | { readonly problems: readonly AraldoError[] };

/**
 * Reads and checks what `server-tls` names; never rejects.
 *
 * @param tls with paths that are absolute, or relative to the current folder
 */
export async function readIdentity(tls: ServerTls): Promise<IdentityResult> {
  const problems: AraldoError[] = [];
  const [cert, key, ca] = await Promise.all([
    read('cert', tls.cert, problems),
    read('key', tls.key, problems),
    read('ca', tls.ca, problems),
  ]);
  const certificate = cert === undefined ? undefined : certificateOf('cert', cert, problems);
  if (ca !== undefined) certificateOf('ca', ca, problems);
  const privateKey = key === undefined ? undefined : privateKeyOf(key, tls.passphrase, problems);
  if (certificate === undefined || privateKey === undefined || problems.length > 0) return { problems };

  const subject = certificate.subject.replaceAll('\n', ', ');
  if (!certificate.checkPrivateKey(privateKey)) {
    const text =
      `expected the private key of the certificate (${subject}), found that of another; ` +
      'in the file of cert our own certificate stands first';
    return { problems: [problem('mismatched-key', 'key', text)] };
  }
  const context: SecureContextOptions = {
    cert,
    key,
    minVersion: tls.minVersion,
    ...(tls.passphrase !== undefined && { passphrase: tls.passphrase }),
    ...(ca !== undefined && { ca }),
  };
  try {
    createSecureContext(context);
  } catch (thrown) {
    // A key that is too short for today, or something between the certificates of a chain.
    const text = `expected a certificate that TLS can use: ${textOf(thrown)}`;
    return { problems: [problem('invalid-certificate', 'cert', text, thrown)] };
  }
  const { validFromDate, validToDate } = certificate;
  return {
    identity: { context, subject, validFrom: validFromDate.getTime(), validTo: validToDate.getTime() },
  };
}

/** What is wrong with the time for which a certificate is good, if anything. */
export function expiryOf({ subject, validFrom, validTo }: Identity, now: number): string | undefined {
  const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  const named = `the certificate (${subject})`;
  const consequence = 'clients that verify it will not connect';
  if (now >= validTo) return `${named} expired on ${day(validTo)}: ${consequence}`;
  return now < validFrom
    ? `${named} is valid from ${day(validFrom)} on: until then ${consequence}`
    : undefined;
}

async function read(
  option: string,
  value: string | undefined,
  problems: AraldoError[],
): Promise<Buffer | undefined> {
  if (value === undefined) return undefined;
  try {
    return await readPem(value);
  } catch (thrown) {
    const isAbsent = (thrown as NodeJS.ErrnoException).code === 'ENOENT';
    const reason = isAbsent ? `found no file at ${value}` : `could not read ${value}: ${textOf(thrown)}`;
    problems.push(problem('unreadable-file', option, `expected a file in PEM, ${reason}`, thrown));
    return undefined;
  }
}

function certificateOf(option: string, bytes: Buffer, problems: AraldoError[]): X509Certificate | undefined {
  try {
    return new X509Certificate(bytes);
  } catch (thrown) {
    const found = foundInPem(bytes);
    const reason = found === 'CERTIFICATE' ? `one that cannot be read: ${textOf(thrown)}` : found;
    const text = `expected a certificate in PEM, found ${reason}`;
    problems.push(problem('invalid-certificate', option, text, thrown));
    return undefined;
  }
}

function privateKeyOf(
  bytes: Buffer,
  passphrase: string | undefined,
  problems: AraldoError[],
): KeyObject | undefined {
  const isEncrypted = /ENCRYPTED/.test(bytes.toString('latin1'));
  if (isEncrypted && passphrase === undefined) {
    const text = 'expected the passphrase of the private key, which is encrypted; found nothing';
    problems.push(problem('wrong-passphrase', 'passphrase', text));
    return undefined;
  }
  try {
    return createPrivateKey({ key: bytes, ...(passphrase !== undefined && { passphrase }) });
  } catch (thrown) {
    const found = foundInPem(bytes);
    problems.push(
      isEncrypted
        ? problem(
            'wrong-passphrase',
            'passphrase',
            'expected the passphrase of the private key, found another',
          )
        : problem('invalid-key', 'key', `expected a private key in PEM, found ${found}: ${textOf(thrown)}`),
    );
    return undefined;
  }
}

/** Without what OpenSSL said where that could hold a piece of a key: it names functions and reasons only. */
function problem(code: ErrorCode, option: string, text: string, cause?: unknown): AraldoError {
  return new AraldoError(code, text, { place: { path: `server-tls.${option}` }, cause });
}

function textOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
