/** What RabbitMQ says when it does not let us, and what to do about it. */
import { AraldoError } from '../../src/core/errors.ts';
import { tlsProblem } from '../../src/options/tls-problem.ts';

/** An `AraldoError` of `what` was refused, or was lost, with the cure where one is known. */
export function refusal(
  what: string,
  thrown: unknown,
  code: 'connect-failed' | 'connection-lost' = 'connect-failed',
): AraldoError {
  if (thrown instanceof AraldoError) return thrown;
  const text = tlsProblem(thrown) ?? textOf(thrown);
  return new AraldoError(code, `${what}: ${text}${cureFor(text)}`, { cause: thrown });
}

/** What an error of amqplib says, in the words of RabbitMQ where it has some. */
export function textOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  // A host with several addresses fails with the failures of all of them.
  const first: unknown = thrown instanceof AggregateError ? thrown.errors[0] : undefined;
  if (thrown.message === '' && first !== undefined) return textOf(first);
  const said =
    /with message "([^]*?)"(?:;|$)/.exec(thrown.message) ?? /"replyText":"([^]*?[^\\])"/.exec(thrown.message);
  return said?.[1] ?? thrown.message;
}

/** By how the words of RabbitMQ begin. */
const cures: readonly (readonly [string, string])[] = [
  [
    'ACCESS_REFUSED - Login was refused using authentication mechanism EXTERNAL',
    'check the certificate of tls.cert: its name is that of a user (ssl_cert_login_from)',
  ],
  ['ACCESS_REFUSED - Login', 'check the user and the password in url'],
  ['ACCESS_REFUSED', 'check the permissions of the user in url'],
  // Of this refusal amqplib does not pass on what RabbitMQ said.
  [
    'Expected ConnectionOpenOk; got <ConnectionClose',
    'check the vhost in url, and that the user in url may use it',
  ],
  ['NOT_ALLOWED', 'check the vhost in url, and that the user in url may use it'],
  [
    'PRECONDITION_FAILED - inequivalent arg',
    'it is there already: make queue-type, arguments or exchange-type alike, or state declare: false',
  ],
  ['NOT_FOUND - no queue', 'check queue or to-queue, or leave out declare: false'],
  ['NOT_FOUND - no exchange', 'check its name, or state its exchange-type to have it declared'],
];

function cureFor(text: string): string {
  const cure = cures.find(([beginning]) => text.startsWith(beginning))?.[1];
  return cure === undefined ? '' : `; ${cure}`;
}
