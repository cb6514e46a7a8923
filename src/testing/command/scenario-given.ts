/** Scenarios of the laws in the words of `given:`, and back: a failure is kept as a file that a person can read. */
import type { Configuration, GivenPart } from '../../config/configuration.ts';
import type { ContentPlan, GivenPlan } from '../../config/test-plan.ts';
import type { Meta } from '../../core/message.ts';
import type { Scenario, ScenarioAction } from '../scenario.ts';
import { stepNamed, travelling } from './perform.ts';

export function givenOf(scenario: Scenario): readonly GivenPlan[] {
  return scenario.flatMap((action): GivenPlan | GivenPlan[] => {
    switch (action.do) {
      case 'send':
        return {
          do: 'send',
          from: action.to,
          content: contentOf(action.payload),
          meta: definedOf(action.meta),
          times: 1,
          ...(action.failsIn === undefined ? {} : { throwsIn: placeOf(action.failsIn) }),
        };
      case 'send-raw':
        return {
          do: 'send',
          from: action.to,
          content: { text: action.text },
          meta: definedOf(action.meta),
          times: 1,
        };
      case 'refuse':
        return { do: 'refuse', sink: action.sink, times: action.count };
      case 'latency':
        return { do: 'slow', sink: action.sink, ms: action.ms };
      case 'poison':
        return { do: 'throw', step: placeOf(action.step) };
      case 'wait':
      case 'stall':
      case 'resume':
      case 'refuse-once':
      case 'down':
      case 'up':
      case 'hold':
      case 'release':
      case 'restart':
        return action;
      case 'reload':
        // A test of a configuration has no word for it.
        return [];
      default:
        return action satisfies never;
    }
  });
}

/** Nothing for a step that no scenario has: a condition of `refuse`. */
export function scenarioOf(given: readonly GivenPart[], configuration: Configuration): Scenario {
  return given.flatMap(({ plan }): readonly ScenarioAction[] => {
    switch (plan.do) {
      case 'send': {
        const { from: to, content, meta, times, throwsIn } = plan;
        const payload = travelling(configuration, to, content);
        const failsIn = throwsIn === undefined ? {} : { failsIn: stepNamed(configuration, throwsIn) };
        const action: ScenarioAction = { do: 'send', to, payload, meta, ...failsIn };
        return Array.from({ length: times }, () => action);
      }
      case 'refuse':
        return plan.times === undefined ? [] : [{ do: 'refuse', sink: plan.sink, count: plan.times }];
      case 'slow':
        return [{ do: 'latency', sink: plan.sink, ms: plan.ms }];
      case 'throw':
        return [{ do: 'poison', step: stepNamed(configuration, plan.step) }];
      case 'wait':
      case 'stall':
      case 'resume':
      case 'refuse-once':
      case 'down':
      case 'up':
      case 'hold':
      case 'release':
      case 'restart':
        return [plan];
      default:
        return plan satisfies never;
    }
  });
}

function contentOf(payload: unknown): ContentPlan {
  if (payload instanceof Uint8Array) return { base64: Buffer.from(payload).toString('base64') };
  return { payload };
}

function definedOf(meta: Meta = {}): Meta {
  return Object.fromEntries(Object.entries(meta).filter(([, value]) => value !== undefined));
}

/** `orders.via[0] filter` is `orders.via[0]`. */
function placeOf(step: string): string {
  return /^.*?\.via\[\d+\]/s.exec(step)?.[0] ?? step;
}
