/** Random scenarios for one configuration: its sources send, its endpoints and steps fail, and time passes. */
import fc from 'fast-check';
import type { Configuration } from '../../config/configuration.ts';
import type { Scenario, ScenarioAction } from '../scenario.ts';
import { type FaultKind, faults } from './fault.ts';
import { type JsonSchema, payloadsOf } from './json-schema.ts';
import { bursts, messages, pauses } from './message.ts';
import { guessedPayloads } from './payload.ts';

export interface ScenarioOptions {
  /**
   * What sources send, by the name of the endpoint, or `*` for all others: an arbitrary, or a JSON Schema. Guessed
   * from the expressions of the routes where nothing is said.
   */
  readonly payloads?: Readonly<Record<string, fc.Arbitrary<unknown> | JsonSchema>>;
  /** `meta.key`; few unless given. */
  readonly keys?: fc.Arbitrary<string | undefined>;
  /** Which faults there are; all but restarts unless given. None: only messages and time. */
  readonly faults?: readonly FaultKind[];
  /** The most actions; 20 unless given. */
  readonly maxActions?: number;
}

const MOST_ACTIONS = 20;

/**
 * Sends to the sources of all routes, with faults in between.
 *
 * @example
 * const configuration = await loadRelay({ file: 'araldo.yaml' });
 * await fc.assert(fc.asyncProperty(scenarios(configuration), async (scenario) => {
 *   const relay = await virtualRelay({ configuration });
 *   await play(relay, scenario);
 *   expect(await relay.settle()).toEqual([]);
 * }));
 */
export function scenarios(
  configuration: Configuration,
  options: ScenarioOptions = {},
): fc.Arbitrary<Scenario> {
  const { maxActions = MOST_ACTIONS } = options;
  const wait = pauses().map((ms): ScenarioAction => ({ do: 'wait', ms }));
  const parts: fc.WeightedArbitrary<Scenario>[] = [
    { weight: 5, arbitrary: bursts(sends(configuration, options)) },
    { weight: 3, arbitrary: wait.map((action) => [action]) },
  ];
  const kinds = options.faults;
  if (kinds === undefined || kinds.length > 0) {
    parts.push({ weight: 4, arbitrary: faults(configuration, kinds).map((action) => [action]) });
  }
  return fc
    .array(fc.oneof(...parts), { minLength: 1, maxLength: maxActions, size: 'max' })
    .map((all) => all.flat());
}

/** One message to one of the sources. */
export function sends(
  configuration: Configuration,
  options: ScenarioOptions = {},
): fc.Arbitrary<ScenarioAction> {
  const sources = [...new Set(Object.values(configuration.plan.routes).flatMap(({ from }) => from))];
  if (sources.length === 0) throw new TypeError('expected a configuration with routes, found none');
  return fc.oneof(
    ...sources.map((to) =>
      messages({
        payloads: payloadsFor(configuration, to, options),
        ...(options.keys !== undefined && { keys: options.keys }),
        ...(configuration.endpoints.get(to)?.capabilities.source?.ordered !== 'lane' && {
          lanes: fc.constant(undefined),
        }),
      }).map(
        ({ payload, meta }): ScenarioAction =>
          Object.keys(meta).length === 0 ? { do: 'send', to, payload } : { do: 'send', to, payload, meta },
      ),
    ),
  );
}

function payloadsFor(
  configuration: Configuration,
  endpoint: string,
  { payloads = {} }: ScenarioOptions,
): fc.Arbitrary<unknown> {
  const given = payloads[endpoint] ?? payloads['*'];
  if (given === undefined) return guessedPayloads(configuration, endpoint);
  return isArbitrary(given) ? given : payloadsOf(given);
}

/** Not by `instanceof`: whoever gives it may have a fast-check of their own. */
function isArbitrary(given: fc.Arbitrary<unknown> | JsonSchema): given is fc.Arbitrary<unknown> {
  return typeof given === 'object' && typeof (given as { generate?: unknown }).generate === 'function';
}
