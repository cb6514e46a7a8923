/** Keeps out payloads that are not what a schema demands. */
import { z } from 'zod';
import { AraldoError } from '../src/core/errors.ts';
import { defineOperator, type MessageOperator, type RxOperator } from '../src/core/operator.ts';
import { stage } from '../src/core/stage.ts';
import { failStep } from '../src/core/step-fn.ts';
import { type Check, jsonSchema } from '../src/expression/json-schema.ts';
import { shortForm } from '../src/options/short-form.ts';

export { type Check, jsonSchema } from '../src/expression/json-schema.ts';

const fates = ['fail', 'discard'] as const;

export interface ValidateOptions {
  /** What becomes of a message whose payload is not valid: it fails, unless it is to be discarded as `invalid`. */
  readonly otherwise?: (typeof fates)[number] | undefined;
  /** Where the step stands, for errors. */
  readonly name?: string;
}

/**
 * Forwards the messages whose payload `check` finds nothing wrong with, as they are: nothing is filled in or converted.
 * Others fail as `invalid-payload`, with the path, what was expected there and what was found, or are discarded.
 *
 * ```
 * source  ──{id:1}──{id:"x"}──{id:2}──▶
 *         validate(check)
 *         ──{id:1}────────────{id:2}──▶   the second fails: payload.id: expected to be integer, found "x"
 * ```
 *
 * @param check `await jsonSchema(…)`, or any function that says what is wrong.
 * @example
 * ```yaml
 * via:
 *   - validate: { schema: { type: object, required: [id] } }
 *   - validate: { schema: { type: object, properties: { qty: { type: integer } } }, else: discard }
 * ```
 *
 * A schema is mostly a file of its own: `validate: ./order.schema.json`.
 */
export function validate(check: Check, options: ValidateOptions = {}): MessageOperator {
  const { otherwise = 'fail', name = 'validate' } = options;

  return stage((target) => (message) => {
    let wrong: string | undefined;
    try {
      wrong = check(message.payload);
    } catch (thrown) {
      failStep(name, message, thrown);
      return;
    }
    if (wrong === undefined) target.next(message);
    else if (otherwise === 'discard') message.discard('invalid');
    else failStep(name, message, new AraldoError('invalid-payload', wrong));
  });
}

interface Settings {
  /** A path, or the schema itself. */
  readonly schema: unknown;
  readonly else: (typeof fates)[number];
  /** What was made of the schema, when it has been read. */
  readonly check?: Check;
}

const path = z
  .string()
  .regex(/^\.{0,2}\//, { error: 'expected the path of a schema such as ./order.schema.json' });

const options: z.ZodType<Settings> = shortForm(
  path.transform((schema): Settings => ({ schema, else: 'fail' })),
  z.strictObject({
    schema: z
      .union([path, z.record(z.string(), z.json())], {
        error: 'expected a JSON Schema, or the path of one such as ./order.schema.json',
      })
      .describe('A JSON Schema of draft 2020-12 or draft-07, or the path of one.'),
    else: z.enum(fates).default('fail').describe('What becomes of a message that is not valid.'),
  }),
  'the path of a schema such as ./order.schema.json',
);

export const validateStep: RxOperator<typeof options> = defineOperator({
  kind: 'rx',
  obligations: 'contained',
  isInstant: true,
  name: 'validate',
  summary: 'Keeps out messages whose payload is not what a JSON Schema demands.',
  options,
  async prepare(options, files) {
    const { schema } = options;
    const text = typeof schema === 'string' ? await files.read(schema) : undefined;
    try {
      const read = text === undefined ? schema : parseJson(text, String(schema));
      return { value: { ...options, check: await jsonSchema(read) } };
    } catch (thrown) {
      const { message } = AraldoError.from(thrown, 'invalid-value');
      return { issues: [{ message, path: ['schema'] }] };
    }
  },
  create({ check, else: otherwise }, { name }) {
    if (check !== undefined) return validate(check, { otherwise, name });
    throw new AraldoError('plugin-failed', `step ${name}: its schema was not read`);
  },
});

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new AraldoError('invalid-value', `expected JSON in ${path}: ${reason}`, { cause: thrown });
  }
}
