import { describe, expect, it } from 'vitest';
import { AraldoError } from '../../src/core/errors.ts';
import { Message } from '../../src/core/message.ts';
import { compileFormula, compilePredicate, compileValue } from '../../src/expression/expression.ts';

const order = {
  id: 'o-1',
  qty: 2,
  price: 2.5,
  half: 0.5,
  negative: -3,
  tags: ['new', 'red'],
  counts: [1, 2, 3],
  customer: { name: 'Ada', address: null },
  gone: null,
  isPaid: true,
};

function thrownBy(run: () => unknown): AraldoError {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof AraldoError) return thrown;
    throw thrown;
  }
  throw new Error('expected an AraldoError, and nothing was thrown');
}

describe('compilePredicate', () => {
  it.each([
    ['payload.qty > 0', true],
    ['payload.qty > 2', false],
    ['payload.qty >= 2 && payload.qty <= 2.0', true],
    ['payload.qty == 2', true],
    ['payload.qty != 2', false],
    ['payload.half == 0.5', true],
    ['payload.negative < -2', true],
    ['payload.negative == -3', true],
    ['payload.qty % 2 == 0', true],
    ['payload.qty * payload.price == 5', true],
    ['1 == 1.0', true],
    ['size(payload.tags) == 2', true],
    ['2 in payload.counts', true],
    ['payload.qty in [1, 2]', true],
    ['"red" in payload.tags', true],
    ['payload.counts.exists(n, n == 3)', true],
    ['payload.counts.all(n, n > 1)', false],
    ['has(payload.id) && payload.qty > 0', true],
    ['has(payload.absent) && payload.absent > 0', false],
    ['payload.isPaid', true],
    ['!payload.isPaid', false],
    ['payload.gone == null', true],
    ['payload.customer.name.startsWith("A")', true],
    ['payload.?absent.orValue(7) == 7', true],
    ['meta.key == "k" && id == "i"', true],
  ])('%s is %s', (text, expected) => {
    expect(compilePredicate(text)(Message.of(order, { key: 'k', id: 'i' }))).toBe(expected);
  });

  it.each([
    ['an absent key', 'payload.absent > 0'],
    ['an absent key on the way', 'payload.absent.deep == 1'],
    ['a null on the way', 'payload.customer.address.street == "x"'],
    ['a null compared', 'payload.gone > 0'],
    ['a null negated', '!payload.gone'],
    ['a null in a condition', 'payload.gone && true'],
    ['a null asked for a method', 'payload.gone.startsWith("a")'],
    ['a null walked through', 'payload.gone.exists(x, x == 1)'],
    ['an index beyond the end', 'payload.counts[9] == 1'],
    ['an absent meta', 'meta.key == "k"'],
    ['what is missing, negated', '!(payload.absent > 0)'],
    ['an optional without a value', 'payload.?absent.value() == 1'],
  ])('is false for %s', (_what, text) => {
    expect(compilePredicate(text)(Message.of(order))).toBe(false);
  });

  it('is false when there is no payload', () => {
    expect(compilePredicate('payload.x == 1')(Message.of(undefined))).toBe(false);
    expect(compilePredicate('payload.x == 1')(Message.of(null))).toBe(false);
    expect(compilePredicate('payload.x == 1')(Message.of('text'))).toBe(false);
  });

  it('takes either side of an or, when the other is missing', () => {
    expect(compilePredicate('payload.absent == 1 || payload.qty == 2')(Message.of(order))).toBe(true);
  });

  it.each([
    ['payload.qty', 'payload.qty: expected true or false, found number'],
    ['payload.id > 1', 'payload.id > 1: no such overload: dyn<string> > double'],
  ])('fails on %s', (text, reason) => {
    const error = thrownBy(() => compilePredicate(text)(Message.of(order)));
    expect(error.code).toBe('expression-failed');
    expect(error.message).toBe(reason);
  });

  it('fails where a map is compared, also when there is a null in it', () => {
    expect(thrownBy(() => compilePredicate('payload > 1')(Message.of({ a: null }))).code).toBe(
      'expression-failed',
    );
  });

  it('leaves the traces of errors elsewhere as long as they were', () => {
    const before = Error.stackTraceLimit;
    compilePredicate('payload.absent > 0')(Message.of(order));
    expect(Error.stackTraceLimit).toBe(before);
  });

  it('gives the same again after a failure', () => {
    const predicate = compilePredicate('payload.qty > 1');
    expect(predicate(Message.of({}))).toBe(false);
    expect(predicate(Message.of({ qty: 2 }))).toBe(true);
    expect(() => predicate(Message.of({ qty: 'two' }))).toThrow(AraldoError);
    expect(predicate(Message.of({ qty: 2 }))).toBe(true);
  });
});

