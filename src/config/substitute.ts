/** `${VAR}`, `${VAR:-default}`, `${VAR:?message}`, `${file:path}`: in each scalar, after parsing. */
import { resolve } from 'node:path';
import { readWhole } from '../options/read-whole.ts';
import type { Problems } from './problem.ts';
import { type Entry, MAX_DEPTH, type Node, type ScalarNode, scalarsOf } from './tree.ts';

export interface SubstituteOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What paths of files are relative to. */
  readonly directory: string;
  readonly problems: Problems;
}

export interface Substituted {
  readonly tree: Node;
  /** The values that came from variables and files, each once. */
  readonly secrets: readonly string[];
}

/** A secret longer than this is not one; a device that never ends must not be read to its end. */
export const MAX_SECRET_BYTES: number = 64 * 1024;

/** Characters that references may stand for, all together: each could repeat a long value many times. */
export const MAX_SUBSTITUTED: number = 4 * 1024 * 1024;

/** What a variable says in these places, everybody may read: a port, a level, a name. */
const publicPaths =
  /^(?:(?:server-host|server-port|server-limits|log-level|hosts|defaults)(?:[.[]|$)|server-tls\.(?:cert|ca|client-certificates|min-version)$|plugins\[\d+\]\.(?:name|id|marshal|max-in-flight|max-deliveries)$)/;

/** `$${` first: it stands for `${` itself. */
const reference = /\$\$\{|\$\{([^}]*)(\}?)/g;

export async function substitute(root: Node, options: SubstituteOptions): Promise<Substituted> {
  const secrets = new Set<string>();
  const resolve = remembering(options);
  let length = 0;
  const replaced = new Map<ScalarNode, ScalarNode>();
  for (const scalar of scalarsOf(root)) {
    if (typeof scalar.value !== 'string' || !scalar.value.includes('${')) continue;
    const { result, values } = await substituteScalar(
      scalar,
      scalar.value,
      resolve,
      (added) => {
        length += added;
        if (length <= MAX_SUBSTITUTED) return;
        options.problems.report(
          'yaml-limit',
          scalar,
          'expected at most 4 MiB from variables and files, found more',
        );
        options.problems.fail();
      },
      options.problems,
    );
    replaced.set(scalar, result);
    if (!isPublic(result)) for (const value of values) if (value !== '') secrets.add(value);
  }
  const tree = replaced.size === 0 ? root : replace(root, replaced);
  return { tree, secrets: [...secrets] };
}

/** A reference that cannot be resolved is reported, and the scalar is broken. */
async function substituteScalar(
  scalar: ScalarNode,
  written: string,
  resolve: (inner: string) => Promise<Resolved>,
  count: (length: number) => void,
  problems: Problems,
): Promise<{ readonly result: ScalarNode; readonly values: readonly string[] }> {
  const values: string[] = [];
  let text = '';
  let isBroken = false;
  let end = 0;
  for (const { 0: whole, 1: inner = '', 2: close, index } of written.matchAll(reference)) {
    text += written.slice(end, index);
    end = index + whole.length;
    if (whole === '$${') {
      text += '${';
      continue;
    }
    const resolved = close === '' ? unclosed : await resolve(inner);
    if ('problem' in resolved) {
      problems.report(resolved.code, scalar, resolved.problem);
      isBroken = true;
      continue;
    }
    count(resolved.value.length);
    text += resolved.value;
    if (resolved.isSecret) values.push(resolved.value);
  }
  text += written.slice(end);

  const result: ScalarNode = {
    ...scalar,
    value: scalar.isPlain ? typed(text) : text,
    ...(values.length > 0 ? { written } : {}),
    ...(isBroken ? { isBroken } : {}),
  };
  return { result, values };
}

/** A number or a boolean of a few characters is nobody's secret, and hiding it would blot out every other. */
function isPublic({ value, place }: ScalarNode): boolean {
  if (publicPaths.test(place.path ?? '')) return true;
  return typeof value !== 'string' && String(value).length <= 5;
}

type Resolved =
  | { readonly value: string; readonly isSecret: boolean }
  | { readonly code: 'unset-variable' | 'unreadable-secret' | 'invalid-value'; readonly problem: string };

const unclosed: Resolved = {
  code: 'invalid-value',
  problem: 'expected a } after ${; write $${ for the characters themselves',
};

/** Each reference is resolved once: a file is read once, however often it is named. */
function remembering(options: SubstituteOptions): (inner: string) => Promise<Resolved> {
  const known = new Map<string, Promise<Resolved>>();
  return (inner) => {
    const before = known.get(inner);
    if (before !== undefined) return before;
    const now = resolveReference(inner, options);
    known.set(inner, now);
    return now;
  };
}

async function resolveReference(inner: string, { env, directory }: SubstituteOptions): Promise<Resolved> {
  if (inner.startsWith('file:')) return readSecret(inner.slice('file:'.length), directory);
  const match = /^([A-Za-z_][A-Za-z0-9_]*)(?::([-?])(.*))?$/s.exec(inner);
  if (match === null || match[3]?.includes('${') === true) {
    return {
      code: 'invalid-value',
      problem: `expected VAR, VAR:-default, VAR:?message or file:path within \${…}; write $\${ for the characters themselves`,
    };
  }
  const [, name = '', kind, rest = ''] = match;
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  // As in a shell, the forms with a colon take an empty variable for an unset one.
  if (value !== undefined && (value !== '' || kind === undefined)) return { value, isSecret: true };
  if (kind === '-') return { value: rest, isSecret: false };
  const hint = kind === '?' && rest !== '' ? rest : `set it, or give a default: \${${name}:-…}`;
  return { code: 'unset-variable', problem: `expected the variable ${name} to be set: ${hint}` };
}

async function readSecret(path: string, directory: string): Promise<Resolved> {
  const failed = (reason: string): Resolved => ({
    code: 'unreadable-secret',
    problem: `expected a readable file at ${path}: ${reason}`,
  });
  if (path === '') return failed('the path is empty');
  try {
    const bytes = await readWhole(resolve(directory, path), MAX_SECRET_BYTES);
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return { value: text.replace(/\r?\n$/, ''), isSecret: true };
  } catch (thrown) {
    return failed(thrown instanceof Error ? thrown.message : String(thrown));
  }
}

/** What YAML's core schema makes of text without quotes; empty text stays text. */
function typed(text: string): unknown {
  if (/^(?:true|True|TRUE)$/.test(text)) return true;
  if (/^(?:false|False|FALSE)$/.test(text)) return false;
  if (/^(?:~|null|Null|NULL)$/.test(text)) return null;
  if (/^(?:[-+]?\d+|0o[0-7]+|0x[0-9a-fA-F]+)$/.test(text)) {
    const value = Number(text);
    // Of a longer number digits would be lost: a token made of digits is text.
    return Number.isSafeInteger(value) ? value : text;
  }
  if (/^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/.test(text)) return Number(text);
  return text;
}

function replace(node: Node, replaced: ReadonlyMap<ScalarNode, ScalarNode>, depth = 0): Node {
  if (depth > MAX_DEPTH + 1) return node;
  switch (node.kind) {
    case 'scalar':
      return replaced.get(node) ?? node;
    case 'list':
      return { ...node, items: node.items.map((item) => replace(item, replaced, depth + 1)) };
    case 'map': {
      const entries = new Map<string, Entry>();
      for (const [name, { key, value }] of node.entries) {
        entries.set(name, { key, value: replace(value, replaced, depth + 1) });
      }
      return { ...node, entries };
    }
    default:
      return node satisfies never;
  }
}
