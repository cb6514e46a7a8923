import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printPlan } from '../../src/config/print.ts';
import { Message } from '../../src/core/message.ts';
import { runs } from '../runs.ts';
import { brief, load, problemsOf } from './fakes.ts';

const routes = `
plugins:
  - { name: orders, id: endpoint-socket, path: /orders }
  - { name: archive, id: endpoint-printer }
  - { name: clock, id: endpoint-clock }
routes:
  orders: { via: [pass], to: archive }
`;

const testsOf = async (text: string) => (await load(`${routes}tests:\n${text}`)).tests;

/** One test with one stage. */
const stageOf = async (given: string, expected: string) => {
  const [test] = await testsOf(`  - { name: a, given: ${given}, expect: ${expected} }\n`);
  return test?.stages[0];
};

/** The problems of one test, without the code of the part before `tests:`. */
const problemsIn = async (text: string): Promise<readonly string[]> =>
  (await problemsOf(`${routes}tests:\n${text}`)).map((problem) => {
    const hint = problem.suggestion === undefined ? '' : ` | ${problem.suggestion}`;
    return `${brief(problem)} ${problem.text}${hint}`;
  });

describe('tests:', () => {
  it('are examples with what is given and what is expected, each with its place', async () => {
    const [test] = await testsOf(`
  - name: an order is archived
    given:
      - { from: orders, payload: { id: 1 } }
    expect:
      archive: [ { payload: { id: 1 } } ]
      orders: { acked: 1 }
`);
    expect(test?.plan).toEqual({
      name: 'an order is archived',
      stages: [
        {
          given: [{ do: 'send', from: 'orders', content: { payload: { id: 1 } }, meta: {}, times: 1 }],
          expect: {
            archive: { receives: [{ payload: { id: 1 }, meta: {}, times: 1 }] },
            orders: { fates: { acked: 1 } },
          },
        },
      ],
    });
    const [stage] = test?.stages ?? [];
    expect(test?.place).toMatchObject({ file: 'araldo.yaml', line: 10, column: 5 });
    expect(stage?.given[0]?.place).toMatchObject({ line: 12, column: 9 });
    expect(stage?.expects[0]?.messages[0]?.place).toMatchObject({ line: 14, column: 18 });
    expect(stage?.expects[1]?.place).toMatchObject({ line: 15, column: 7 });
  });

  it.each([
    ['{ wait: 5s }', { do: 'wait', ms: 5_000 }],
    ['{ stall: archive }', { do: 'stall', sink: 'archive' }],
    ['{ resume: archive }', { do: 'resume', sink: 'archive' }],
    ['{ slow: archive, by: 200ms }', { do: 'slow', sink: 'archive', ms: 200 }],
    ['{ refuse: archive }', { do: 'refuse', sink: 'archive', times: 1 }],
    ['{ refuse: archive, times: 3 }', { do: 'refuse', sink: 'archive', times: 3 }],
    ['{ refuse: archive, when: payload.a }', { do: 'refuse', sink: 'archive', when: 'payload.a' }],
    ['{ refuse-once: archive }', { do: 'refuse-once', sink: 'archive' }],
    ['{ down: orders }', { do: 'down', endpoint: 'orders' }],
    ['{ up: archive }', { do: 'up', endpoint: 'archive' }],
    ['{ hold: orders }', { do: 'hold', source: 'orders' }],
    ['{ release: clock }', { do: 'release', source: 'clock' }],
    ['{ throw: "orders.via[0]" }', { do: 'throw', step: 'orders.via[0]' }],
    ['restart', { do: 'restart' }],
    ['{ from: orders, text: "{" }', sent({ text: '{' })],
    ['{ from: orders, text: "" }', sent({ text: '' })],
    ['{ from: orders, base64: /wE }', sent({ base64: '/wE=' })],
    [
      '{ from: orders, payload: 1, throws-in: "orders.via[0]" }',
      { ...sent({ payload: 1 }), throwsIn: 'orders.via[0]' },
    ],
    ['{ from: orders, payload: null, times: 3 }', { ...sent({ payload: null }), times: 3 }],
    [
      '{ from: orders, payload: 1, key: a, headers: { h: "1" }, meta: { peer: p } }',
      { ...sent({ payload: 1 }), meta: { key: 'a', headers: { h: '1' }, peer: 'p' } },
    ],
  ])('may be given %s', async (given, plan) => {
    expect((await stageOf(`[${given}]`, '{ archive: none }'))?.plan.given).toEqual([plan]);
    expect((await stageOf(given, '{ archive: none }'))?.plan.given).toEqual([plan]);
  });

  function sent(content: object): object {
    return { do: 'send', from: 'orders', content, meta: {}, times: 1 };
  }

  it.each([
    ['{ archive: none }', { archive: { receives: [] } }],
    ['{ archive: [] }', { archive: { receives: [] } }],
    ['{ archive: 3 }', { archive: { receives: 3 } }],
    ['{ archive: { receives: 3 } }', { archive: { receives: 3 } }],
    ['{ orders: { open: 1, acked: 0 } }', { orders: { fates: { acked: 0, open: 1 } } }],
    ['{ orders: { receives: none, lost: 1 } }', { orders: { receives: [], fates: { lost: 1 } } }],
    [
      '{ archive: { receives: [{ like: { a: 1 } }], in-any-order: true } }',
      { archive: { receives: [{ like: { a: 1 }, meta: {}, times: 1 }], inAnyOrder: true } },
    ],
    ['{ archive: [{ at: 5s, times: 2 }] }', received({ at: { minMs: 5_000, maxMs: 5_000 }, times: 2 })],
    ['{ archive: [{ at: 0s..1m }] }', received({ at: { minMs: 0, maxMs: 60_000 } })],
    ['{ archive: [{ text: "{}" }] }', received({ text: '{}' })],
    ['{ archive: [{ error: step-failed }] }', received({ error: 'step-failed' })],
    ['{ archive: [{ key: a, meta: { peer: p } }] }', received({ meta: { key: 'a', peer: 'p' } })],
    ['{ archive: [{ when: payload.a > 1 }] }', received({ when: 'payload.a > 1' })],
  ])('may expect %s', async (expected, plan) => {
    expect((await stageOf('[]', expected))?.plan.expect).toEqual(plan);
  });

  function received(message: object): object {
    return { archive: { receives: [{ meta: {}, times: 1, ...message }] } };
  }

  it('compile their conditions', async () => {
    const stage = await stageOf(
      '[{ refuse: archive, when: payload.a > 1 }]',
      '{ archive: [{ when: payload.a > 1 }] }',
    );
    for (const when of [stage?.given[0]?.when, stage?.expects[0]?.messages[0]?.when]) {
      expect([1, 2].map((a) => when?.(Message.of({ a })))).toEqual([false, true]);
    }
  });

  it('go on under then:, stage by stage', async () => {
    const [test] = await testsOf(`
  - name: a
    expect: { archive: none }
    then:
      - { given: { wait: 1s }, expect: { archive: 1 } }
      - { expect: { archive: none } }
`);
    expect(test?.plan.stages.map(({ given }) => given)).toEqual([[], [{ do: 'wait', ms: 1_000 }], []]);
  });

  it.each([
    [
      '{ name: a }',
      'missing-key tests[0].expect 9:5 expected what endpoints receive, such as {archive: none}; found nothing',
    ],
    [
      '{ expect: { archive: 1 } }',
      'missing-key tests[0].name 9:5 expected the name of the test, found nothing',
    ],
    [
      '{ name: a, expect: {} }',
      'invalid-value tests[0].expect 9:24 expected at least one endpoint, found a map',
    ],
    [
      '{ name: a, expect: { archiv: none } }',
      'unknown-name tests[0].expect.archiv 9:26 no endpoint has this name; there are: orders, archive, clock | did you mean archive?',
    ],
    [
      '{ name: a, given: [{ from: order, payload: 1 }], expect: { archive: 1 } }',
      'unknown-name tests[0].given[0].from 9:32 no endpoint has this name; there are: orders, archive, clock | did you mean orders?',
    ],
    [
      '{ name: a, given: [{ from: archive, payload: 1 }], expect: { archive: 1 } }',
      'wrong-role tests[0].given[0].from 9:32 expected an endpoint that can be read from; endpoint-printer cannot be a source',
    ],
    [
      '{ name: a, expect: { clock: none } }',
      'wrong-role tests[0].expect.clock 9:26 expected an endpoint that can be sent to; endpoint-clock cannot be a sink',
    ],
    [
      '{ name: a, expect: { archive: { acked: 1 } } }',
      'wrong-role tests[0].expect.archive 9:26 expected an endpoint that can be read from; endpoint-printer cannot be a source',
    ],
    [
      '{ name: a, expect: { archive: non } }',
      'invalid-value tests[0].expect.archive 9:35 expected a list of messages, their number, or none, found "non" | did you mean none?',
    ],
    [
      '{ name: a, expect: { archive: [{ id: 1 }] } }',
      'invalid-value tests[0].expect.archive[0] 9:36 expected a message such as {payload: 1}, found a map with "id" | if this is what it carries, write payload: before it',
    ],
    [
      '{ name: a, expect: { archive: [{ payload: 1, like: 2 }] } }',
      'invalid-value tests[0].expect.archive[0].like 9:50 expected one of payload and like, found both',
    ],
    [
      '{ name: a, expect: { archive: [{ error: step-faild }] } }',
      'invalid-value tests[0].expect.archive[0].error 9:45 expected the code of an error, found "step-faild" | did you mean step-failed?',
    ],
    [
      '{ name: a, expect: { archive: [{ at: 2s..1s }] } }',
      'invalid-value tests[0].expect.archive[0].at 9:42 expected the earlier time first, found "2s..1s" | 1s..2s',
    ],
    [
      '{ name: a, given: [{ to: orders, payload: 1 }], expect: { archive: 1 } }',
      'invalid-value tests[0].given[0].to 9:26 expected a step that begins with one of from, wait, stall, resume, slow, refuse, refuse-once, down, up, hold, release, throw, restart; found "to" | did you mean from?',
    ],
    [
      '{ name: a, given: [{ from: orders, payload: 1, wait: 1s }], expect: { archive: 1 } }',
      'invalid-value tests[0].given[0].wait 9:52 expected one thing in a step, found from and wait | a - before wait makes it a step of its own',
    ],
    [
      '{ name: a, given: [{ from: orders }], expect: { archive: 1 } }',
      'missing-key tests[0].given[0].payload 9:24 expected a payload (or text or base64: what travels as it is), found nothing',
    ],
    [
      '{ name: a, given: [{ from: orders, base64: "?" }], expect: { archive: 1 } }',
      'invalid-value tests[0].given[0].base64 9:48 expected bytes in base64, found "?"',
    ],
    [
      '{ name: a, given: [{ throw: "orders.via[1]" }], expect: { archive: 1 } }',
      'unknown-name tests[0].given[0].throw 9:33 expected a step from orders.via[0] to orders.via[0], as araldo print has them, found "orders.via[1]"',
    ],
    [
      '{ name: a, given: [{ refuse: archive, times: 1, when: payload.a }], expect: { archive: 1 } }',
      'invalid-value tests[0].given[0].times 9:43 expected times or when, found both',
    ],
    [
      '{ name: a, given: [{ wait: 5 }], expect: { archive: 1 } }',
      'invalid-value tests[0].given[0].wait 9:32 expected a duration such as 250ms, found 5',
    ],
  ])('refuse %s with its place', async (test, ...expected) => {
    expect((await problemsIn(`  - ${test}\n`)).map((line) => line.trimEnd())).toEqual(expected);
  });

  it('have names of their own', async () => {
    expect(
      await problemsIn('  - { name: a, expect: { archive: 1 } }\n  - { name: a, expect: { archive: 1 } }\n'),
    ).toEqual(['duplicate-name tests[1].name 10:13 expected a name of its own, found "a" again']);
  });

  it('print in a form that reads to an equal plan', async () => {
    await fc.assert(
      fc.asyncProperty(anyTests, async (tests) => {
        const { plan } = await load(`${routes}tests: ${JSON.stringify(tests)}`);
        const printed = printPlan(plan);
        const again = (await load(printed)).plan;
        // Vitest takes its time to compare large objects: only those that differ are shown to it.
        if (!isDeepStrictEqual(again, plan)) expect(again).toEqual(plan);
        expect(printPlan(again)).toBe(printed);
      }),
      runs({ share: 0.05, quick: 0.5 }),
    );
  });
});

