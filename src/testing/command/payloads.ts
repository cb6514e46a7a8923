/** What sources send while laws are checked: like the examples of `tests:`, and what schemas and expressions ask for. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import fc from 'fast-check';
import type { Configuration, EndpointPart } from '../../config/configuration.ts';
import { silentLog } from '../../core/log.ts';
import type { Marshaller } from '../../core/marshaller.ts';
import { type JsonSchema, payloadsOf } from '../arbitraries/json-schema.ts';
import { guessedPayloads } from '../arbitraries/payload.ts';
import { marshallersOf } from '../life.ts';
import { createVirtualClock } from '../virtual-clock.ts';

/** By the name of the source. @param directory that of the configuration: schemas in files are read from there. */
export async function likelyPayloads(
  configuration: Configuration,
  directory: string,
): Promise<Readonly<Record<string, fc.Arbitrary<unknown>>>> {
  const { scheduler } = createVirtualClock().begin();
  const marshallers = marshallersOf(configuration, scheduler, silentLog);
  const payloads: Record<string, fc.Arbitrary<unknown>> = {};
  for (const [name, part] of configuration.endpoints) {
    if (part.capabilities.source === undefined) continue;
    const likely = [
      ...examplesFor(configuration, name),
      ...(await schemasBehind(configuration, name, directory)),
      guessedPayloads(configuration, name),
    ];
    payloads[name] = travelling(likely, part, marshallers.get(part.plan.marshal));
  }
  return payloads;
}

/** Payloads of the examples, as they are and with other values in the same places. */
function examplesFor({ plan }: Configuration, endpoint: string): readonly fc.Arbitrary<unknown>[] {
  const examples = plan.tests
    .flatMap(({ stages }) => stages.flatMap(({ given }) => given))
    .flatMap((given) =>
      given.do === 'send' && given.from === endpoint && 'payload' in given.content
        ? [given.content.payload]
        : [],
    );
  if (examples.length === 0) return [];
  const varied = examples.map((example) => variationsOf(example));
  return [fc.oneof(fc.constantFrom(...examples), ...varied)];
}

/** The same shape with other values: each text in it is new or as it was, each number near what it was. */
function variationsOf(example: unknown): fc.Arbitrary<unknown> {
  if (typeof example === 'string') {
    return fc.oneof(fc.constant(example), newText());
  }
  if (typeof example === 'number') {
    return fc.oneof(
      fc.constant(example),
      fc.integer({ min: -1, max: 1 }).map((by) => example + by),
      fc.nat(1_000),
    );
  }
  if (typeof example === 'boolean') return fc.boolean();
  if (Array.isArray(example)) return fc.tuple(...example.map(variationsOf));
  if (typeof example !== 'object' || example === null) return fc.constant(example);
  const model = Object.entries(example).map(([key, value]) => [key, variationsOf(value)] as const);
  return fc.record(Object.fromEntries(model), { noNullPrototype: true });
}

function newText(): fc.Arbitrary<string> {
  return fc.nat({ max: 0xffffff }).map((number) => `id-${number.toString(36).padStart(5, '0')}`);
}

/** What `validate` steps behind a source let pass. */
async function schemasBehind(
  { plan }: Configuration,
  endpoint: string,
  directory: string,
): Promise<readonly fc.Arbitrary<unknown>[]> {
  const options = Object.values(plan.routes)
    .filter(({ from }) => from.includes(endpoint))
    .flatMap(({ via }) => via.filter(({ use }) => use === 'validate').map((step) => step.with));
  const schemas = await Promise.all(options.map((option) => schemaIn(option, directory)));
  return schemas.flatMap((schema) => {
    try {
      return schema === undefined ? [] : [payloadsOf(schema)];
    } catch {
      // Beyond what payloads can be made of: there are others to try.
      return [];
    }
  });
}

async function schemaIn(option: unknown, directory: string): Promise<JsonSchema | undefined> {
  const schema =
    typeof option === 'string' ? option : (option as { readonly schema?: unknown } | null)?.schema;
  if (typeof schema === 'object' && schema !== null) return schema as JsonSchema;
  if (typeof schema !== 'string') return undefined;
  try {
    return JSON.parse(await readFile(resolve(directory, schema), 'utf8')) as JsonSchema;
  } catch {
    return undefined;
  }
}

/** Where bytes travel, what has a form in them; text and bytes where maps have none. */
function travelling(
  likely: readonly fc.Arbitrary<unknown>[],
  { capabilities }: EndpointPart,
  marshaller: Marshaller | undefined,
): fc.Arbitrary<unknown> {
  if (capabilities.source?.carries === 'values') return fc.oneof(...likely);
  const canTravel = (payload: unknown): boolean => {
    if (marshaller === undefined) return typeof payload === 'string';
    try {
      marshaller.marshal(payload);
      return true;
    } catch {
      return false;
    }
  };
  const ableOf = (all: readonly fc.Arbitrary<unknown>[]): readonly fc.Arbitrary<unknown>[] =>
    all.filter((payloads) => fc.sample(payloads, { numRuns: 5, seed: 1 }).every(canTravel));
  const able = [likely, [newText()], [fc.uint8Array({ minLength: 1, maxLength: 8 })]].map(ableOf);
  return fc.oneof(...(able.find((some) => some.length > 0) ?? likely)).filter(canTravel);
}
