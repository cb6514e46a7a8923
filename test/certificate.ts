// A certificate for 127.0.0.1 that nobody trusts but those who are told to.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate extends Disposable {
  /** Paths of PEM files. */
  readonly cert: string;
  readonly key: string;
}

export const hasOpenssl: boolean = spawnSync('openssl', ['version']).status === 0;

/** Makes one that signs itself, so that its file is also that of its authority. */
export function makeCertificate(): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'araldo-tls-'));
  const cert = join(folder, 'cert.pem');
  const key = join(folder, 'key.pem');
  const made = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'],
    ...['-subj', '/CN=araldo test', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:inside'],
    ...['-keyout', key, '-out', cert],
  ]);
  if (made.status !== 0) throw new Error(`openssl: ${made.stderr.toString()}`);
  return { cert, key, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}
