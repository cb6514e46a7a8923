/** The files of the legs that spill, and what their legs are told. */

import type { SchedulerLike } from 'rxjs';
import { openEnvelope } from '../../operators/envelope.ts';
import type { BranchPart, RoutePart } from '../config/configuration.ts';
import type { Log } from '../core/log.ts';
import type { Marshaller } from '../core/marshaller.ts';
import type { Message, RoutePort } from '../core/message.ts';
import type { SpillOptions } from '../core/spill.ts';
import type { SpillStore } from '../core/spill-store.ts';
import { limited } from './limited-log.ts';
import { openSpillFile } from './spill-file.ts';

/** By the branch; those that do not spill have none. */
export type Spills = ReadonlyMap<BranchPart, SpillStore>;

/** Opens the file of a leg that spills. Throws what `openSpillFile` throws. */
export function openSpillOf({ plan }: RoutePart, { plan: { to }, spill }: BranchPart): SpillStore {
  return openSpillFile({ path: spill?.path ?? '', route: plan.name, sink: to });
}

export interface SpillContext {
  readonly route: RoutePort;
  readonly marshallers: ReadonlyMap<string, Marshaller>;
  readonly maxDeliveries: number;
  readonly scheduler: SchedulerLike;
  readonly log: Log;
}

/** What a leg is told of its disk part; nothing where it has none. */
export function spillOptions(
  { plan, spill }: BranchPart,
  store: SpillStore | undefined,
  context: SpillContext,
): SpillOptions | undefined {
  if (spill === undefined || store === undefined) return undefined;
  const { route, marshallers, maxDeliveries, scheduler, log } = context;
  const leg = { route: route.name, sink: plan.to };
  const name = `${route.name} → ${plan.to}`;
  const tell = limited(scheduler, (_kind, fields, text) => log.warn({ ...leg, ...fields }, text));
  if (store.found.messages > 0) {
    const { messages, bytes } = store.found;
    log.info({ ...leg, messages, bytes }, `${name}: messages that a former run left on disk are sent first`);
  }
  return {
    route,
    marshallers,
    maxDeliveries,
    scheduler,
    store,
    max: spill.max,
    then: spill.then,
    decode,
    onFailing: ({ code, message }) =>
      tell(
        'failing',
        { code },
        `${name} holds its sources until its disk can be used: ${message}; trying again`,
      ),
    onRecovered: () => tell('recovered', {}, `${name}: its disk can be used again`),
  };
}

/** With the payload that its bytes stand for, as it was when the message came to the leg. */
function decode(message: Message): Message {
  const { wire, meta } = message;
  if (wire?.marshaller === undefined) return message;
  const { carriage } = wire.marshaller;
  if (carriage !== undefined) return message.withWire(carriage.unpack(wire.bytes, meta).payload, wire);
  const value = wire.marshaller.unmarshal(wire.bytes);
  return message.withWire(wire.marshaller.envelope ? openEnvelope(value, meta).payload : value, wire);
}