describe('compile', () => {
  it.each([
    ['payload.qty >', 'unexpected token: EOF at column 14 of payload.qty >'],
    ['payloat.qty > 0', 'unknown variable: payloat at column 1 of payloat.qty > 0'],
    [
      'payload.qty > frob(1)',
      "found no matching overload for 'frob(int)' at column 15 of payload.qty > frob(1)",
    ],
    ['payload.frob()', "found no matching overload for 'dyn.frob()' at column 1 of payload.frob()"],
    ['true && "a" + 1 == "a1"', 'no such overload: string + int at column 9 of true && "a" + 1 == "a1"'],
    ['payload.a &&\n  #', 'unexpected character: # at line 2, column 3 of payload.a &&\n  #'],
    ['', 'expected an expression, found ""'],
    ['{"__proto__": 1} == {}', 'the key "__proto__" is not allowed at column 2'],
    ['payload.qty + 1 > 0 ? "yes" : "no"', 'expected a condition, found an expression that gives string'],
  ])('refuses %j', (text, reason) => {
    const error = thrownBy(() => compilePredicate(text));
    expect(error.code).toBe('invalid-expression');
    expect(error.message).toContain(reason);
  });

  it('refuses what is not text', () => {
    const error = thrownBy(() => compilePredicate(7 as unknown as string));
    expect(error.message).toBe('expected an expression, found 7');
  });

  it('takes 4,096 characters, and not one more', () => {
    const text = 'true'.padEnd(4096);
    expect(compilePredicate(text)(Message.of(null))).toBe(true);
    expect(thrownBy(() => compilePredicate(`${text} `)).code).toBe('invalid-expression');
  });

  it.each([
    ['not', (depth: number) => `${'!'.repeat(depth)}true`],
    ['parentheses', (depth: number) => `${'('.repeat(depth)}true${')'.repeat(depth)}`],
    ['lists', (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)} == []`],
    ['sums', (depth: number) => `${'1+'.repeat(depth)}1 > 0`],
    ['ands', (depth: number) => `${'true&&'.repeat(depth / 3)}true`],
  ])('refuses %s nested without end', (_what, nest) => {
    expect(thrownBy(() => compilePredicate(nest(1900))).code).toBe('invalid-expression');
    expect(() => compilePredicate(nest(30))(Message.of(null))).not.toThrow();
  });
});

describe('compileValue', () => {
  it.each([
    ['1', 1],
    ['-1', -1],
    ['7 / 2', 3.5],
    ['7 % 4', 3],
    ['payload.qty + 1', 3],
    ['1 + payload.qty', 3],
    ['payload.qty - 1', 1],
    ['payload.qty * 3', 6],
    ['payload.qty / 4', 0.5],
    ['payload.qty % 2', 0],
    ['-payload.qty', -2],
    ['payload.counts[1]', 2],
    ['payload.counts[payload.qty]', 3],
    ['payload.counts[payload.qty - 1]', 2],
    ['payload.counts[size(payload.counts) - 1]', 3],
    ['"a,b,c".split(",")[size(payload.tags)]', 'c'],
    ['size(payload.counts) + 0.5', 3.5],
    ['payload.id.substring(payload.qty)', '1'],
    ['payload.id.substring(0, payload.qty)', 'o-'],
    ['payload.id + "/" + string(payload.qty)', 'o-1/2'],
    ['[1, payload.qty, "x", null, [2]]', [1, 2, 'x', null, [2]]],
    ['{"a": 1, "b": {"c": [payload.qty + 1]}}', { a: 1, b: { c: [3] } }],
    ['{1: "one", true: "yes"}', { 1: 'one', true: 'yes' }],
    ['{}', {}],
    ['payload.counts.map(n, n * 2)', [2, 4, 6]],
    ['payload.counts.filter(n, n > 1)', [2, 3]],
    ['cel.bind(n, size(payload.tags), n + 1)', 3],
    ['payload.gone', null],
    ['payload.?qty', 2],
    ['int("42")', 42],
    ['3u', 3],
    ['duration("90s")', 90_000],
    ['type(payload.id)', 'string'],
    ['has(payload.absent) ? payload.absent : "none"', 'none'],
  ])('%s gives %j', (text, expected) => {
    expect(compileValue(text)(Message.of(order))).toEqual(expected);
  });

  it('gives the parts of a payload themselves, uncopied', () => {
    expect(compileValue('payload.customer')(Message.of(order))).toBe(order.customer);
    expect(compileValue('{"c": payload.customer}')(Message.of(order))).toEqual({ c: order.customer });
  });

  it.each([
    ['payload.absent', 'payload.absent: no such key: absent'],
    ['payload.customer.address.street', 'no such key: street'],
    ['payload.counts[9]', 'index 9 >= size 3'],
    ['payload.gone + 1', 'no such overload: dyn<null> + int'],
    ['payload.?absent', 'an optional without a value'],
    ['9007199254740993', 'the result 9007199254740993 is larger than a number can hold exactly'],
    ['payload.id.substring(0.5)', 'substring(0.5, 3) is not within a text of 3 characters'],
  ])('fails on %s', (text, reason) => {
    const error = thrownBy(() => compileValue(text)(Message.of(order)));
    expect(error.code).toBe('expression-failed');
    expect(error.message).toContain(reason);
  });

  it('makes maps whose keys are nothing but keys', () => {
    const made = compileValue('{"constructor": 1, "prototype": 2}')(Message.of(order));
    expect(Object.entries(made as object)).toEqual([
      ['constructor', 1],
      ['prototype', 2],
    ]);
    const error = thrownBy(() =>
      compileValue('{payload.k: {"polluted": 1}}')(Message.of({ k: '__proto__' })),
    );
    expect(error.code).toBe('expression-failed');
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it('does not reach what the payload inherits', () => {
    for (const key of ['constructor', '__proto__', 'toString']) {
      expect(() => compileValue(`payload.${key}`)(Message.of({}))).toThrow();
      expect(() => compileValue(`payload["${key}"]`)(Message.of({}))).toThrow('no such key');
    }
  });

  it('refuses a payload that contains itself', () => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    expect(() => compileValue('payload')(Message.of(cycle))).toThrow('nested deeper than 64 levels');
  });

  it('reads the payload only if the expression does', () => {
    let reads = 0;
    const payload = (): unknown => {
      reads += 1;
      return { qty: 1 };
    };
    const message = Object.defineProperty(Message.of(undefined, { key: 'k' }), 'payload', { get: payload });
    expect(compileValue('meta.key')(message)).toBe('k');
    expect(compilePredicate('meta.key == "x" && payload.qty == 1')(message)).toBe(false);
    expect(reads).toBe(0);
    expect(compileValue('payload.qty')(message)).toBe(1);
    expect(reads).toBe(1);
  });
});

describe('compileFormula', () => {
  it('evaluates over the variables it names', () => {
    const formula = compileFormula('{"n": n, "text": "tick " + string(n), "later": now + 1000}', [
      'n',
      'now',
    ]);
    expect(formula({ n: 1, now: 5 })).toEqual({ n: 1, text: 'tick 1', later: 1005 });
  });

  it('knows no others', () => {
    expect(thrownBy(() => compileFormula('payload.x', ['n'])).message).toContain('unknown variable: payload');
  });

  it('fails when a variable has no value', () => {
    expect(thrownBy(() => compileFormula('n + 1', ['n'])({})).code).toBe('expression-failed');
  });
});
