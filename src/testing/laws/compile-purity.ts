/** Law 19: the same configuration gives the same plan, whatever its order, and reading one opens nothing. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { type Document, isMap, isScalar, parseDocument, stringify, visit } from 'yaml';
import type { Configuration } from '../../config/configuration.ts';
import { printPlan } from '../../config/print.ts';
import { ConfigurationError } from '../../config/problem.ts';
import { loadRelay, type RelaySource } from '../load-relay.ts';
import type { LawSettings } from '../operator-laws.ts';
import { seededRandom } from '../seeded.ts';

/**
 * Reads a configuration again and again: as it is, with its keys in other orders, from its printed normal form, and
 * with a key or value of it broken. Rejects when plans differ, when an invalid one is refused with anything but a
 * `ConfigurationError`, or when a socket is opened.
 *
 * @example
 * test('my configuration says one thing', () => compilePurityLaw({ file: 'araldo.yaml' }));
 */
export async function compilePurityLaw(source: RelaySource, settings: LawSettings = {}): Promise<void> {
  const text = await textOf(source);
  const read = (yaml: string): Promise<Configuration> => quietly(() => loadRelay(asText(source, yaml)));
  const { plan } = await read(text);
  if (!isDeepStrictEqual((await read(text)).plan, plan)) throw broken('the same text gives another plan');
  const printed = printPlan(plan);
  const again = await read(printed);
  if (!isDeepStrictEqual(again.plan, plan)) throw broken('its printed normal form gives another plan');
  if (printPlan(again.plan) !== printed) throw broken('its printed normal form is printed in another way');

  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.nat(), async (seed, at) => {
      const shuffled = shuffle(parseDocument(text), seededRandom(seed)).toString();
      if (!isDeepStrictEqual((await read(shuffled)).plan, plan)) {
        throw broken(`the order of keys matters:\n${shuffled}`);
      }
      const damaged = damage(parseDocument(text), at, seededRandom(seed)).toString();
      try {
        await read(damaged);
      } catch (thrown) {
        if (!(thrown instanceof ConfigurationError))
          throw broken(`it threw ${String(thrown)} for:\n${damaged}`);
      }
    }),
    settings,
  );
}

async function textOf({ file, yaml, value }: RelaySource): Promise<string> {
  if (file !== undefined) return readFile(file, 'utf8');
  if (yaml !== undefined) return yaml;
  if (value !== undefined) return stringify(value, { aliasDuplicateObjects: false });
  throw new TypeError('expected file, yaml or value: a configuration that is loaded already has been read');
}

function asText({ file, directory, ...source }: RelaySource, yaml: string): RelaySource {
  const { value: _value, configuration: _configuration, ...rest } = source;
  const home = directory ?? (file === undefined ? undefined : dirname(file));
  return { ...rest, yaml, ...(home !== undefined && { directory: home }) };
}

/** All maps in another order: their keys mean the same. */
function shuffle(document: Document, random: () => number): Document {
  visit(document, {
    Map(_key, map) {
      for (let place = map.items.length - 1; place > 0; place -= 1) {
        const other = Math.floor(random() * (place + 1));
        const [one, another] = [map.items[place], map.items[other]];
        if (one === undefined || another === undefined) continue;
        map.items[place] = another;
        map.items[other] = one;
      }
    },
  });
  return document;
}

const garbage: readonly unknown[] = [null, '', -1, 1e99, true, [], {}, 'nothing has this name', '${'];

/** One value is another, or one key is gone or means nothing. */
function damage(document: Document, at: number, random: () => number): Document {
  const wounds: (() => void)[] = [];
  visit(document, {
    Pair(_key, pair, path) {
      const map = path.at(-1);
      wounds.push(() => {
        pair.value = document.createNode(garbage[Math.floor(random() * garbage.length)]);
      });
      if (isMap(map)) wounds.push(() => map.delete(isScalar(pair.key) ? pair.key.value : pair.key));
      wounds.push(() => {
        pair.key = document.createNode('no-such-key');
      });
    },
  });
  if (wounds.length > 0) wounds[at % wounds.length]?.();
  return document;
}

/** What is read here, and nobody else at the same time. */
const reading = new AsyncLocalStorage<string[]>();

/** Node tells of every socket and server, when they are made: nothing needs to be replaced. */
const channels = ['net.client.socket', 'tracing:net.server.listen:asyncStart'] as const;

async function quietly<T>(read: () => Promise<T>): Promise<T> {
  const opened: string[] = [];
  const tell = (_message: unknown, name: string | symbol): void => {
    reading.getStore()?.push(String(name));
  };
  for (const channel of channels) subscribe(channel, tell);
  try {
    return await reading.run(opened, read);
  } finally {
    for (const channel of channels) unsubscribe(channel, tell);
    // Thrown in place of what reading may have thrown: a socket that is opened is the worse of both.
    if (opened.length > 0) throwOpened(opened);
  }
}

function throwOpened(opened: readonly string[]): never {
  throw broken(`reading it opened ${opened.length} sockets (${opened[0]})`);
}

function broken(text: string): Error {
  return new Error(`law 19 (compile purity) is broken: ${text}`);
}
