/** The files of a schema, with what they import from one folder. */
import { posix } from 'node:path';
import protobuf, { type Type } from 'protobufjs';
import { AraldoError } from '../../src/core/errors.ts';
import type { OptionFiles } from '../../src/core/option-files.ts';
import { found } from '../../src/options/found.ts';
import type { ProtobufOptions } from './options.ts';

const MOST_FILES = 256;
const LONGEST_LIST = 20;

/** Rejects with an `AraldoError` (`unreadable-file`, `invalid-value`). */
export async function readType({ proto, include, type }: ProtobufOptions, files: OptionFiles): Promise<Type> {
  const root = new protobuf.Root();
  const folder = include ?? posix.dirname(proto[0] as string);
  const read = new Set<string>();
  const open = proto.map((path) => posix.normalize(path));
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (read.has(path)) continue;
    read.add(path);
    if (read.size > MOST_FILES) throw invalid(`expected at most ${MOST_FILES} files, found more`);
    const imports = addFile(root, path, await files.read(path));
    for (const name of imports) {
      const known = protobuf.common.get(name);
      if (known === null) open.push(within(folder, name, path));
      else if (!read.has(name)) {
        read.add(name);
        root.addJSON(known.nested ?? {});
      }
    }
  }
  try {
    root.resolveAll();
  } catch (thrown) {
    throw invalid(`expected names that are declared: ${textOf(thrown)}`);
  }
  return typeIn(root, type);
}

function addFile(root: InstanceType<typeof protobuf.Root>, path: string, text: string): readonly string[] {
  try {
    const { imports = [], weakImports = [] } = protobuf.parse(text, root, { keepCase: true });
    return [...imports, ...weakImports];
  } catch (thrown) {
    throw invalid(`expected Protocol Buffers in ${path}: ${textOf(thrown)}`);
  }
}

/** Nothing outside the folder is ever read, whatever a file says. */
function within(folder: string, name: string, importer: string): string {
  const normal = posix.normalize(name);
  if (posix.isAbsolute(normal) || normal.split('/').includes('..') || normal.includes('\\')) {
    throw invalid(`expected an import from within ${folder} in ${importer}, found ${found(name)}`);
  }
  return posix.join(folder, normal);
}

function typeIn(root: InstanceType<typeof protobuf.Root>, name: string): Type {
  const type = root.lookup(name, protobuf.Type);
  if (type instanceof protobuf.Type && type.fullName === `.${name}`) return type;
  const names = namesIn(root).filter((known) => !known.startsWith('google.protobuf.'));
  const there = names.slice(0, LONGEST_LIST).join(', ') || 'none';
  throw new AraldoError('unknown-name', `expected the full name of a message; there are: ${there}`);
}

function namesIn(space: protobuf.NamespaceBase): readonly string[] {
  return space.nestedArray.flatMap((item) => [
    ...(item instanceof protobuf.Type ? [item.fullName.slice(1)] : []),
    ...(item instanceof protobuf.Namespace ? namesIn(item) : []),
  ]);
}

function textOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function invalid(text: string): AraldoError {
  return new AraldoError('invalid-value', text);
}
