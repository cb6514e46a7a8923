/** The most memory that the messages of a route can take, with the sum that leads to it. */
import { STASH } from '../../core/endpoint.ts';
import type { BranchPart, EndpointPart, RoutePart } from '../configuration.ts';
import { DEAD_LETTER_BUFFER } from '../policy.ts';
import type { Pair } from './pair.ts';

export interface Memory {
  /** Absent where something has no bound in bytes. */
  readonly bytes?: number;
  readonly parts: readonly MemoryPart[];
}

/** As in a sum: `1024×1MiB in flight from orders`. */
export interface MemoryPart {
  readonly name: string;
  readonly count: number;
  /** Of one; absent where there is no bound. */
  readonly bytes?: number;
}

/**
 * window × largest payload + stash + leg + peers. A leg has its buffer twice: for what waits, and for what is sent and
 * unconfirmed. Sizes are those of payloads in bytes, as they come in and go out.
 */
export function memoryOf({ source, leg, sink }: Pair): Memory {
  return sum([...ofSource(source), ofLeg(leg), ...ofPeers(sink)]);
}

/** The same for a whole route: a source counts once, and so do the peers of an endpoint. */
export function routeMemoryOf(
  { plan, branches }: RoutePart,
  endpoints: ReadonlyMap<string, EndpointPart>,
): Memory {
  const named = (names: Iterable<string>): readonly EndpointPart[] =>
    [...new Set(names)].flatMap((name) => endpoints.get(name) ?? []);
  return sum([
    ...named(plan.from).flatMap(ofSource),
    ...branches.map(ofLeg),
    ...named(plan.to.map(({ to }) => to)).flatMap(ofPeers),
    ...(typeof plan.onError === 'string' ? [] : [ofDeadLetters(plan.onError.deadLetter)]),
  ]);
}

function ofSource({ plan, capabilities }: EndpointPart): readonly MemoryPart[] {
  const largest = capabilities.source?.maxPayload ?? capabilities.source?.refusesAbove;
  return [
    {
      name: `in flight from ${plan.name}`,
      count: plan.maxInFlight,
      ...(largest === undefined ? {} : { bytes: largest }),
    },
    { name: `waiting at the gate of ${plan.name}`, count: 1, bytes: STASH.bytes },
  ];
}

function ofLeg({ plan }: BranchPart): MemoryPart {
  return { name: `in the leg to ${plan.to}`, count: 2, bytes: plan.buffer.bytes };
}

function ofPeers({ plan, capabilities }: EndpointPart): readonly MemoryPart[] {
  const bytes = capabilities.sink?.peerBytes;
  return bytes === undefined ? [] : [{ name: `for the peers of ${plan.name}`, count: 1, bytes }];
}

function ofDeadLetters(to: string): MemoryPart {
  return { name: `of dead letters to ${to}`, count: 2, bytes: DEAD_LETTER_BUFFER.bytes };
}

function sum(parts: readonly MemoryPart[]): Memory {
  let total = 0;
  for (const { count, bytes } of parts) {
    if (bytes === undefined) return { parts };
    total += count * bytes;
  }
  return { bytes: total, parts };
}
