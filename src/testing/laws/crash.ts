/** Law 17: a crash at any moment loses nothing that is kept, and repeats no more than was in flight. */
import { faultKinds } from '../arbitraries/fault.ts';
import { scenarios } from '../arbitraries/scenario.ts';
import type { RunLaw } from './law.ts';
import { stuckIn } from './lossless.ts';
import type { Played } from './played.ts';
import { ackedEarly } from './settlement.ts';

export const crash: RunLaw = {
  number: 17,
  name: 'crash',
  sentence:
    'after a crash and a restart from what was unsettled, all that was acked is delivered, and few come again',
  doesNotApply(configuration) {
    const keeps = [...configuration.endpoints.values()].some(
      ({ capabilities }) => capabilities.source?.redelivers === true,
    );
    return keeps ? undefined : 'no source delivers again what was not settled';
  },
  scenarios: (configuration, settings) =>
    scenarios(configuration, { ...settings, faults: settings.faults ?? crashFaults }),
  examine: (played) => stuckIn(played) ?? ackedEarly(played) ?? tooOften(played) ?? forgotten(played),
};

/** Restarts more often than others, and what makes messages wait: nothing is lost where nothing is under way. */
const crashFaults = [
  ...faultKinds.filter((kind) => kind !== 'poison' && kind !== 'hold'),
  'restart',
  'restart',
  'latency',
] as const;

/** Redeliveries are at most what was in flight at each crash or loss of the connection, and what was nacked. */
function tooOften({ relay }: Played): string | undefined {
  const { events, sent, configuration } = relay;
  const crashes = events.filter(({ kind }) => kind === 'killed').length;
  for (const [name, { plan }] of configuration.endpoints) {
    const losses = events.filter((event) => event.kind === 'down' && event.endpoint === name).length;
    const own = sent.filter(({ endpoint }) => endpoint === name);
    const again = own.reduce((sum, { deliveries }) => sum + Math.max(0, deliveries - 1), 0);
    const nacks = own.reduce((sum, one) => sum + one.nacks, 0);
    // What stands at a shut gate has been handed over, and has no place in the window.
    const lanes = new Set(own.map(({ meta }) => meta.lane ?? meta.peer ?? '')).size;
    const most = (plan.maxInFlight + lanes) * (crashes + losses) + nacks;
    if (again > most)
      return `${name}: ${again} redeliveries; ${crashes} crashes and ${nacks} nacks allow ${most}`;
  }
  return undefined;
}

/** What a source keeps is not lost. */
function forgotten({ relay }: Played): string | undefined {
  const lost = relay.sent.find(
    ({ fate, endpoint }) =>
      fate === 'lost' &&
      relay.configuration.endpoints.get(endpoint)?.capabilities.source?.redelivers === true,
  );
  return lost === undefined ? undefined : `${lost.id} is lost, though ${lost.endpoint} delivers again`;
}
