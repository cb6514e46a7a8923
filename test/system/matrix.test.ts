// What is known of a message arrives as docs/meta.md promises, from every system in every system: put in and taken out
// by clients that are not araldo.

import { existsSync, readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lackOfBroker } from '../servers/kafka/broker.ts';
import { describeWith } from '../servers/requires.ts';
import { testIsolation } from './matrix/isolation.ts';
import {
  type Oddity,
  type Parcel,
  type Raw,
  rawOf,
  type System,
  type SystemName,
  saidOf,
  systemNames,
  systems,
  type Word,
  words,
} from './matrix/mapping.ts';
import { testRequests } from './matrix/request-reply.ts';
import { startWorld, type World } from './matrix/world.ts';
import { until } from './support/server.ts';

const lack = await lackOfBroker();
if (lack !== undefined && process.env['CI']) throw new Error(`a broker of Kafka is missing: ${lack}`);
const system = (name: SystemName): System => systems[name];
const sinks = systemNames;
const sources = systemNames.filter((name) => name !== 'sse');
const pairs = sources.flatMap((source) => sinks.map((sink) => ({ source, sink })));

const rows = (all: readonly { source: SystemName; sink: SystemName }[]) =>
  all.map(({ source, sink }) => {
    const isSkipped = lack !== undefined && (source === 'kafka' || sink === 'kafka');
    const title = `${system(source).title} → ${system(sink).title}${isSkipped ? ` (skipped: ${lack})` : ''}`;
    return { title, source, sink, isSkipped };
  });

/** Each message ends with a word of its own: what it is of, and where it was put in. */
const marked = (payload: Uint8Array, mark: string): Buffer =>
  Buffer.concat([payload, Buffer.from(` #${mark}`)]);
const anyBytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);

const full = (source: SystemName): Parcel => ({
  payload: marked(anyBytes, `full ${source}`),
  id: `order-7/${source}`,
  key: 'Kunde Müller, 12',
  headers: { umlaut: 'Grüße 😀', empty: '', trap: 'a, b: c; d="e" %0A {f}' },
  contentType: 'application/x-order; v=2',
  correlationId: 'question-3',
  replyTo: 'answers',
  timestamp: 1_700_000_000_123,
});

const bare = (source: SystemName): Parcel => ({ payload: marked(Buffer.from('Grüße'), `bare ${source}`) });

const oddities: Readonly<Record<Oddity, Readonly<Record<string, string>>>> = {
  'a line break': { odd: 'one\r\ntwo: 2' },
  'a blank in its name': { 'odd name': 'one' },
};
const odd = (oddity: Oddity): Parcel => ({
  payload: marked(anyBytes, `with ${oddity}`),
  id: `odd ${oddity}`,
  headers: { ...oddities[oddity], plain: 'too' },
});
/** What an envelope may claim, and no clock says. */
const times = [-86_400_000, 0.5, 1e300];
const at = (timestamp: number): Parcel => ({ payload: marked(anyBytes, `at ${timestamp}`), timestamp });

/** Both are fields of an entry like any other. */
const oddSource = 'redis-stream';

describe('docs/meta.md', () => {
  const page = readFileSync(new URL('../../docs/meta.md', import.meta.url), 'utf8');
  const table = page.split('\n').filter((line) => line.startsWith('|'));
  const head = (table[0] ?? '').split('|').map((cell) => cell.trim());

  it.each(systemNames)('says of %s what is computed with here', (name) => {
    const { title, page: link, places, headers } = system(name);
    const row = table.find((line) => line.includes(`[${title}](endpoints/${link}.md)`)) ?? '';
    const cells = row.split('|').map((cell) => cell.trim());
    const cellOf = (word: string): string => cells[head.indexOf(`\`${word}\``)] ?? '';
    expect(cellOf('headers').replaceAll('*', '')).toBe(headers);
    for (const word of words) {
      const named = [...cellOf(word).matchAll(/\*\*(.+?)\*\*( \(seconds\))?|`(.+?)`/g)].map(
        ([, own, unit, header]) => [own ?? header, own !== undefined, unit !== undefined],
      );
      const expected = places[word].map(({ kind, name: place, unit }) =>
        kind === 'envelope' ? [] : [place, kind === 'field', unit === 'seconds'],
      );
      if (places[word][0]?.kind === 'envelope') expect(cellOf(word)).toBe('envelope');
      else expect([word, named]).toEqual([word, expected]);
    }
  });
});

