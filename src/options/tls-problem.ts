/** What is wrong with a TLS connection, by the option of `tls` that mends it: OpenSSL speaks of records and alerts. */

/** By the number of the alert with which the other side has ended the handshake. */
const alerts: Readonly<Record<number, string>> = {
  40: 'the other side agrees to no way of encryption, or asks for a certificate: see tls.cert and tls.key',
  42: 'the other side does not take the certificate of tls.cert',
  43: 'the other side does not take certificates such as that of tls.cert',
  44: 'the other side says that the certificate of tls.cert is revoked',
  45: 'the other side says that the certificate of tls.cert has expired',
  46: 'the other side does not take the certificate of tls.cert',
  48: 'the other side does not know the authority that made the certificate of tls.cert',
  49: 'the other side lets nobody in with the certificate of tls.cert',
  70: 'the other side speaks no version of TLS from 1.2 on',
  112: 'the other side does not know this name: see tls.server-name',
  116: 'the other side asks for a certificate: set tls.cert and tls.key',
};

/** By the code of an error that Node has found itself. */
const codes: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls.ca',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls.ca',
  UNABLE_TO_GET_ISSUER_CERT: 'tls.ca',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls.ca',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls.ca',
  CERT_SIGNATURE_FAILURE: 'tls.ca',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls.server-name',
};

/**
 * What an error of a connection says, if it is of TLS; `undefined` for any other.
 *
 * @example
 * tlsProblem(error) // 'self-signed certificate; see tls.ca'
 */
export function tlsProblem(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const alert = alerts[Number(/SSL alert number (\d+)/.exec(thrown.message)?.[1] ?? 0)];
  if (alert !== undefined) return alert;
  const { code } = thrown as { readonly code?: unknown };
  const option = typeof code === 'string' ? codes[code] : undefined;
  if (option !== undefined) return `${thrown.message}; see ${option}`;
  // Both in the words of OpenSSL, which begin with the id of a thread.
  if (/wrong version number|packet length too long/.test(thrown.message)) {
    return 'the other side does not speak TLS on this port';
  }
  return undefined;
}
