/** Random configurations: sources and sinks of all abilities, routes that share them, small buffers, all policies. */
import fc from 'fast-check';

/** The keys of a YAML file, for `virtualRelay({ value })`. */
export type Topology = Readonly<Record<string, unknown>>;

export interface TopologyOptions {
  /** The policies that legs may have; all that need no disk, and `spill`, unless given. */
  readonly policies?: readonly string[];
  /** The steps that routes may have, as in YAML; some of ours unless given. */
  readonly steps?: fc.Arbitrary<unknown>;
  /** What failures may cost; `discard`, `nack` and, more rarely, `hold` unless given: it stops everything else. */
  readonly onError?: readonly string[];
  /** Whether legs may share messages out, in turn, by key or as stand-ins; they may unless it is false. */
  readonly sharing?: boolean;
}

const policies = [
  'pause',
  'pause',
  'pause',
  'drop-oldest',
  'drop-newest',
  'latest',
  'sample',
  'error',
  'spill',
] as const;

/** Each forwards, drops, splits, joins, delays or fails some of what `payloads` of a guess brings. */
const steps: fc.Arbitrary<unknown> = fc.constantFrom(
  { filter: 'payload.n > 1' },
  { map: '{"id": payload.id, "n": payload.n, "seen": true}' },
  { split: '[payload, payload]' },
  { batch: { count: 2, every: '20ms' } },
  { delay: '5ms' },
  { debounce: '10ms' },
  { throttle: '10ms' },
  { timeout: { after: '3s', then: 'discard' } },
);

/**
 * @example
 * await fc.assert(fc.asyncProperty(topologies(), async (value) => {
 *   await laws.conservation(() => virtualRelay({ value }), { numRuns: 5 });
 * }));
 */
export function topologies(options: TopologyOptions = {}): fc.Arbitrary<Topology> {
  return fc
    .record({
      sources: fc.array(source, { minLength: 1, maxLength: 2 }),
      sinks: fc.array(sink, { minLength: 1, maxLength: 3 }),
      routes: fc.array(routes(options), { minLength: 1, maxLength: 2 }),
    })
    .map(({ sources, sinks, routes }) => ({
      plugins: [
        { name: 'json', id: 'marshal-json' },
        ...sources.map((one, place) => ({ name: `source-${place}`, ...one })),
        ...sinks.map((one, place) => ({ name: `sink-${place}`, ...one })),
      ],
      routes: Object.fromEntries(
        routes.map(({ from, to, share, ...route }, place) => {
          const legs = to.map(({ sink: index, ...leg }, branch) => {
            const at = index % sinks.length;
            const carriesBytes = sinks[at]?.sink.carries === 'bytes';
            return legOf(`sink-${at}`, leg, carriesBytes ? `${place}-${branch}` : undefined);
          });
          return [
            `route-${place}`,
            {
              ...route,
              from: [...new Set(from.map((index) => `source-${index % sources.length}`))],
              to: shared(legs, share),
            },
          ];
        }),
      ),
    }));
}

const source = fc.record({
  id: fc.constant('endpoint-modelled'),
  // A batch of two needs two places.
  'max-in-flight': fc.constantFrom(2, 3, 5, 16),
  'max-deliveries': fc.integer({ min: 1, max: 3 }),
  source: fc.record({
    redelivers: fc.boolean(),
    ordered: fc.constantFrom('all', 'lane'),
    carries: fc.constantFrom('values', 'bytes'),
  }),
});

const sink = fc.record({
  id: fc.constant('endpoint-modelled'),
  sink: fc.record({ carries: fc.constantFrom('values', 'bytes'), pipelines: fc.boolean() }),
});

interface Leg {
  readonly overflow: string;
  readonly buffer: number;
  readonly when: string | undefined;
}

type Written = Readonly<Record<string, unknown>>;

/** All but the first of several share messages out, or the first two. */
function shared(legs: readonly Written[], share: Share): readonly Written[] {
  if (share === undefined || legs.length < 2) return legs;
  const begin = share.sparesFirst && legs.length > 2 ? 1 : 0;
  const some = legs.slice(begin);
  const target = share.how === 'hash' ? { hash: 'payload.id', over: some } : { [share.how]: some };
  return [...legs.slice(0, begin), target];
}

type Share = { readonly how: 'round-robin' | 'fallback' | 'hash'; readonly sparesFirst: boolean } | undefined;

const share: fc.Arbitrary<Share> = fc.option(
  fc.record({
    how: fc.constantFrom<'round-robin' | 'fallback' | 'hash'>('round-robin', 'fallback', 'hash'),
    sparesFirst: fc.boolean(),
  }),
  { nil: undefined, freq: 3 },
);

function legOf(to: string, { when, ...leg }: Leg, file: string | undefined): Written {
  return { ...policyOf(to, leg, file), ...(when !== undefined && { when }) };
}

function policyOf(to: string, { overflow, buffer }: Omit<Leg, 'when'>, file: string | undefined): Written {
  if (overflow === 'sample') {
    return { to, overflow: { policy: 'sample', every: '20ms', key: 'payload.id' }, buffer };
  }
  if (overflow === 'spill' && file === undefined) return { to, overflow: 'pause', buffer };
  if (overflow !== 'spill')
    return { to, overflow, buffer, ...(overflow === 'latest' && { key: 'payload.id' }) };
  // Only bytes have a form on disk; and a virtual relay has a disk of its own, so that no such file is made.
  return {
    to,
    overflow: { policy: 'spill', path: `never-made-${file}.db`, max: '1MiB', then: 'pause' },
    buffer,
  };
}

function routes(options: TopologyOptions) {
  return fc.record({
    from: fc.array(fc.nat(7), { minLength: 1, maxLength: 2 }),
    // Each once: two batches in a row want more places in the window than there may be.
    via: fc.uniqueArray(options.steps ?? steps, { maxLength: 2, selector: (step) => JSON.stringify(step) }),
    to: fc.array(
      fc.record({
        sink: fc.nat(7),
        overflow: fc.constantFrom(...(options.policies ?? policies)),
        buffer: fc.integer({ min: 1, max: 5 }),
        // What has no number there fails at its leg.
        when: fc.option(fc.constantFrom('payload.n > 1', 'payload.n <= 1'), { nil: undefined, freq: 1 }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    share: options.sharing === false ? fc.constant(undefined) : share,
    ack: fc.constantFrom('all', 'all', 'first'),
    'on-error': fc.constantFrom(...(options.onError ?? ['discard', 'discard', 'nack', 'nack', 'hold'])),
  });
}