const word = fc.constantFrom('a', 'my key', 'none', '1', 'ü');
const maybe = <T>(key: string, value: fc.Arbitrary<T>) =>
  fc.option(value).map((value) => (value === null ? {} : { [key]: value }));
const together = (...parts: fc.Arbitrary<object>[]) =>
  fc.tuple(...parts).map((parts) => Object.assign({}, ...parts) as object);
const time = fc.integer({ min: 0, max: 100_000 }).map((ms) => `${ms}ms`);
/** As YAML allows: numbers without loss of digits, and `$` that stands for itself. */
const payload = fc
  .jsonValue({ maxDepth: 2 })
  .map(
    (value) =>
      JSON.parse(
        JSON.stringify(value).replaceAll('$', '§').replaceAll('__proto__', '_'),
        (_key, part: unknown) => (Number.isInteger(part) && !Number.isSafeInteger(part) ? 0 : part),
      ) as unknown,
  );
const content = fc.oneof(
  fc.record({ payload }),
  fc.record({ text: word }),
  fc.uint8Array().map((bytes) => ({ base64: Buffer.from(bytes).toString('base64') })),
);
const times = maybe('times', fc.integer({ min: 1, max: 10 }));
const meta = together(
  maybe('key', word),
  maybe('headers', fc.dictionary(word, word)),
  maybe('meta', fc.record({ peer: word })),
);
const anyGiven = fc.oneof(
  together(fc.constant({ from: 'orders' }), content, meta, times),
  fc.record({ wait: time }),
  fc.constantFrom<unknown>('restart', { stall: 'archive' }, { up: 'orders' }, { 'refuse-once': 'archive' }),
  together(fc.constant({ refuse: 'archive' }), times),
  fc.constant({ refuse: 'archive', when: 'payload.a == "$${b}"' }),
);
const message = together(
  fc.oneof(content, fc.record({ like: payload }), fc.constant({ when: 'payload.a' })),
  meta,
  times,
  maybe('at', time),
  maybe('error', fc.constant('step-failed')),
);
const anyReceived = fc.oneof(fc.constant('none'), fc.nat(9), fc.array(message, { maxLength: 3 }));
const stage = together(
  maybe('given', fc.array(anyGiven, { maxLength: 3 })),
  fc.record({
    expect: fc.record({
      archive: fc.oneof(
        anyReceived,
        together(fc.record({ receives: anyReceived }), maybe('in-any-order', fc.boolean())),
      ),
      orders: together(
        fc.record({ acked: fc.nat(3) }),
        maybe('open', fc.nat(3)),
        maybe('receives', anyReceived),
      ),
    }),
  }),
);
const anyTests = fc.uniqueArray(
  together(fc.record({ name: word }), stage, maybe('then', fc.array(stage, { maxLength: 2 }))),
  { maxLength: 3, selector: (test) => (test as { name: string }).name },
);
