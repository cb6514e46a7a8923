/** `given:` of a test: what comes in, what goes wrong outside, and what time passes. */
import type { Message, Meta } from '../core/message.ts';
import { parseDuration } from '../options/duration.ts';
import type { GivenPart, RoutePart, StepPart } from './configuration.ts';
import type { ReadEndpoint } from './endpoint-reader.ts';
import {
  checkKeys,
  expected,
  integerReader,
  type Reader,
  readKey,
  readMap,
  readRequired,
  readText,
  reportThrown,
} from './fields.ts';
import { readPredicate } from './predicate.ts';
import type { Problems } from './problem.ts';
import { contentKeys, readContent, readMeta } from './test-content.ts';
import type { GivenPlan } from './test-plan.ts';
import { found, type MapNode, type Node } from './tree.ts';

export interface GivenContext {
  readonly problems: Problems;
  readonly readEndpoint: ReadEndpoint;
  /** For what may be a source as well as a sink. */
  readonly readEither: (node: Node) => string | undefined;
  readonly routes: ReadonlyMap<string, RoutePart>;
}

/** More of one message than this tells nothing that fewer do not. */
export const MAX_TIMES = 10_000;

export const timesReader: ReturnType<typeof integerReader> = integerReader(1, MAX_TIMES);

/** What a verb makes of its map; `when` is a condition that was compiled. */
type Read = (
  map: MapNode,
  context: GivenContext,
) => GivenPlan | { readonly plan: GivenPlan; readonly when: (message: Message) => boolean } | undefined;

interface Verb {
  /** Keys beside the verb. */
  readonly keys: readonly string[];
  readonly read: Read;
}

const verbs: Readonly<Record<string, Verb>> = {
  from: { keys: [...contentKeys, 'key', 'headers', 'meta', 'times', 'throws-in'], read: readSend },
  wait: { keys: [], read: readWait },
  stall: { keys: [], read: ofSink('stall', (sink) => ({ do: 'stall', sink })) },
  resume: { keys: [], read: ofSink('resume', (sink) => ({ do: 'resume', sink })) },
  slow: { keys: ['by'], read: readSlow },
  refuse: { keys: ['times', 'when'], read: readRefuse },
  'refuse-once': { keys: [], read: ofSink('refuse-once', (sink) => ({ do: 'refuse-once', sink })) },
  down: { keys: [], read: ofEither('down') },
  up: { keys: [], read: ofEither('up') },
  hold: { keys: [], read: ofSource('hold') },
  release: { keys: [], read: ofSource('release') },
  throw: { keys: [], read: readThrow },
};

const RESTART = 'restart';

/** Words that people may try, and what they mean here. */
const instead: Readonly<Record<string, string>> = {
  to: 'from',
  send: 'from',
  source: 'from',
  emit: 'from',
  advance: 'wait',
  sleep: 'wait',
  fail: 'refuse',
  reject: 'refuse',
  latency: 'slow',
};

export function readGiven(node: Node, context: GivenContext): GivenPart | undefined {
  const { problems } = context;
  const { place } = node;
  if (node.kind === 'scalar' && node.value === RESTART) return { plan: { do: 'restart' }, place };
  const map = readMap(node, problems, `a step such as {from: orders, payload: 1}, {wait: 5s} or ${RESTART}`);
  if (map === undefined) return undefined;
  const [word, another] = [...map.entries.keys()].filter((key) => Object.hasOwn(verbs, key));
  if (word === undefined) return reportNoVerb(map, problems);
  if (another !== undefined) {
    const spot = map.entries.get(another)?.key ?? map;
    problems.report('invalid-value', spot, `expected one thing in a step, found ${word} and ${another}`, {
      suggestion: `a - before ${another} makes it a step of its own`,
    });
    return undefined;
  }
  const { keys, read } = verbs[word] as Verb;
  checkKeys(map, { of: `a step of ${word}`, known: [word, ...keys] }, problems);
  const result = read(map, context);
  if (result === undefined) return undefined;
  return 'plan' in result ? { ...result, place } : { plan: result, place };
}

function reportNoVerb(map: MapNode, problems: Problems): undefined {
  const words = [...Object.keys(verbs), RESTART].join(', ');
  const [name, entry] = [...map.entries][0] ?? [];
  const meant = [...map.entries.keys()].map((key) => instead[key]).find((word) => word !== undefined);
  problems.report(
    'invalid-value',
    entry?.key ?? map,
    `expected a step that begins with one of ${words}; found ${name === undefined ? 'nothing' : JSON.stringify(name)}`,
    { suggestion: meant === undefined ? undefined : `did you mean ${meant}?` },
  );
}

