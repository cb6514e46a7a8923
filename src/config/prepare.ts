/** What the options of a step name is read: files, and code of the user's own. */
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { AraldoError } from '../core/errors.ts';
import type { OptionFiles } from '../core/option-files.ts';
import type { Schema, SchemaResult } from '../core/schema.ts';
import { readWhole } from '../options/read-whole.ts';
import type { ReadContext } from './context.ts';
import { isPath, reportThrown } from './fields.ts';
import { reportIssues } from './options.ts';
import type { Node } from './tree.ts';

const MAX_BYTES = 1024 * 1024;

/** A step or a marshaller. */
export interface Preparing {
  readonly name: string;
  readonly options: Schema;
  prepare?(options: unknown, files: OptionFiles): Promise<SchemaResult<unknown>>;
}

export interface Prepared {
  readonly value: unknown;
  /** What was read for it: equal as long as the files are. As many as the options name. */
  readonly used: readonly unknown[];
}

/** The options as their owner prepares them; nothing when that failed, which is reported at `node`. */
export async function prepareOptions(
  definition: Preparing,
  options: unknown,
  node: Node,
  context: ReadContext,
): Promise<Prepared | undefined> {
  const { problems } = context;
  const used: unknown[] = [];
  if (definition.prepare === undefined) return { value: options, used };
  try {
    const result = await definition.prepare(options, filesOf(context, used));
    if (result.issues === undefined) return { value: result.value, used };
    // In a short form, the one thing that is written is what is wrong.
    const issues = node.kind === 'map' ? result.issues : result.issues.map(({ message }) => ({ message }));
    reportIssues(issues, definition.options, node, { name: definition.name }, problems);
  } catch (thrown) {
    reportThrown(thrown, node, problems, 'plugin-failed');
  }
  return undefined;
}

function filesOf({ directory, registry }: ReadContext, used: unknown[]): OptionFiles {
  return {
    async read(path) {
      let bytes: Buffer;
      try {
        bytes = await readWhole(resolve(directory, path), MAX_BYTES);
      } catch (thrown) {
        throw unreadable(path, thrown instanceof Error ? thrown.message : String(thrown));
      }
      if (!isUtf8(bytes)) throw unreadable(path, 'it is not UTF-8');
      used.push(createHash('sha256').update(bytes).digest('hex'));
      return bytes.toString();
    },
    async load(path) {
      if (!isPath(path)) throw new AraldoError('invalid-value', 'expected a path such as ./lookup.ts');
      const value = await registry.loadFile(path, directory);
      used.push(value);
      if (value !== undefined) return value;
      const what = 'expected a file with a default export, relative to the configuration';
      throw new AraldoError('unknown-name', `${what}, found none at ${path}`);
    },
  };
}

function unreadable(path: string, reason: string): AraldoError {
  return new AraldoError('unreadable-file', `${path} could not be read: ${reason}`);
}
