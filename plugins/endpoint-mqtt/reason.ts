/** What a broker's reason codes say to people: what is wrong, and what to do about it. */

/** Of MQTT 5, and of the answer to CONNECT of 3.1.1 (1 to 5), where that has no more to say. */
const texts: Readonly<Record<number, string>> = {
  1: 'it does not speak this version of MQTT: write version: 3.1.1',
  2: 'it does not take this client-id',
  3: 'it cannot serve now',
  4: 'wrong user or password; check the user and the password in url',
  5: 'not authorized; check the user and the password in url',
  128: 'unspecified error',
  129: 'malformed packet',
  130: 'protocol error',
  131: 'implementation specific error',
  132: 'it does not speak this version of MQTT: write version: 3.1.1',
  133: 'it does not take this client-id',
  134: 'wrong user or password; check the user and the password in url',
  135: 'not authorized; check the user and the password in url',
  136: 'it cannot serve now',
  137: 'it is busy',
  138: 'this client is banned',
  139: 'it shuts down',
  140: 'bad authentication method',
  141: 'it heard nothing within the keep-alive time',
  142: 'another client connected under this client-id: give each its own',
  143: 'topic filter invalid',
  144: 'topic name invalid',
  145: 'packet identifier in use',
  147: 'more messages than its receive maximum',
  149: 'packet too large; lower max-payload',
  150: 'message rate too high',
  151: 'quota exceeded',
  152: 'administrative action',
  153: 'payload format invalid',
  154: 'it keeps no retained messages: remove retain',
  155: 'it does not support this QoS: lower qos',
  156: 'use another server',
  157: 'server moved',
  158: 'it has no shared subscriptions: remove share',
  159: 'too many connections in a time',
  160: 'maximum connect time',
  161: 'it has no subscription identifiers',
  162: 'it has no subscriptions with wildcards',
};

/**
 * Codes for what the message itself is: sent again it is refused again. Any other says that the broker cannot take it
 * now (busy, quota, moved), whatever it is.
 */
const ownFaults: ReadonlySet<number> = new Set([128, 131, 135, 144, 149, 153, 154, 155]);

export function reasonText(code: number): string {
  return texts[code] ?? `reason code 0x${code.toString(16).padStart(2, '0')}`;
}

/** What an error of MQTT.js says; with its reason code, where the broker gave one. */
export function refusalText(error: Error): string {
  const code = codeOf(error);
  return code === undefined ? textOf(error) : reasonText(code);
}

/** The reason code of an error that has one. */
export function codeOf(error: Error): number | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === 'number' ? code : undefined;
}

export function isOwnFault(code: number): boolean {
  return ownFaults.has(code);
}

/** A host with several addresses fails with the failures of all of them. */
function textOf(error: Error): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  return error.message === '' && first instanceof Error ? first.message : error.message;
}
