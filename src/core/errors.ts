/** Everything that can go wrong, by a stable code: users search for it, metrics and tests count by it. */

/** One line for each code: what it means to the person who meets it. */
export const errorCodes = {
  // A message could not be processed: it costs that message.
  'malformed-payload': 'the bytes of a message are not what its marshaller expects',
  'payload-too-large': 'the payload of a message is larger than the max-payload of its endpoint',
  'unmarshallable-payload': 'a value has no form in the bytes of its marshaller',
  'invalid-payload': 'a payload is not what the schema of a step demands',
  'expression-failed': 'an expression could not be evaluated for a message',
  'step-failed': 'a step threw, rejected or returned undefined',
  'step-timeout': 'a step did not answer before its deadline',
  'step-ended': 'the observable of an rx step ended while it held messages',
  'leg-full': 'the buffer in front of a sink was full under the policy `error`',
  'sink-rejected': 'the sink refused a message for good',
  unroutable: 'a broker has nobody to give a message to',
  'too-many-deliveries': 'a message was delivered max-deliveries times and never settled well',
  'timed-out': 'a message was not settled by the rest of its route within the time of a timeout step',
  'over-settled': 'code settled a message more often than it had obligations',

  // An endpoint is broken: it is held and opened again.
  'connect-failed': 'a connection could not be opened',
  'connection-lost': 'a connection that was open has ended',
  'open-timeout': 'an endpoint did not open before its deadline',

  // The file of a leg that spills: nothing is acked that is not on disk.
  'spill-failed': 'messages could not be written to disk or read from it: it is full, or broken',
  'spill-corrupt': 'the file of a leg that spills is damaged, or is no such file',
  'spill-mismatch': 'the file of a leg that spills holds messages of another leg',
  'spill-locked': 'the file of a leg that spills is used by another process',

  // The server could not start or stop as asked.
  'port-in-use': 'another process listens on the port of the server',
  'listen-failed': 'the server could not listen',
  'reserved-path': 'two endpoints claim one path, or one claims a path of the server',
  'unknown-endpoint': 'code asked for an endpoint that the configuration does not name',
  'plugin-failed': 'a plugin threw while it was made ready',
  'missing-package': 'a plugin needs a client library that is not installed',

  // The configuration is wrong: nothing is started.
  'config-unreadable': 'the configuration file could not be read',
  'yaml-invalid': 'the text is not the YAML that araldo reads',
  'yaml-limit': 'the YAML is larger, deeper or more repetitive than allowed',
  'unknown-key': 'a key that nothing reads',
  'missing-key': 'a key that must be there is not',
  'invalid-value': 'a value is not of the kind, form or range expected',
  'duplicate-name': 'two things have the same name',
  'unknown-name': 'a name that nothing declares',
  'unknown-plugin': 'no plugin has this id',
  'plugin-invalid': 'what was found under a plugin id is not a plugin',
  'unset-variable': 'a variable without a default is not set',
  'unreadable-secret': 'the file of a secret could not be read',
  'unreadable-file': 'a file that the configuration names could not be read',
  'invalid-certificate': 'a file does not hold a certificate that TLS can use',
  'invalid-key': 'a file does not hold a private key',
  'wrong-passphrase': 'a private key is encrypted, with another passphrase or with one that is not given',
  'mismatched-key': 'a private key is not that of its certificate',
  'invalid-expression': 'an expression does not parse or does not check',
  'ambiguous-marshaller': 'several marshallers are declared and none is chosen',
  'wrong-role': 'an endpoint is used as a source or sink and cannot be one',
  'unkeepable-policy': 'a route states what its endpoints cannot keep',
  'unkeepable-guarantee': 'a route states a guarantee that its endpoints, steps or legs cannot keep',
  'not-available': 'a feature that this version does not have',
  'needs-restart': 'a running server cannot change this',
  'reload-refused': 'this is no moment for a reload',
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** Where in the configuration an error belongs. Lines and columns start at 1. */
export interface Place {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** The path of keys, as people write it: `routes.orders.via[2].batch.size`. */
  readonly path?: string;
}

export interface AraldoErrorOptions {
  readonly cause?: unknown;
  readonly place?: Place;
}

/**
 * The one error that araldo throws or reports.
 *
 * @example
 * throw new AraldoError('malformed-payload', 'expected JSON, found "}" at position 0', { cause: error });
 */
export class AraldoError extends Error {
  override readonly name = 'AraldoError';
  readonly code: ErrorCode;
  readonly place: Place | undefined;

  constructor(code: ErrorCode, message: string, options: AraldoErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.place = options.place;
  }

  /** `thrown` itself when it is one of ours, else wrapped under `code`; anything can be thrown. */
  static from(thrown: unknown, code: ErrorCode): AraldoError {
    if (thrown instanceof AraldoError) return thrown;
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    return new AraldoError(code, text, { cause: thrown });
  }
}
