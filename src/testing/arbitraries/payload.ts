/** Payloads for a source of which nothing is known but the expressions that read them. */
import fc from 'fast-check';
import type { Configuration } from '../../config/configuration.ts';

/** Names and literals of one expression. */
interface Read {
  readonly names: readonly string[];
  readonly texts: readonly string[];
  readonly numbers: readonly number[];
}

/**
 * Maps with the keys that the expressions behind a source ask for (`payload.qty > 0`: a `qty` around 0), each
 * sometimes missing, and an `id` of its own in most of them. A guess, for a first look: who knows what comes
 * says so, with a schema or an arbitrary.
 */
export function guessedPayloads(configuration: Configuration, endpoint: string): fc.Arbitrary<unknown> {
  const { names, texts, numbers } = readIn(textsBehind(configuration, endpoint));
  const value = fc.oneof(
    fc.integer({ min: -2, max: 9 }),
    ...(numbers.length > 0
      ? [fc.constantFrom(...numbers.flatMap((number) => [number - 1, number, number + 1]))]
      : []),
    ...(texts.length > 0 ? [fc.constantFrom(...texts)] : []),
    fc.constantFrom('a', 'b', 'c'),
    fc.boolean(),
  );
  const id = fc.nat({ max: 0xffffff }).map((number) => `id-${number.toString(36).padStart(5, '0')}`);
  const model: Record<string, fc.Arbitrary<unknown>> = { id };
  for (const name of names) model[name] ??= value;
  return fc.record(model, {
    requiredKeys: Object.keys(model).filter((key) => key === 'id'),
    noNullPrototype: true,
  });
}

/** The texts of all expressions that see what comes from a source. */
function textsBehind({ plan }: Configuration, endpoint: string): readonly string[] {
  return Object.values(plan.routes)
    .filter(({ from }) => from.includes(endpoint))
    .flatMap((route) => [
      ...route.via.flatMap((step) => textsIn(step.with)),
      ...route.to.flatMap(({ when, key }) => [when ?? '', key ?? '']),
    ]);
}

function textsIn(options: unknown): readonly string[] {
  if (typeof options === 'string') return [options];
  if (typeof options !== 'object' || options === null) return [];
  return Object.values(options).flatMap(textsIn);
}

function readIn(texts: readonly string[]): Read {
  const found = (pattern: RegExp): readonly string[] => [
    ...new Set(texts.flatMap((text) => [...text.matchAll(pattern)].map((match) => match[1] ?? ''))),
  ];
  return {
    names: found(/\bpayload\s*\.\s*\??([A-Za-z_]\w*)/g),
    texts: [...found(/"([^"\\]*)"/g), ...found(/'([^'\\]*)'/g)],
    numbers: found(/(?<![\w.])(-?\d+(?:\.\d+)?)(?![\w.])/g).map(Number),
  };
}
