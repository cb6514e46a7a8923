/** The laws of every marshaller (law 20), as checks that any test runner can call. */
import { isUtf8 } from 'node:buffer';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { AraldoError, type ErrorCode } from '../core/errors.ts';
import type { Marshaller } from '../core/marshaller.ts';
import type { Law } from './operator-laws.ts';
import { shown } from './shown.ts';

export interface MarshallerUnderLaws {
  readonly marshaller: Marshaller;
  /**
   * Values that have a form in its bytes, as they are read back: no −0 for JSON. Any JSON unless given, but for −0 and keys
   * `__proto__`, which some refuse.
   */
  readonly values?: fc.Arbitrary<unknown>;
  /** Bytes that nearly are values; changed and cut values, and any bytes, are tried besides. */
  readonly nearly?: fc.Arbitrary<Uint8Array>;
}

/** Far more than any of these small inputs takes on a busy machine, and far less than a pattern that backtracks. */
const PATIENCE_MS = 2_000;

/**
 * What holds for every marshaller: what it writes it reads back, whatever else it meets is a value or a typed error
 * in bounded time, and nothing but its result ever changes.
 *
 * @example
 * for (const law of marshallerLaws('marshal-csv', { marshaller: createCsv('csv'), values: rows })) {
 *   test(law.name, () => law.check());
 * }
 */
export function marshallerLaws(
  name: string,
  { marshaller, values, nearly }: MarshallerUnderLaws,
): readonly Law[] {
  const value = values ?? fc.jsonValue().map((one) => unsigned(one, (key) => key !== '__proto__'));
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    damaged(value.map((one) => marshaller.marshal(one))),
    ...(nearly === undefined ? [] : [nearly]),
  );
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
  });
  const law = <T>(fact: string, given: fc.Arbitrary<T>, hold: (one: T) => void): Law => ({
    name: `${name} ${fact}`,
    async check(settings = {}) {
      fc.assert(
        fc.property(given, (one) => {
          hold(one);
          expectPristine();
        }),
        settings,
      );
    },
  });

  return [
    law('reads back what it writes', value, (one) => {
      const again = marshaller.unmarshal(marshaller.marshal(one));
      if (!isDeepStrictEqual(plain(again), plain(one)))
        throw broken(`${shown(one)} comes back as ${shown(again)}`);
    }),
    law('makes a value or a malformed-payload of any bytes, in bounded time', bytes, (some) => {
      quickly(`reading ${shown(some)}`, () =>
        outcomeOf(() => marshaller.unmarshal(some), 'malformed-payload'),
      );
    }),
    law('makes bytes or an unmarshallable-payload of any value, in bounded time', anything, (one) => {
      const made = quickly('writing', () =>
        outcomeOf(() => marshaller.marshal(one), 'unmarshallable-payload'),
      );
      if (made !== undefined && !(made instanceof Uint8Array))
        throw broken(`it made ${shown(made)}, which are no bytes`);
    }),
    law('reads the same bytes as the same value each time', bytes, (some) => {
      const [first, second] = [1, 2].map(() =>
        outcomeOf(() => marshaller.unmarshal(some), 'malformed-payload'),
      );
      if (!isDeepStrictEqual(plain(first), plain(second))) throw broken(`${shown(some)} is read in two ways`);
    }),
    law('can write whatever it has read, as the same value', bytes, (some) => {
      const read = outcomeOf(() => marshaller.unmarshal(some), 'malformed-payload');
      if (read === undefined) return;
      const again = marshaller.unmarshal(marshaller.marshal(read));
      // JSON reads −0, and numbers that are too small for a double, as what it writes as 0: the same value all the same.
      if (!isDeepStrictEqual(unsigned(plain(again)), unsigned(plain(read))))
        throw broken(`${shown(read)} comes back as ${shown(again)}`);
    }),
    law(marshaller.isText ? 'writes UTF-8, being text' : 'changes nothing that it is given', value, (one) => {
      const before = structuredClone(one);
      const made = marshaller.marshal(one);
      if (!isDeepStrictEqual(one, before)) throw broken(`writing changed ${shown(before)}`);
      if (marshaller.isText && !isUtf8(made)) throw broken(`${shown(one)} becomes bytes that are no UTF-8`);
    }),
    law('changes no bytes that it reads', bytes, (some) => {
      const before = Uint8Array.from(some);
      outcomeOf(() => marshaller.unmarshal(some), 'malformed-payload');
      if (Buffer.compare(before, some) !== 0) throw broken(`reading changed ${shown(before)}`);
    }),
    law('never changes Object.prototype', poisoned, (text) => {
      outcomeOf(() => marshaller.unmarshal(Buffer.from(text)), 'malformed-payload');
    }),
  ];
}

/** Keys that reach prototypes where a reader assigns what it finds. */
const poisoned = fc.constantFrom(
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '[{"__proto__":{"polluted":true}}]',
  '__proto__,polluted\n1,2\n',
);

const pristine: readonly PropertyKey[] = Reflect.ownKeys(Object.prototype);

/** What was added is taken away again: the tests that follow are innocent. */
function expectPristine(): void {
  const added = Reflect.ownKeys(Object.prototype).filter((key) => !pristine.includes(key));
  for (const key of added) Reflect.deleteProperty(Object.prototype, key);
  if (added.length > 0) throw broken(`it added ${String(added[0])} to Object.prototype`);
}

/** The result, or nothing where it threw the one error that it may throw. */
function outcomeOf(run: () => unknown, code: ErrorCode): unknown {
  try {
    return run();
  } catch (thrown) {
    if (thrown instanceof AraldoError && thrown.code === code) return undefined;
    throw broken(`it threw ${String(thrown)}; expected an AraldoError (${code})`);
  }
}

function quickly<T>(what: string, run: () => T): T {
  const start = performance.now();
  const result = run();
  const ms = performance.now() - start;
  if (ms > PATIENCE_MS) throw broken(`${what} took ${Math.round(ms)} ms`);
  return result;
}

/** Cut short, with one byte changed, or with one that does not belong there. */
function damaged(whole: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(whole, fc.nat(), fc.nat(255), fc.constantFrom('cut', 'change', 'add'))
    .map(([bytes, at, byte, how]) => {
      const place = bytes.length === 0 ? 0 : at % bytes.length;
      if (how === 'cut') return bytes.slice(0, place);
      if (how === 'add') return Uint8Array.from([...bytes.slice(0, place), byte, ...bytes.slice(place)]);
      const changed = Uint8Array.from(bytes);
      if (place < changed.length) changed[place] = byte;
      return changed;
    });
}

/** A Buffer and a Uint8Array with the same bytes are the same. */
function plain(value: unknown): unknown {
  return value instanceof Uint8Array ? [...value] : value;
}

/** With 0 for each −0 in it, and without the keys that are not wanted. Nothing else than plain data is looked into. */
function unsigned(value: unknown, isWanted: (key: string) => boolean = () => true): unknown {
  if (Object.is(value, -0)) return 0;
  if (Array.isArray(value)) return value.map((item) => unsigned(item, isWanted));
  if (!isPlainObject(value)) return value;
  const entries = Object.entries(value).filter(([key]) => isWanted(key));
  return Object.fromEntries(entries.map(([key, item]) => [key, unsigned(item, isWanted)]));
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function broken(text: string): Error {
  return new Error(`law 20 (marshallers) is broken: ${text}`);
}
