/** The meta of one message that was made of several. */
import type { Message, Meta } from './message.ts';

/**
 * What all parts have in common: a batch of one peer's messages is from that peer, a batch of many peers' is from
 * none. The hops and deliveries are the most that any part has, so that loops and retries end. The id says which
 * messages it was made of, from the first to the last, so that the same parts make the same id again.
 *
 * @param parts at least one.
 * @param key what the parts were brought together by; it becomes `meta.key` where it is text or a number.
 */
export function joinMeta(parts: readonly Message[], key?: unknown): Meta {
  const first = parts[0] as Message;
  const common: Record<string, unknown> = { ...first.meta };
  let { hops, deliveries } = first.meta;
  for (const { meta } of parts) {
    // Messages of a lane often share one meta.
    if (meta === first.meta) continue;
    for (const name of Object.keys(common)) if (common[name] !== meta[name]) delete common[name];
    hops = larger(hops, meta.hops);
    deliveries = larger(deliveries, meta.deliveries);
  }
  if (hops !== undefined) common['hops'] = hops;
  if (deliveries !== undefined) common['deliveries'] = deliveries;
  if (typeof key === 'string' || typeof key === 'number') common['key'] = String(key);
  common['id'] = idOf(parts, first);
  return common;
}

function idOf(parts: readonly Message[], first: Message): string {
  const last = parts[parts.length - 1] as Message;
  return parts.length === 1 ? first.id : `${first.id}..${last.id}`;
}

function larger(one: number | undefined, other: number | undefined): number | undefined {
  return other === undefined || (one !== undefined && one >= other) ? one : other;
}
