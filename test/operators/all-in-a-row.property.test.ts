// All operators of YAML in one route, in any order, between a source and a sink that do as they like: whatever is made
// of the messages, none is lost, none is settled twice, and nothing stays behind.

import fc from 'fast-check';
import { tap } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { silentLog } from '../../src/core/log.ts';
import type { OperatorDefinition } from '../../src/core/operator.ts';
import type { AnyPlugin } from '../../src/core/plugin.ts';
import { timelineText, type VirtualRelay, virtualRelay } from '../../src/testing/index.ts';
import { runs } from '../runs.ts';
import { allOperators } from './all.ts';

/** Options under which each of them does what it is for, and lets some through. Times are short, and differ. */
const optionsOf: Readonly<Record<string, unknown>> = {
  batch: { count: 3, every: '40ms' },
  debounce: { for: '3ms', max: '9ms', key: 'size(id)' },
  dedupe: { for: '1s' },
  delay: '7ms',
  distinct: { value: '[id, payload]' },
  enrich: { use: './all-in-a-row/customer.ts', key: 'id', as: 'customer', missing: 'fail' },
  filter: 'size(id) != 9',
  log: { message: 'passes' },
  map: '{"id": id, "payload": payload}',
  marshal: 'json',
  'order-by': { key: 'size(id)', max: 8 },
  'rate-limit': { rate: '500/s', burst: 4 },
  sample: { every: '10ms', key: 'size(id)' },
  scan: { initial: 0, with: 'state + 1', key: 'size(id)', 'max-keys': 3 },
  split: '[payload, payload]',
  switch: {
    cases: [
      { when: 'size(id) % 2 == 0', via: [{ batch: { count: 2, every: '15ms' } }] },
      { when: 'size(id) % 3 == 0', via: [{ split: '[payload, payload]' }, { delay: '4ms' }] },
    ],
    unmatched: 'pass',
  },
  tap: './all-in-a-row/look.ts',
  throttle: { every: '5ms', edge: 'both', key: 'size(id)' },
  timeout: parse('{ after: 25ms, then: nack }'),
  unmarshal: 'json',
  validate: { schema: { not: { type: 'boolean' } } },
  window: { every: '20ms', slide: '10ms' },
};

const anything = z.undefined();

/** Steps of users, with their mistakes. */
const faulty: Readonly<Record<string, OperatorDefinition>> = {
  throws: {
    kind: 'fn',
    name: 'throws',
    summary: 'Throws at some messages.',
    options: anything,
    create: () => (message) => {
      if (message.sequence % 5 === 3) throw new Error('on purpose');
      return message;
    },
  },
  drags: {
    kind: 'async',
    name: 'drags',
    summary: 'Takes its time, hangs at some messages and rejects at others.',
    options: anything,
    concurrency: 3,
    deadlineMs: 60,
    create:
      (_options, { scheduler }) =>
      ({ payload, sequence }) =>
        new Promise((resolve, reject) => {
          if (sequence % 7 === 2) return;
          scheduler.schedule(
            () => (sequence % 7 === 4 ? reject(new Error('on purpose')) : resolve(payload)),
            sequence % 4,
          );
        }),
  },
  breaks: {
    kind: 'rx',
    obligations: 'preserved',
    name: 'breaks',
    summary: 'Ends with an error at some messages.',
    options: anything,
    create: () => (source) =>
      source.pipe(
        tap(({ sequence }) => {
          if (sequence % 6 === 5) throw new Error('on purpose');
        }),
      ),
  },
};

/** An endpoint that keeps what is not acked, as a broker does, or delivers again by itself. */
function endpointThat(redelivers: boolean): AnyPlugin {
  return {
    kind: 'endpoint',
    id: 'endpoint-fickle',
    summary: 'Does as it likes.',
    options: z.strictObject({}),
    capabilities: () => ({
      source: { canPause: true, acks: true, redelivers, ordered: 'all', scope: 'once', carries: 'values' },
      sink: { confirms: 'durable', reaches: 'system', carries: 'values' },
    }),
    create: () => {
      throw new Error('a virtual relay makes no real endpoint');
    },
  };
}

interface Stage {
  readonly relay: VirtualRelay;
  readonly overSettled: readonly string[];
}

interface Scenario {
  readonly via: readonly string[];
  readonly maxInFlight: number;
  readonly redelivers: boolean;
  readonly onError: 'discard' | 'nack' | 'dead-letter';
  readonly actions: readonly Action[];
}

type Action =
  | { readonly do: 'send'; readonly count: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'latency'; readonly ms: number }
  | { readonly do: 'fail'; readonly count: number }
  | { readonly do: 'stall' | 'resume' | 'down' | 'up' | 'hold' | 'release' | 'restart' };

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('send' as const), count: fc.integer({ min: 1, max: 6 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 4, 12, 45, 300) }),
  },
  fc.record({ do: fc.constant('latency' as const), ms: fc.constantFrom(0, 2, 30) }),
  fc.record({ do: fc.constant('fail' as const), count: fc.integer({ min: 1, max: 3 }) }),
  fc
    .constantFrom('stall', 'resume', 'down', 'up', 'hold', 'release', 'restart')
    .map((deed) => ({ do: deed })),
);

const words = [...Object.keys(allOperators), ...Object.keys(faulty)];

