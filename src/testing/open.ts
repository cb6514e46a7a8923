/** What is not settled yet, and where it stays: what a test that waits too long wants to know. */
import type { Endpoint } from '../core/endpoint.ts';
import type { ModelledEndpoint } from './modelled-endpoint.ts';
import type { SentRecord } from './sent.ts';
import type { Whereabouts } from './whereabouts.ts';

/** A message that is not settled, and where it stays. */
export interface Open {
  readonly id: string;
  readonly endpoint: string;
  readonly payload: unknown;
  /** In words: `orders.via[0] ./slow.ts`, `orders → archive`, `the gate of orders, held by orders → archive`. */
  readonly where: string;
  readonly sentAtMs: number;
}

export function openOf(
  sent: SentRecord,
  endpoint: Endpoint,
  { source }: ModelledEndpoint,
  whereabouts: Whereabouts,
): Open {
  const { gate } = endpoint.inbound;
  let why = '';
  if (gate.isHeld) why = `, held by ${gate.holders.join(', ')}`;
  else if (gate.isFull) why = ', whose window is full';
  else if (endpoint.state !== 'open') why = `, which is ${endpoint.state}`;
  const { id, payload, atMs } = sent;
  return { id, endpoint: sent.endpoint, payload, where: where(), sentAtMs: atMs };

  function where(): string {
    if (source?.waiting.some((parcel) => parcel.sent === sent) === true) {
      return `the other side of ${sent.endpoint}${why}`;
    }
    const places = whereabouts.placesOf(sent);
    if (places.length === 0) return `${sent.endpoint}: nobody has it, and nobody settled it`;
    return places.map((place) => (place.startsWith('the gate of ') ? place + why : place)).join(', and ');
  }
}
