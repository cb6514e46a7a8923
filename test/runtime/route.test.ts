import { VirtualTimeScheduler } from 'rxjs';
import { expect, test } from 'vitest';
import type { OnError } from '../../src/config/plan.ts';
import { AraldoError } from '../../src/core/errors.ts';
import { FanOut } from '../../src/core/fan-out.ts';
import { Leg } from '../../src/core/leg.ts';
import { silentLog } from '../../src/core/log.ts';
import { Message, type Status } from '../../src/core/message.ts';
import { payloadTooLarge } from '../../src/core/payload-limit.ts';
import { Sink } from '../../src/core/sink.ts';
import type { FailureReport } from '../../src/runtime/dead-letter.ts';
import { createRoute } from '../../src/runtime/route.ts';

const error = new AraldoError('step-failed', 'it broke');

/** A route with that `on-error`; its dead letters go to a sink that takes or refuses them. */
function failing(
  onError: OnError,
  {
    refuses = false,
    canRedeliver = false,
  }: { refuses?: boolean | ((letter: Message) => void); canRedeliver?: boolean } = {},
) {
  const scheduler = new VirtualTimeScheduler();
  const letters: Message[] = [];
  const sink = new Sink('dead', scheduler, {
    isWritable: () => true,
    write(message) {
      if (refuses === true) throw new Error('no room');
      if (refuses !== false) refuses(message);
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
  expect([status(), held, route.returned, route.kept]).toEqual(['nack', [], 1, 0]);
});

test('a route › dead letters carry what they failed of, and are acked when their sink has them', () => {
  const { letters, fates, status } = failing({ deadLetter: 'dead' });
  expect([fates, status()]).toEqual([{ dead: 1, returned: 0, givenUp: 0, kept: 0 }, 'ack']);
  expect(letters.map(({ payload, meta }) => [payload, meta['error']])).toEqual([
    [
      'payload',
      {
        code: 'step-failed',
        message: 'it broke',
        route: 'route',
        at: 'route',
        deliveries: 1,
        original: { id: 'source-0', meta: {}, size: 7, text: 'payload' },
      },
    ],
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

const originalIn = ({ meta }: Message) => (meta['error'] as FailureReport).original;

test('a route › a letter that is too large for its sink goes without the bytes of its original', () => {
  const { letters, fates, lines } = failing(
    { deadLetter: 'dead' },
    {
      refuses(letter) {
        if (originalIn(letter)?.text !== undefined) throw payloadTooLarge(2_000, 1_000);
      },
    },
  );
  expect([fates.dead, letters.length]).toEqual([1, 1]);
  expect(letters[0]?.payload).toBe('payload');
  expect(originalIn(letters[0] as Message)).toEqual({ id: 'source-0', meta: {}, size: 7 });
  expect(lines).toEqual(['it broke']);
});

test('a route › a letter whose payload has no form in bytes goes without it, for it has its original', () => {
  const { letters, fates } = failing(
    { deadLetter: 'dead' },
    {
      refuses({ payload }) {
        if (payload !== null) throw new AraldoError('unmarshallable-payload', 'a function');
      },
    },
  );
  expect([fates.dead, letters.length]).toEqual([1, 1]);
  expect([letters[0]?.payload, originalIn(letters[0] as Message)?.text]).toEqual([null, 'payload']);
});

test.each(['payload-too-large', 'unmarshallable-payload'] as const)(
  'a route › a letter that is refused however light it is ends there: %s',
  (code) => {
    let tries = 0;
    const { fates, status } = failing(
      { deadLetter: 'dead' },
      {
        refuses() {
          tries += 1;
          throw new AraldoError(code, 'never');
        },
      },
    );
    expect([fates.givenUp, fates.dead, status(), tries]).toEqual([1, 0, 'ack', 2]);
  },
);

test('a route › says so when code settles too often, and goes on', () => {
  const { claimed, lines } = failing('discard');
  claimed.ack();
  expect(lines.at(-1)).toContain('settle it or forward it, not both');
});
