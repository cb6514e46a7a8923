/** What one endpoint sends and another reads: the same channel, the same subject of the same broker. */
import type { Configuration } from '../config/configuration.ts';
import { MAX_HOPS } from '../core/hops.ts';
import type { Message, Meta } from '../core/message.ts';
import { outgoingWire } from '../core/outgoing.ts';

export interface CircleOptions {
  readonly configuration: Configuration;
  /** Gives it to an endpoint: now, within the write that it comes from, or when it has travelled. */
  readonly give: (endpoint: string, payload: unknown, meta: Meta, travels: boolean) => void;
  readonly note: (who: string, what: string) => void;
}

/** What may be carried in all: beyond, it goes round for ever. */
const MOST_CARRIED = 10_000;

/**
 * Carries what an endpoint wrote to those that read one of its addresses: within the process at once, and with a
 * count of hops that ends circles; as bytes otherwise. Where every reader gets a copy, the writer is one of them.
 * What goes round without end is stopped, and noted.
 */
export function createCircle({
  configuration,
  give,
  note,
}: CircleOptions): (from: string, message: Message) => void {
  let carried = 0;

  return (from, message) => {
    const writer = configuration.endpoints.get(from)?.capabilities;
    if (writer?.writesTo === undefined) return;
    for (const [name, { capabilities }] of configuration.endpoints) {
      const { source, readsFrom = [] } = capabilities;
      if (source === undefined || (name === from && source.scope !== 'copy')) continue;
      if (!readsFrom.some((address) => writer.writesTo?.includes(address))) continue;
      const { key, hops = 0 } = message.meta;
      const isValue = writer.sink?.carries === 'values';
      if (isValue && hops >= MAX_HOPS) continue;
      carried += 1;
      if (carried > MOST_CARRIED) {
        if (carried === MOST_CARRIED + 1)
          note(from, `has gone round ${MOST_CARRIED} times with ${name}, and stops`);
        continue;
      }
      if (isValue) {
        give(name, message.payload, { ...(key === undefined ? {} : { key }), hops: hops + 1 }, false);
      } else give(name, outgoingWire(message).bytes, {}, true);
    }
  };
}
