/** How an outgoing connection is secured beyond what every system trusts anyway: files, and a name. */
import type { ConnectionOptions } from 'node:tls';
import { z } from 'zod';
import { AraldoError } from '../core/errors.ts';
import { pem, readPem } from './pem.ts';

/** What `tls.connect`, `https.request` and client libraries take. */
export type TlsSettings = Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'passphrase' | 'servername'>;

/** Paths of files, read anew for each connection, so that certificates can be replaced while we run; or PEM text. */
export interface TlsFiles {
  /** Certificates to trust instead of the well-known ones. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly passphrase?: string | undefined;
  /** The name to expect in the certificate of the other side. */
  readonly 'server-name'?: string | undefined;
}

/**
 * The type of the `tls` option. Certificates are always verified; there is no option to switch that off.
 *
 * @example
 * z.strictObject({ tls: tlsFiles() }).parse({ tls: { ca: 'ca.pem' } })
 */
export function tlsFiles(): z.ZodType<TlsFiles, TlsFiles | undefined> {
  return z
    .strictObject({
      ca: pem('Certificates to trust instead of the well-known ones.').optional(),
      cert: pem('Our certificate, where the other side asks for one.').optional(),
      key: pem('Its private key.').optional(),
      passphrase: z.string().min(1).optional().describe('What the private key is encrypted with.'),
      'server-name': z.string().optional().describe('The name to expect in the certificate.'),
    })
    .refine(({ cert, key }) => (cert === undefined) === (key === undefined), {
      message: 'expected cert and key together',
    })
    .prefault({})
    .describe('For a connection over TLS. Files are read anew each time it connects.');
}

/**
 * Reads the files, to be given to `tls.connect`. Rejects with an `AraldoError` (`connect-failed`) that names
 * the file that could not be read.
 */
export async function readTls(files: TlsFiles): Promise<TlsSettings> {
  const [ca, cert, key] = await Promise.all([
    read('ca', files.ca),
    read('cert', files.cert),
    read('key', files.key),
  ]);
  const { passphrase, 'server-name': servername } = files;
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(passphrase !== undefined && { passphrase }),
    ...(servername !== undefined && { servername }),
  };
}

async function read(option: string, value: string | undefined): Promise<Buffer | undefined> {
  if (value === undefined) return undefined;
  return await readPem(value).catch((thrown: unknown) => {
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    throw new AraldoError('connect-failed', `could not read the file of tls.${option}: ${text}`, {
      cause: thrown,
    });
  });
}
