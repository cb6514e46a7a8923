/** What happens to an operator in one case of its laws: messages come, time passes, what follows settles. */
import fc from 'fast-check';
import type { Status } from '../core/message.ts';

/** A message that the source emits, unless it is held. */
export interface Next {
  readonly do: 'next';
  readonly payload: unknown;
  readonly key: string | undefined;
  /** In place of the payload: one that does harm. It is made when it is emitted, for it harms generators too. */
  readonly harm?: Harm | undefined;
}

/** Payloads that do harm to whoever looks at them without care: they must cost at most their own message. */
export type Harm = 'throws' | 'is circular' | 'is undefined' | 'is a bigint';

export type Action =
  | Next
  /** What follows settles one of the messages that it has, the oldest for 0. */
  | { readonly do: 'settle'; readonly which: number; readonly status: Status }
  | { readonly do: 'wait'; readonly ms: number }
  /** What follows has no room, or has room again. */
  | { readonly do: 'hold' }
  | { readonly do: 'release' };

export interface ScriptOptions {
  /** JSON and harm unless given. */
  readonly payloads: fc.Arbitrary<unknown> | undefined;
  readonly keys: fc.Arbitrary<string | undefined>;
  readonly statuses: fc.Arbitrary<Status>;
  readonly waitsMs: fc.Arbitrary<number>;
}

const LONGEST = 30;

/** Mostly acks, as in life. */
export const anyStatus: fc.Arbitrary<Status> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Status>('ack') },
  { weight: 1, arbitrary: fc.constant<Status>('nack') },
  { weight: 1, arbitrary: fc.constant<Status>('reject') },
);

/** Few, so that they meet; some messages have none. */
export const fewKeys: fc.Arbitrary<string | undefined> = fc.constantFrom('a', 'b', 'c', undefined);

export const anyWaitMs: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: 0, max: 20 }),
  fc.constantFrom(50, 100, 1_000, 60_000),
);

const anyHarm: fc.Arbitrary<Harm> = fc.constantFrom('throws', 'is circular', 'is undefined', 'is a bigint');

export function anyNext({ payloads, keys }: ScriptOptions): fc.Arbitrary<Next> {
  const next = { do: fc.constant('next' as const), key: keys };
  if (payloads !== undefined) return fc.record({ ...next, payload: payloads });
  return fc.oneof(
    { weight: 8, arbitrary: fc.record({ ...next, payload: fc.jsonValue({ maxDepth: 2 }) }) },
    { weight: 1, arbitrary: fc.record({ ...next, payload: fc.constant('harm'), harm: anyHarm }) },
  );
}

export function anyScript(options: ScriptOptions): fc.Arbitrary<readonly Action[]> {
  const { statuses, waitsMs } = options;
  const action = fc.oneof(
    { weight: 8, arbitrary: anyNext(options) },
    {
      weight: 5,
      arbitrary: fc.record({ do: fc.constant('settle' as const), which: fc.nat(5), status: statuses }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: waitsMs }) },
    { weight: 1, arbitrary: fc.constantFrom<Action>({ do: 'hold' }, { do: 'release' }) },
  );
  return fc.array(action, { maxLength: LONGEST });
}

/** The payload of a message, or the harm that stands in its place. */
export function payloadOf({ payload, harm }: Next): unknown {
  switch (harm) {
    case undefined:
      return payload;
    case 'throws':
      return new Proxy(
        {},
        { get: throws, has: throws, ownKeys: throws, getPrototypeOf: () => Object.prototype },
      );
    case 'is circular': {
      const circle: Record<string, unknown> = {};
      circle['self'] = circle;
      return circle;
    }
    case 'is undefined':
      return undefined;
    case 'is a bigint':
      return 10n;
    default:
      return harm satisfies never;
  }
}

function throws(): never {
  throw new Error('a payload that throws when it is looked at');
}
