/** What an error of Kafka or of its client library says, in one sentence, with what to do about it. */
import { AraldoError, type ErrorCode } from '../../src/core/errors.ts';

/** What the errors of the client library may carry: its classes are loaded late, so they are known by their fields. */
interface KafkaError extends Error {
  readonly code?: unknown;
  /** `NOT_LEADER_OR_FOLLOWER`, and the other names of the protocol. */
  readonly apiId?: unknown;
  readonly serverErrorMessage?: unknown;
  readonly errors?: readonly unknown[];
  /** Of the brokers' answer, where it was one: it may be good in other parts. */
  readonly response?: unknown;
}

/** An error has causes within causes; a cycle must not hold us. */
const DEEPEST = 8;

/** What to do, by the protocol's name of the error. */
const cures: Readonly<Record<string, string>> = {
  SASL_AUTHENTICATION_FAILED: 'check sasl.username and sasl.password',
  UNSUPPORTED_SASL_MECHANISM: 'check sasl.mechanism',
  ILLEGAL_SASL_STATE: 'check sasl, or use the port that the broker has for it',
  UNKNOWN_TOPIC_OR_PARTITION: 'create the topic, or state create: true',
  TOPIC_AUTHORIZATION_FAILED: 'allow the user to read or write the topic',
  GROUP_AUTHORIZATION_FAILED: 'allow the user to read with the group',
  CLUSTER_AUTHORIZATION_FAILED: 'allow the user IdempotentWrite, or state idempotent: false',
  INVALID_TOPIC_EXCEPTION: 'a topic is 1 to 249 letters, digits, dots, dashes and underscores',
  INVALID_REPLICATION_FACTOR: 'create.replicas must not exceed the number of brokers',
  INCONSISTENT_GROUP_PROTOCOL:
    'the other members of the group use another assignor: roundrobin and range are shared',
  INVALID_SESSION_TIMEOUT:
    'session-timeout must lie between group.min and group.max.session.timeout.ms of the broker',
  UNSUPPORTED_COMPRESSION_TYPE: 'check compression',
};

/** The same by the code of an error of Node. */
const curesOfCodes: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'check brokers',
  ENOTFOUND: 'check brokers',
  EAI_AGAIN: 'check brokers',
  EHOSTUNREACH: 'check brokers',
  ERR_TLS_CERT_ALTNAME_INVALID: 'check brokers, or state tls.server-name',
  CERT_HAS_EXPIRED: 'the certificate of the broker is too old',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'check tls.ca',
  SELF_SIGNED_CERT_IN_CHAIN: 'check tls.ca',
  UNABLE_TO_GET_ISSUER_CERT: 'check tls.ca',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'check tls.ca',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'check tls.ca',
};

/** All of an error and what is within it, from the outermost on. */
export function* within(thrown: unknown, depth = 0): Generator<KafkaError> {
  if (!(thrown instanceof Error) || depth > DEEPEST) return;
  const error = thrown as KafkaError;
  yield error;
  for (const inner of error.errors ?? []) yield* within(inner, depth + 1);
  yield* within(error.cause, depth + 1);
}

/** The protocol's names of what went wrong: several where several partitions failed. */
export function protocolErrorsOf(thrown: unknown): readonly string[] {
  const names = new Set<string>();
  for (const { apiId } of within(thrown)) if (typeof apiId === 'string') names.add(apiId);
  return [...names];
}

/** The answer of the broker that an error was made of. */
export function responseOf(thrown: unknown): unknown {
  for (const { response } of within(thrown)) if (response !== undefined) return response;
  return undefined;
}

/**
 * `could not connect to kafka://host:9092: connect ECONNREFUSED`. The error of the library does not become the cause:
 * it holds whole answers, and would be logged with them.
 */
export function refusal(code: ErrorCode, what: string, thrown: unknown): AraldoError {
  if (thrown instanceof AraldoError) return thrown;
  const names = protocolErrorsOf(thrown);
  const cure = names.map((name) => cures[name]).find((text) => text !== undefined) ?? cureOf(thrown);
  return new AraldoError(code, `${what}: ${textOf(thrown)}${cure === undefined ? '' : `; ${cure}`}`);
}

/** What the innermost error says: those around it say only that there is one. */
export function textOf(thrown: unknown): string {
  let text = thrown instanceof Error ? '' : String(thrown);
  for (const error of within(thrown)) {
    const { apiId, serverErrorMessage } = error;
    if (typeof apiId === 'string') {
      const said = typeof serverErrorMessage === 'string' ? serverErrorMessage : error.message;
      return `${apiId} (${said})`;
    }
    if (error.message !== '') text = error.message;
  }
  return text;
}

function cureOf(thrown: unknown): string | undefined {
  for (const { code, message } of within(thrown)) {
    if (code === 'PLT_KFK_AUTHENTICATION') return 'check sasl.mechanism, sasl.username and sasl.password';
    if (message.includes('requires TLS')) return 'state tls: true';
    const cure = typeof code === 'string' ? curesOfCodes[code] : undefined;
    if (cure !== undefined) return cure;
    // A broker that stops says no more than this, nor does one that asks for TLS or does not like the certificate it gets.
    if (message === 'Connection closed')
      return 'the broker is stopping, or else check tls, and tls.cert and tls.key where it asks for a certificate';
    if (message.startsWith('Unknown topic')) return cures['UNKNOWN_TOPIC_OR_PARTITION'];
  }
  return undefined;
}
