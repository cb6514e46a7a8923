/** The server's own keys: where it listens, under which certificate, and how much it lets callers ask. */
import { resolve } from 'node:path';
import type { Schema } from '../core/schema.ts';
import { expiryOf, readIdentity } from '../options/identity.ts';
import { isPem } from '../options/pem.ts';
import { defaultServerLimits, type ServerLimits, serverLimits } from '../options/server-limits.ts';
import { type ServerTls, serverTls } from '../options/server-tls.ts';
import type { ReadContext } from './context.ts';
import { expected, integerReader, readKey, readList, readText, wordReader } from './fields.ts';
import { validateOptions } from './options.ts';
import { type LogLevel, logLevels, type ServerPlan } from './plan.ts';
import type { Problems } from './problem.ts';
import { type MapNode, missingSpot, type Node, plainOf } from './tree.ts';
import type { Warn } from './warnings.ts';

export interface ServerPart {
  readonly plan: ServerPlan;
  readonly logLevel: LogLevel;
  /** With paths from the root: those of the plan are relative to the configuration. */
  readonly tls: ServerTls | undefined;
  /** What the plan holds that nobody may print, although it stands in the file. */
  readonly secrets: readonly string[];
}

/** More names than this nobody types; a list that long is a mistake. */
const MAX_HOSTS = 1_000;

export async function readServer(root: MapNode, context: ReadContext, warn: Warn): Promise<ServerPart> {
  const { problems, directory } = context;
  const host = readKey(root, 'server-host', problems, (node) =>
    readText(node, problems, 'a host name or address'),
  );
  const port = readKey(root, 'server-port', problems, integerReader(0, 65_535));
  const logLevel = readKey(root, 'log-level', problems, wordReader(logLevels));
  const hosts = readKey(root, 'hosts', problems, readHosts);
  const limits = await readSection<ServerLimits>(root, 'server-limits', serverLimits, problems);
  const written = await readSection<ServerTls>(root, 'server-tls', serverTls, problems);
  const tls = written === undefined ? undefined : fromDirectory(written, directory);
  if (tls !== undefined) await checkIdentity(root, tls, problems, warn);

  return {
    plan: {
      host: host ?? '127.0.0.1',
      port: port ?? 8080,
      hosts: hosts ?? [],
      limits: limits ?? defaultServerLimits,
      ...(written !== undefined && { tls: written }),
    },
    logLevel: logLevel ?? 'info',
    tls,
    secrets: written === undefined ? [] : secretsOf(written),
  };
}

function secretsOf({ key, passphrase }: ServerTls): readonly string[] {
  return [...(passphrase === undefined ? [] : [passphrase]), ...(isPem(key) ? [key] : [])];
}

function readHosts(node: Node, problems: Problems): readonly string[] {
  const items = readList(node, problems, 'a list of host names')?.items ?? [];
  if (items.length > MAX_HOSTS) expected(`at most ${MAX_HOSTS} host names`, node, problems);
  return items.slice(0, MAX_HOSTS).flatMap((item) => readText(item, problems, 'a host name') ?? []);
}

/** A map with a schema of its own; nothing when it is not there, or wrong, which is reported. */
async function readSection<T>(
  root: MapNode,
  key: string,
  schema: Schema<T>,
  problems: Problems,
): Promise<T | undefined> {
  const node = root.entries.get(key)?.value;
  if (node === undefined) return undefined;
  const parsed = await validateOptions(schema, plainOf(node), node, { name: key }, problems);
  return parsed?.value as T | undefined;
}

function fromDirectory(tls: ServerTls, directory: string): ServerTls {
  const absolute = (value: string): string => (isPem(value) ? value : resolve(directory, value));
  return {
    ...tls,
    cert: absolute(tls.cert),
    key: absolute(tls.key),
    ...(tls.ca !== undefined && { ca: absolute(tls.ca) }),
  };
}

/** Everything that would keep clients from connecting, found before anything is opened. */
async function checkIdentity(root: MapNode, tls: ServerTls, problems: Problems, warn: Warn): Promise<void> {
  const section = root.entries.get('server-tls')?.value as MapNode;
  const nodeOf = (option: string): Node | undefined => section.entries.get(option)?.value;
  const result = await readIdentity(tls);
  if (result.problems === undefined) {
    const expiry = expiryOf(result.identity, Date.now());
    if (expiry !== undefined) warn(nodeOf('cert')?.place ?? section.place, expiry);
    return;
  }
  for (const { code, message, place } of result.problems) {
    const option = place?.path?.replace('server-tls.', '') ?? '';
    problems.report(code, nodeOf(option) ?? missingSpot(section, option), message);
  }
}
