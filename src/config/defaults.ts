/** The server's own keys, and `defaults:`. */
import {
  checkKeys,
  expected,
  integerReader,
  readKey,
  readList,
  readMap,
  readText,
  wordReader,
} from './fields.ts';
import { defaultsKeys } from './keys.ts';
import { type OverflowSpec, readOverflow } from './overflow.ts';
import { type LogLevel, logLevels, type ServerPlan } from './plan.ts';
import type { Problems } from './problem.ts';
import type { MapNode, Node } from './tree.ts';

export interface Defaults {
  readonly overflow: OverflowSpec;
  /** The node is kept: whether the name exists is known later. */
  readonly marshal: Node | undefined;
  readonly maxInFlight: number;
  readonly maxDeliveries: number;
}

const MAX_IN_FLIGHT = 1024;
const MAX_DELIVERIES = 5;

export const inFlightReader: ReturnType<typeof integerReader> = integerReader(1, 1_048_576);
export const deliveriesReader: ReturnType<typeof integerReader> = integerReader(1, 1_000_000);

/** More names than this nobody types; a list that long is a mistake. */
const MAX_HOSTS = 1_000;

export function readServer(root: MapNode, problems: Problems): { server: ServerPlan; logLevel: LogLevel } {
  const host = readKey(root, 'server-host', problems, (node) =>
    readText(node, problems, 'a host name or address'),
  );
  const port = readKey(root, 'server-port', problems, integerReader(0, 65_535));
  const logLevel = readKey(root, 'log-level', problems, wordReader(logLevels));
  const hosts = readKey(root, 'hosts', problems, readHosts);
  return {
    server: { host: host ?? '127.0.0.1', port: port ?? 8080, hosts: hosts ?? [] },
    logLevel: logLevel ?? 'info',
  };
}

function readHosts(node: Node, problems: Problems): readonly string[] {
  const items = readList(node, problems, 'a list of host names')?.items ?? [];
  if (items.length > MAX_HOSTS) expected(`at most ${MAX_HOSTS} host names`, node, problems);
  return items.slice(0, MAX_HOSTS).flatMap((item) => readText(item, problems, 'a host name') ?? []);
}

export function readDefaults(root: MapNode, problems: Problems): Defaults {
  const map = readKey(root, 'defaults', problems, (node) => readMap(node, problems));
  if (map === undefined) {
    return { overflow: {}, marshal: undefined, maxInFlight: MAX_IN_FLIGHT, maxDeliveries: MAX_DELIVERIES };
  }
  checkKeys(map, { of: 'defaults', known: defaultsKeys }, problems);
  return {
    overflow: readOverflow(map, problems),
    marshal: map.entries.get('marshal')?.value,
    maxInFlight: readKey(map, 'max-in-flight', problems, inFlightReader) ?? MAX_IN_FLIGHT,
    maxDeliveries: readKey(map, 'max-deliveries', problems, deliveriesReader) ?? MAX_DELIVERIES,
  };
}
