// Certificates for 127.0.0.1 that nobody trusts but those who are told to.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate extends Disposable {
  /** Paths of PEM files. */
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** What its key is encrypted with. */
  readonly passphrase?: string;
  /** Its authority; itself unless given, so that its file is also that of its authority. */
  readonly authority?: Certificate;
  readonly name?: string;
}

export const hasOpenssl: boolean = spawnSync('openssl', ['version']).status === 0;

/** Makes one that is valid for a day. */
export function makeCertificate(options: CertificateOptions = {}): Certificate {
  const { passphrase, authority, name = 'araldo test' } = options;
  const folder = mkdtempSync(join(tmpdir(), 'araldo-tls-'));
  const cert = join(folder, 'cert.pem');
  const key = join(folder, 'key.pem');
  const made = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-days', '1'],
    ...(passphrase === undefined ? ['-nodes'] : ['-passout', `pass:${passphrase}`]),
    ...(authority === undefined ? [] : ['-CA', authority.cert, '-CAkey', authority.key]),
    ...['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1,DNS:inside'],
    ...['-keyout', key, '-out', cert],
  ]);
  if (made.status !== 0) throw new Error(`openssl: ${made.stderr.toString()}`);
  return { cert, key, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}