describeWith(['redis-server', 'mosquitto', 'nats-server', 'rabbitmq-server'], 'the matrix of meta', () => {
  let world: World;
  const twins = ['twin-a', 'twin-b'];
  beforeAll(async () => {
    const stream = (url: string, name: string) =>
      ({ id: 'endpoint-redis-stream', url, stream: name, group: 'araldo', marshal: 'none' }) as const;
    world = await startWorld({
      hasKafka: lack === undefined,
      acceptHeaders: Object.keys(full('http').headers ?? {}),
      more: (url) =>
        Object.fromEntries(
          twins.map((name) => [name, { source: stream(url, name), to: ['http', 'jetstream'] }]),
        ),
    });
    for (const oddity of Object.keys(oddities) as Oddity[]) await put(oddSource, odd(oddity));
    for (const timestamp of times) await put('websocket', at(timestamp));
    await Promise.all(
      sources.map(async (name) => {
        await put(name, full(name));
        await put(name, bare(name));
      }),
    );
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  async function put(name: SystemName, parcel: Parcel): Promise<void> {
    await world.ends[name]?.put?.(rawOf(system(name), parcel));
  }

  /** The message of that mark, once it is there. */
  async function arrived(sink: SystemName, mark: string): Promise<Raw> {
    const all = (): readonly Raw[] =>
      (world.ends[sink]?.taken() ?? []).filter(({ payload }) =>
        payload.toString('latin1').endsWith(` #${mark}`),
      );
    await until(`${mark} is there`, () => all().length > 0).catch((error: unknown) => {
      const said = `${lettersOf(mark).join('\n')}\n${world.relay.logged().slice(-2_000)}`;
      throw new Error(`${mark} is not there:\n${said}`, { cause: error });
    });
    expect(all()).toHaveLength(1);
    return all()[0] as Raw;
  }

  /** The dead letters of a mark. */
  function lettersOf(mark: string): string[] {
    if (!existsSync(world.letters)) return [];
    return readFileSync(world.letters, 'utf8')
      .split('\n')
      .slice(0, -1)
      .filter((line) => {
        const { payload } = JSON.parse(line) as { payload: string | { base64: string } };
        const bytes =
          typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(payload.base64, 'base64');
        return bytes.toString('latin1').endsWith(` #${mark}`);
      });
  }

  for (const { title, source, sink, isSkipped } of rows(pairs)) {
    it.skipIf(isSkipped)(`${title}: carries payload, id, key, headers and all other words`, async () => {
      const came = await arrived(sink, `full ${source}`);
      expect(without(system(sink), came, [])).toEqual(rawOf(system(sink), full(source)));
    });

    it.skipIf(isSkipped)(`${title}: makes up nothing but an id`, async () => {
      const came = await arrived(sink, `bare ${source}`);
      const { tells = [], hasPositions } = system(source);
      const made = ['id', ...tells, ...(system(sink).makesUp ?? [])] as const;
      expect(without(system(sink), came, made)).toEqual(rawOf(system(sink), bare(source)));
      if (hasPositions === true)
        expect(saidOf(system(sink), came, 'id')).toMatch(new RegExp(`^${source}-in/.`));
    });
  }

  describe.each(Object.keys(oddities) as Oddity[])('a header with %s', (oddity) => {
    const refuses = (sink: SystemName): boolean => system(sink).refuses?.includes(oddity) === true;
    const rowsTo = (all: readonly SystemName[]) => rows(all.map((sink) => ({ source: oddSource, sink })));

    for (const { title, sink, isSkipped } of rowsTo(sinks.filter((name) => refuses(name)))) {
      it.skipIf(isSkipped)(`${title}: costs its message, and is told once`, async () => {
        const letters = () => lettersOf(`with ${oddity}`).filter((line) => line.includes(`→ ${sink}-out"`));
        await until('its letter is there', () => letters().length > 0);
        expect(letters()).toHaveLength(1);
        const { meta } = JSON.parse(letters()[0] ?? '') as { meta: { error: Record<string, unknown> } };
        expect(meta.error).toMatchObject({ code: 'sink-rejected', deliveries: 1 });
        expect(meta.error['message']).toContain('odd');
        // What came after it has passed.
        await arrived(sink, `full ${oddSource}`);
      });
    }

    for (const { title, sink, isSkipped } of rowsTo(sinks.filter((name) => !refuses(name)))) {
      it.skipIf(isSkipped)(`${title}: travels as it is`, async () => {
        const came = await arrived(sink, `with ${oddity}`);
        const made = system(sink).makesUp ?? [];
        expect(without(system(sink), came, made)).toEqual(rawOf(system(sink), odd(oddity)));
      });
    }
  });

  describe.each(times)('a time that is %d', (timestamp) => {
    const all = rows(sinks.map((sink) => ({ source: 'websocket', sink })));
    it.for(all.filter(({ isSkipped }) => !isSkipped))('$title: holds nothing up', async ({ sink }) => {
      await arrived(sink, `at ${timestamp}`);
    });
  });

  describe('requests and answers', () => {
    testRequests(() => world.addresses);
  });

  testIsolation(() => world.addresses);

  it('two sources with equal positions have different ids, so that nothing is taken for its double', async () => {
    const client = new Redis(world.addresses.REDIS);
    for (const name of twins) await client.xadd(name, '7-1', 'payload', `equal #twin ${name}`);
    client.disconnect();
    for (const sink of ['http', 'jetstream'] as const) {
      const came = await Promise.all(twins.map((name) => arrived(sink, `twin ${name}`)));
      const idNames = systems[sink].places.id.map(({ name }) => name);
      for (const name of idNames) expect(new Set(came.map(({ headers }) => headers[name])).size).toBe(2);
      expect(came.map((raw) => saidOf(systems[sink], raw, 'id'))).toEqual(twins.map((name) => `${name}/7-1`));
    }
  });
});

/** Without what a system adds of its own, and without the words that araldo may make up. */
function without(
  { places, ownHeaders = [] }: System,
  { payload, fields, headers }: Raw,
  madeUp: readonly Word[],
): Raw {
  const derived = Object.values(places).flatMap((all) => all.filter(({ kind }) => kind === 'derived'));
  const made = [...derived, ...madeUp.flatMap((word) => places[word])].map(({ name }) => name);
  const names = new Set([...made, ...ownHeaders]);
  const rest = <Value>(all: Readonly<Record<string, Value>>): Record<string, Value> =>
    Object.fromEntries(Object.entries(all).filter(([name]) => !names.has(name)));
  return { payload, fields: rest(fields), headers: rest(headers) };
}
