/** Arbitrary valid configurations over the plugins of `fakes.ts`, as plain objects with the keys of YAML. */
import fc from 'fast-check';

export type Tree = Record<string, unknown>;

const word = fc.oneof(
  fc.constantFrom(
    'a',
    'my name',
    'x.y',
    '${not}',
    '1',
    'true',
    'null',
    'constructor',
    'ünï',
    '"q"',
    '- a',
    '#',
    '~',
    ': b',
  ),
  fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
    .filter((text) => text !== 'none' && text !== '__proto__'),
);

const optional = <T>(key: string, value: fc.Arbitrary<T>): fc.Arbitrary<Tree> =>
  fc.option(value, { freq: 2 }).map((value) => (value === null ? {} : { [key]: value }));

const together = (...parts: fc.Arbitrary<Tree>[]): fc.Arbitrary<Tree> =>
  fc.tuple(...parts).map((parts) => Object.assign({}, ...parts));

const count = fc.integer({ min: 1, max: 100_000 });
const buffer = fc.oneof(
  count,
  count.map((bytes) => `${bytes}KiB`),
  fc.record({ messages: count, bytes: count }, { requiredKeys: [] }),
);
const policy = fc.constantFrom('drop-oldest', 'drop-newest', 'latest', 'error');
const expression = fc.constantFrom(
  'payload.id',
  'has(payload.a) && payload.b > 1',
  'payload == "${x}"',
  'true // all',
);
const key = fc.constantFrom('payload.id', 'meta.peer', '"${k}"');

const overflow = fc.oneof(
  together(optional('overflow', policy), optional('buffer', buffer), optional('key', key)),
  together(fc.record({ policy }), optional('buffer', buffer), optional('key', key)).map((overflow) => ({
    overflow,
  })),
  together(
    fc.record({ policy: fc.constant('sample'), every: count.map((ms) => `${ms}ms`) }),
    optional('key', key),
  ).map((overflow) => ({ overflow })),
);

const ms = fc.integer({ min: 1, max: 100_000 });
const retry = fc.oneof(
  fc.integer({ min: 1, max: 1_000 }),
  together(
    optional('attempts', fc.integer({ min: 1, max: 1_000 })),
    optional(
      'backoff',
      fc.tuple(ms, ms).map(([one, other]) => `${Math.min(one, other)}ms..${Math.max(one, other)}ms`),
    ),
    optional('in-order', fc.boolean()),
  ),
);

const step = fc.oneof(
  fc.constantFrom<unknown>('pass', 'count', { use: 'pass' }, { count: null }),
  expression.map((filter) => ({ filter })),
  fc.record({ with: word }).map((options) => ({ tag: options })),
  fc.record({ tenant: word }).map((options) => ({ use: './own.ts', with: options })),
);

const kinds = ['endpoint-socket', 'endpoint-queue', 'endpoint-radio', 'endpoint-echo'] as const;

const endpointOptions: Readonly<Record<(typeof kinds)[number], fc.Arbitrary<Tree>>> = {
  'endpoint-socket': together(
    optional('frames', fc.constantFrom('auto', 'text')),
    optional('origins', fc.array(word, { minLength: 1 })),
  ),
  'endpoint-queue': fc.record({ url: fc.string({ unit: 'grapheme' }) }),
  'endpoint-radio': optional('channel', word),
  'endpoint-echo': optional('channel', word),
};

const common = together(
  optional('max-in-flight', count),
  optional('max-deliveries', count),
  optional('marshal', fc.constant('none')),
);

function shuffled<T>(items: readonly T[]): fc.Arbitrary<T[]> {
  return fc.shuffledSubarray([...items], { minLength: items.length });
}

const names = fc.uniqueArray(word, { minLength: 2, maxLength: 4 });

const serverLimits = together(
  optional('connections', count),
  optional(
    'headers-timeout',
    count.map((ms) => `${ms + 100}ms`),
  ),
  optional(
    'drain-timeout',
    count.map((seconds) => `${seconds}s`),
  ),
  optional('header-bytes', fc.integer({ min: 1024, max: 1_048_576 })),
);

