import { VirtualTimeScheduler } from 'rxjs';
import { expect, test } from 'vitest';
import type { OnError } from '../../src/config/plan.ts';
import { AraldoError } from '../../src/core/errors.ts';
import { FanOut } from '../../src/core/fan-out.ts';
import { Leg } from '../../src/core/leg.ts';
import { silentLog } from '../../src/core/log.ts';
import { Message, type Status } from '../../src/core/message.ts';
import { Sink } from '../../src/core/sink.ts';
import { createRoute } from '../../src/runtime/route.ts';

const error = new AraldoError('step-failed', 'it broke');

/** A route with that `on-error`; its dead letters go to a sink that takes or refuses them. */
function failing(onError: OnError, { refuses = false, canRedeliver = false } = {}) {
  const scheduler = new VirtualTimeScheduler();
  const letters: Message[] = [];
  const sink = new Sink('dead', scheduler, {
    isWritable: () => true,
    write(message) {
      if (refuses) throw new Error('no room');
      letters.push(message);
      return true;
    },
  });
  sink.opened();
  const capacity = { messages: 10, bytes: 1_000 };
  const leg = new Leg(sink, { name: 'route ⇢ dead', overflow: 'pause', capacity });
  const lines: string[] = [];
  const route = createRoute({
    name: 'route',
    onError,
    canRedeliver,
    deadLetters: new FanOut([{ leg }]),
    scheduler,
    log: {
      ...silentLog,
      warn: (_fields, text) => lines.push(text),
      error: (_fields, text) => lines.push(text),
    },
  });
  const held: string[] = [];
  let status: Status | undefined;
  const root = Message.root(
    'payload',
    {},
    {
      address: 'source',
      valve: {
        hold: ({ name }) => held.push(name),
        release: ({ name }) => held.splice(held.indexOf(name), 1),
      },
      settled: (_root, settled) => {
        status = settled;
      },
    },
    0,
  );
  const claimed = root.claim(route);
  root.emitted();
  claimed.fail(error);
  const fates = { dead: route.dead, returned: route.returned, givenUp: route.givenUp, kept: route.kept };
  return { route, letters, lines, held, fates, claimed, status: () => status };
}

test('a route › discard gives a failed message up, and acks it', () => {
  const { fates, status } = failing('discard');
  expect([fates, status()]).toEqual([{ dead: 0, returned: 0, givenUp: 1, kept: 0 }, 'ack']);
});

test('a route › nack returns it to its source', () => {
  const { fates, status } = failing('nack');
  expect([fates, status()]).toEqual([{ dead: 0, returned: 1, givenUp: 0, kept: 0 }, 'nack']);
});

test('a route › hold stops at it, names itself, and gives it back when it ends', () => {
  const { route, fates, held, status } = failing('hold');
  expect([fates, status(), held]).toEqual([
    { dead: 0, returned: 0, givenUp: 0, kept: 1 },
    undefined,
    ['route on-error'],
  ]);
  expect(route.heldBy).toBe(error);
  route.end();
  expect([status(), held]).toEqual(['nack', []]);
});

test('a route › dead letters carry what they failed of, and are acked when their sink has them', () => {
  const { letters, fates, status } = failing({ deadLetter: 'dead' });
  expect([fates, status()]).toEqual([{ dead: 1, returned: 0, givenUp: 0, kept: 0 }, 'ack']);
  expect(letters.map(({ payload, meta }) => [payload, meta['error']])).toEqual([
    ['payload', { code: 'step-failed', message: 'it broke', route: 'route' }],
  ]);
});

test.each([
  { canRedeliver: false, fate: 'givenUp', settled: 'ack' },
  { canRedeliver: true, fate: 'kept', settled: undefined },
])('a route › a refused dead letter is $fate where the source redelivers: $canRedeliver', (expected) => {
  const { canRedeliver, fate, settled } = expected;
  const { fates, status } = failing({ deadLetter: 'dead' }, { refuses: true, canRedeliver });
  const none = { dead: 0, returned: 0, givenUp: 0, kept: 0 };
  expect([fates, status()]).toEqual([{ ...none, [fate]: 1 }, settled]);
});

test('a route › says so when code settles too often, and goes on', () => {
  const { claimed, lines } = failing('discard');
  claimed.ack();
  expect(lines.at(-1)).toContain('settle it or forward it, not both');
});
