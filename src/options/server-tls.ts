/** How the server's own port is secured: the same words as for outgoing connections, from the other side. */
import { z } from 'zod';
import { pem } from './pem.ts';

/** Whether clients are asked for a certificate: never; those who have one show it; all must. */
export const clientCertificates = ['none', 'request', 'require'] as const;
export type ClientCertificates = (typeof clientCertificates)[number];

export const tlsVersions = ['TLSv1.2', 'TLSv1.3'] as const;
export type TlsVersion = (typeof tlsVersions)[number];

/** Paths of files or PEM text; paths are read anew when certificates are reloaded. */
export interface ServerTls {
  /** Our certificate, then those that lead to its authority. */
  readonly cert: string;
  readonly key: string;
  readonly passphrase?: string;
  /** Authorities that sign the certificates of clients. */
  readonly ca?: string;
  readonly clientCertificates: ClientCertificates;
  readonly minVersion: TlsVersion;
}

/**
 * The type of `server-tls`; made once, because making it costs more than what it reads.
 *
 * @example
 * serverTls.parse({ cert: 'cert.pem', key: 'key.pem' }).minVersion // 'TLSv1.2'
 */
export const serverTls: z.ZodType<ServerTls, unknown> = z
  .strictObject({
    cert: pem('Our certificate, then those that lead to its authority.'),
    key: pem('Its private key.'),
    passphrase: z.string().min(1).optional().describe('What the private key is encrypted with.'),
    ca: pem('The authorities that sign the certificates of clients.').optional(),
    'client-certificates': z
      .enum(clientCertificates)
      .optional()
      .describe('Whether clients must show one; unset: require where there is a ca, else none.'),
    'min-version': z.enum(tlsVersions).default('TLSv1.2').describe('The oldest version to speak.'),
  })
  .refine((value) => value.ca !== undefined || (value['client-certificates'] ?? 'none') === 'none', {
    path: ['ca'],
    message: 'expected the authorities that sign the certificates of clients, found nothing',
  })
  .transform(({ cert, key, passphrase, ca, 'client-certificates': asked, 'min-version': minVersion }) => ({
    cert,
    key,
    ...(passphrase !== undefined && { passphrase }),
    ...(ca !== undefined && { ca }),
    clientCertificates: asked ?? (ca === undefined ? 'none' : 'require'),
    minVersion,
  }));
