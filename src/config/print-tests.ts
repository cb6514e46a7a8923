/** `tests:` in their one normal form, with the keys of YAML. */
import type { Meta } from '../core/message.ts';
import { formatDuration } from '../options/duration.ts';
import type { ExpectPlan, GivenPlan, MessagePlan, StagePlan, TestPlan } from './test-plan.ts';

export function testsForm(tests: readonly TestPlan[]): readonly object[] {
  return tests.map(({ name, stages }) => {
    const [first, ...more] = stages.map(stageForm);
    return { name, ...first, ...(more.length === 0 ? {} : { then: more }) };
  });
}

function stageForm({ given, expect }: StagePlan): object {
  return {
    ...(given.length === 0 ? {} : { given: given.map(givenForm) }),
    expect: Object.fromEntries(Object.entries(expect).map(([name, plan]) => [name, expectForm(plan)])),
  };
}

/** A step of `given:`, as it is written. */
export function givenForm(given: GivenPlan): unknown {
  switch (given.do) {
    case 'send': {
      const { from, content, meta, times, throwsIn } = given;
      return {
        from,
        ...content,
        ...metaForm(meta),
        ...timesForm(times),
        ...(throwsIn === undefined ? {} : { 'throws-in': throwsIn }),
      };
    }
    case 'wait':
      return { wait: formatDuration(given.ms) };
    case 'slow':
      return { slow: given.sink, by: formatDuration(given.ms) };
    case 'refuse': {
      const { sink, when, times = 1 } = given;
      return { refuse: sink, ...(when === undefined ? timesForm(times) : { when }) };
    }
    case 'stall':
    case 'resume':
    case 'refuse-once':
      return { [given.do]: given.sink };
    case 'down':
    case 'up':
      return { [given.do]: given.endpoint };
    case 'hold':
    case 'release':
      return { [given.do]: given.source };
    case 'throw':
      return { throw: given.step };
    case 'restart':
      return 'restart';
    default:
      return given satisfies never;
  }
}

function expectForm({ receives, inAnyOrder, fates }: ExpectPlan): unknown {
  const list = typeof receives === 'object' ? receives.map(messageForm) : receives;
  const received = typeof list === 'object' && list.length === 0 ? 'none' : list;
  if (inAnyOrder === undefined && fates === undefined) return received;
  return {
    ...(received === undefined ? {} : { receives: received }),
    ...(inAnyOrder === undefined ? {} : { 'in-any-order': inAnyOrder }),
    ...fates,
  };
}

function messageForm({ meta, at, times, ...rest }: MessagePlan): object {
  return {
    ...rest,
    ...metaForm(meta),
    ...(at === undefined ? {} : { at: momentForm(at) }),
    ...timesForm(times),
  };
}

/** `0s`, `5s`, `1s..2s`. */
export function momentForm({ minMs, maxMs }: NonNullable<MessagePlan['at']>): string {
  return minMs === maxMs ? formatDuration(minMs) : `${formatDuration(minMs)}..${formatDuration(maxMs)}`;
}

function metaForm(meta: Meta): object {
  return Object.keys(meta).length === 0 ? {} : { meta };
}

function timesForm(times: number): object {
  return times === 1 ? {} : { times };
}