function readSend(map: MapNode, context: GivenContext): GivenPlan | undefined {
  const { problems, readEndpoint } = context;
  const source = readKey(map, 'from', problems, (node) => readEndpoint(node, 'source'));
  const content = readContent(map, problems);
  const times = readKey(map, 'times', problems, timesReader) ?? 1;
  const throwsIn = readKey(map, 'throws-in', problems, stepReader(context));
  const meta: Meta = readMeta(map, problems);
  if (source === undefined || content === undefined) return undefined;
  return {
    do: 'send',
    from: source.name,
    content,
    meta,
    times,
    ...(throwsIn === undefined ? {} : { throwsIn }),
  };
}

function readWait(map: MapNode, { problems }: GivenContext): GivenPlan | undefined {
  const ms = readKey(map, 'wait', problems, durationReader);
  return ms === undefined ? undefined : { do: 'wait', ms };
}

function readSlow(map: MapNode, { problems, readEndpoint }: GivenContext): GivenPlan | undefined {
  const sink = readKey(map, 'slow', problems, (node) => readEndpoint(node, 'sink'));
  const ms = readRequired(map, 'by', problems, 'a duration such as 200ms', durationReader);
  return sink === undefined || ms === undefined ? undefined : { do: 'slow', sink: sink.name, ms };
}

function readRefuse(map: MapNode, { problems, readEndpoint }: GivenContext): ReturnType<Read> {
  const sink = readKey(map, 'refuse', problems, (node) => readEndpoint(node, 'sink'));
  const when = readKey(map, 'when', problems, readPredicate);
  const times = readKey(map, 'times', problems, timesReader) ?? 1;
  const both = map.entries.get('times');
  if (both !== undefined && map.entries.has('when')) {
    problems.report('invalid-value', both.key, 'expected times or when, found both');
  }
  if (sink === undefined) return undefined;
  if (when === undefined) return { do: 'refuse', sink: sink.name, times };
  return { plan: { do: 'refuse', sink: sink.name, when: when.text }, when: when.of };
}

function readThrow(map: MapNode, context: GivenContext): GivenPlan | undefined {
  const step = readKey(map, 'throw', context.problems, stepReader(context));
  return step === undefined ? undefined : { do: 'throw', step };
}

/** `orders.via[0]`: a step as `araldo print` has it, chains resolved, whose code can be made to throw. */
function stepReader({ routes }: GivenContext): Reader<string> {
  return (node, problems) => {
    const text = readText(node, problems, 'a step such as orders.via[0]');
    if (text === undefined) return undefined;
    const [, route = '', index = ''] = /^(.+)\.via\[(\d{1,4})\]$/s.exec(text) ?? [];
    const steps = routes.get(route)?.steps ?? [];
    const step = steps[Number(index)];
    if (step !== undefined && step.definition.kind !== 'rx') return text;
    problems.report('unknown-name', node, `${wrongStep(route, steps, step)}, found ${found(node)}`);
    return undefined;
  };
}

/** What an `rx` step does is between it and RxJS: nobody can throw in its stead. */
function wrongStep(route: string, steps: readonly StepPart[], step: StepPart | undefined): string {
  if (step !== undefined) return `expected a step of the kind fn or async; ${step.plan.use} is rx`;
  if (steps.length === 0) return 'expected a step such as orders.via[0]';
  const last = `${route}.via[${steps.length - 1}]`;
  return `expected a step from ${route}.via[0] to ${last}, as araldo print has them`;
}

function ofSink(word: string, planOf: (sink: string) => GivenPlan): Read {
  return (map, { problems, readEndpoint }) => {
    const sink = readKey(map, word, problems, (node) => readEndpoint(node, 'sink'));
    return sink === undefined ? undefined : planOf(sink.name);
  };
}

function ofSource(word: 'hold' | 'release'): Read {
  return (map, { problems, readEndpoint }) => {
    const source = readKey(map, word, problems, (node) => readEndpoint(node, 'source'));
    return source === undefined ? undefined : { do: word, source: source.name };
  };
}

function ofEither(word: 'down' | 'up'): Read {
  return (map, { problems, readEither }) => {
    const endpoint = readKey(map, word, problems, readEither);
    return endpoint === undefined ? undefined : { do: word, endpoint };
  };
}

function durationReader(node: Node, problems: Problems): number | undefined {
  if (node.kind !== 'scalar' || node.isBroken === true)
    return expected('a duration such as 5s', node, problems);
  try {
    return parseDuration(node.value, { min: 0 });
  } catch (thrown) {
    reportThrown(thrown, node, problems, 'invalid-value');
    return undefined;
  }
}