const scenarios: fc.Arbitrary<Scenario> = fc.record({
  via: fc.shuffledSubarray(words),
  maxInFlight: fc.constantFrom(4, 16, 64),
  redelivers: fc.boolean(),
  onError: fc.constantFrom('discard', 'nack', 'dead-letter'),
  actions: fc.array(action, { maxLength: 25 }),
});

/** A relay, and what its log says of code that settles too often. */
async function relayOf({ via, maxInFlight, redelivers, onError }: Scenario): Promise<Stage> {
  const endpoints = ['orders', 'archive', 'dead'].map((name) => ({
    name,
    id: 'endpoint-fickle',
    marshal: 'none',
    'max-in-flight': maxInFlight,
  }));
  const plugins = [{ name: 'json', id: 'marshal-json' }, ...endpoints];
  const steps = via.map((word) => (word in optionsOf ? { [word]: optionsOf[word] } : word));
  const route = {
    via: steps,
    to: ['archive'],
    'on-error': onError === 'dead-letter' ? { 'dead-letter': 'dead' } : onError,
  };
  const overSettled: string[] = [];
  const relay = await virtualRelay({
    value: { plugins, routes: { orders: route } },
    directory: import.meta.dirname,
    plugins: { 'endpoint-fickle': endpointThat(redelivers) },
    operators: faulty,
    log: {
      ...silentLog,
      warn(fields, text) {
        if ((fields as { readonly code?: string }).code === 'over-settled') overSettled.push(text);
      },
    },
  });
  return { relay, overSettled };
}

async function play(relay: VirtualRelay, action: Action): Promise<void> {
  const sink = relay.sink('archive');
  switch (action.do) {
    case 'send':
      for (let place = 0; place < action.count; place += 1) relay.send('orders', { n: relay.sent.length });
      return;
    case 'wait':
      return relay.advance(action.ms);
    case 'latency':
      return sink.latency(action.ms);
    case 'fail':
      return sink.failNext(action.count);
    case 'hold':
      return relay.source('orders').hold();
    case 'release':
      return relay.source('orders').release();
    case 'restart':
      return relay.restart();
    case 'stall':
    case 'resume':
    case 'down':
    case 'up':
      return sink[action.do]();
    default:
      return action satisfies never;
  }
}

/** What breaks conservation now, if anything. */
function wrongNow({ relay: { routes, endpoint }, overSettled }: Stage): string | undefined {
  if (overSettled.length > 0) return overSettled[0];
  const [running] = routes;
  if (running === undefined) return 'there is no route';
  if (running.inSteps < 0) return `more messages left the steps than came or were made: ${running.inSteps}`;
  for (const { leg } of running.legs) {
    const discarded = [...leg.discarded.values()].reduce((sum, count) => sum + count, 0);
    const ended = leg.delivered + leg.failed + discarded;
    if (leg.received !== ended + leg.held)
      return `${leg.received} came to the leg; ${ended} ended, ${leg.held} held`;
  }
  const { gate } = endpoint('orders').inbound;
  if (gate.inFlight > gate.window) return `${gate.inFlight} are in flight; ${gate.window} may be`;
  return undefined;
}

/** The same, when nothing moves any more. */
function wrongAtRest(stage: Stage): string | undefined {
  const wrong = wrongNow(stage);
  if (wrong !== undefined) return wrong;
  const { relay } = stage;
  const [open] = relay.open();
  if (open !== undefined) return `${open.id} is open, in ${open.where}`;
  const [running] = relay.routes;
  if (running !== undefined && running.inSteps > 0) return `${running.inSteps} stay in the steps`;
  for (const { leg } of running?.legs ?? []) if (leg.held > 0) return `${leg.held} stay in the leg`;
  return undefined;
}

function broken(what: string, scenario: Scenario, relay: VirtualRelay): Error {
  return new Error(`${what}\nvia ${scenario.via.join(', ')}\n\n${timelineText(relay.timeline())}`);
}

describe('all operators in a row', () => {
  it('are all that there are', () => {
    expect(Object.keys(optionsOf)).toEqual(expect.arrayContaining(Object.keys(allOperators)));
  });

  it('conserve messages, in any order, whatever the outside world does', async () => {
    await fc.assert(
      fc.asyncProperty(scenarios, async (scenario) => {
        const stage = await relayOf(scenario);
        const { relay } = stage;
        for (const action of scenario.actions) {
          await play(relay, action);
          const wrong = wrongNow(stage);
          if (wrong !== undefined) throw broken(wrong, scenario, relay);
        }
        await relay.settle();
        const wrong = wrongAtRest(stage);
        relay.stop();
        if (wrong !== undefined) throw broken(wrong, scenario, relay);
      }),
      runs({ share: 0.1, quick: 0.5 }),
    );
  });

  it('give back all that they have when their route ends', async () => {
    await fc.assert(
      fc.asyncProperty(scenarios, async (scenario) => {
        const { relay } = await relayOf(scenario);
        for (const action of scenario.actions) await play(relay, action);
        relay.routes[0]?.stop();
        await relay.settle();
        const { inFlight } = relay.endpoint('orders').inbound;
        const inSteps = relay.routes[0]?.inSteps;
        relay.stop();
        if (inFlight > 0) throw broken(`${inFlight} are still in flight`, scenario, relay);
        if (inSteps !== 0) throw broken(`${inSteps} are still in the steps`, scenario, relay);
      }),
      runs({ share: 0.05, quick: 0.5 }),
    );
  });
});