export const configuration: fc.Arbitrary<Tree> = names.chain((names) => {
  const [marshaller = '', ...endpoints] = names;
  const name = fc.constantFrom(...endpoints);
  const plugins = fc
    .tuple(
      fc.constant<Tree>({ name: marshaller, id: 'marshal-a' }),
      ...endpoints.map((name, index) =>
        fc.constantFrom(...kinds).chain((id) =>
          together(endpointOptions[id], common).map((options) => ({
            name,
            id,
            ...(id === 'endpoint-socket' ? { path: `/${index}` } : {}),
            ...options,
          })),
        ),
      ),
    )
    .map((plugins): unknown[] => plugins);
  const leg = fc.oneof(
    name,
    together(
      name.map((to) => ({ to })),
      optional('when', expression),
      optional('retry', retry),
      overflow,
    ),
  );
  const several = fc.array(leg, { minLength: 2, maxLength: 2 });
  const target = fc.oneof(
    { weight: 4, arbitrary: leg },
    several.map((legs) => ({ 'round-robin': legs })),
    several.map((legs) => ({ fallback: legs })),
    fc.tuple(key, several).map(([hash, over]) => ({ hash, over })),
  );
  const legs = fc.oneof(fc.array(target, { minLength: 1, maxLength: 2 }), target);
  const onError = fc.oneof(
    fc.constantFrom('discard', 'nack', 'hold'),
    name.map((name) => ({ 'dead-letter': name })),
  );
  const full = together(
    legs.map((to) => ({ to })),
    optional('via', fc.array(fc.oneof(step, fc.constantFrom('chain-1', 'chain-2')), { maxLength: 2 })),
    optional('from', fc.oneof(name, fc.uniqueArray(name, { minLength: 1, maxLength: 3 }))),
    optional('when', expression),
    optional('ack', fc.constantFrom('all', 'first')),
    optional('on-error', onError),
    optional('allow-upstream-loss', fc.boolean()),
    optional('retry', retry),
    overflow,
  );
  const routes = fc.dictionary(name, fc.oneof(full, fc.array(leg, { minLength: 1, maxLength: 2 })), {
    maxKeys: 2,
  });
  return together(
    plugins.map((plugins) => ({ plugins })),
    routes.map((routes) => ({ routes: { ...routes } })),
    fc
      .array(step, { maxLength: 3 })
      .map((steps) => ({ operators: { 'chain-1': steps, 'chain-2': ['chain-1', 'pass'] } })),
    optional(
      'defaults',
      together(
        optional('overflow', fc.constantFrom('pause', 'latest')),
        optional('buffer', buffer),
        optional('max-in-flight', count),
      ),
    ),
    optional('server-port', fc.integer({ min: 0, max: 65_535 })),
    optional('server-host', word),
    optional('server-limits', serverLimits),
    optional('hosts', fc.array(word, { maxLength: 3 })),
    optional('log-level', fc.constantFrom('debug', 'fatal')),
    optional(
      'x-note',
      fc.anything({ maxDepth: 1, key: fc.constantFrom('a', 'b c', ''), values: [fc.string(), fc.integer()] }),
    ),
  );
});

/** The same tree with the keys of every map in another order. */
export function reordered(tree: unknown): fc.Arbitrary<unknown> {
  if (Array.isArray(tree)) return tree.length === 0 ? fc.constant([]) : fc.tuple(...tree.map(reordered));
  if (typeof tree !== 'object' || tree === null) return fc.constant(tree);
  return shuffled(Object.entries(tree)).chain((entries) =>
    entries.length === 0
      ? fc.constant({})
      : fc
          .tuple(...entries.map(([key, value]) => reordered(value).map((value) => [key, value] as const)))
          .map(Object.fromEntries),
  );
}

/** The tree with `${` in its text as it is written in a file. */
export function escaped(tree: unknown): unknown {
  if (typeof tree === 'string') return tree.replaceAll('${', () => '$${');
  if (Array.isArray(tree)) return tree.map(escaped);
  if (typeof tree !== 'object' || tree === null) return tree;
  return Object.fromEntries(Object.entries(tree).map(([key, value]) => [key, escaped(value)]));
}
