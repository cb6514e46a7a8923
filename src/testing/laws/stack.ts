/** Law 15: how deep calls stand within each other does not depend on what flows. */
import { eventsOf } from './eventful.ts';
import type { RunLaw } from './law.ts';

export const boundedStack: RunLaw = {
  number: 15,
  name: 'bounded stack',
  sentence:
    'emissions and writes stand within each other no deeper than there are endpoints, in both their roles',
  examine(played) {
    const deepest = played.relay.configuration.endpoints.size * 2;
    const deep = eventsOf(played, 'nested').find(({ depth }) => depth > deepest);
    if (deep === undefined) return undefined;
    return `${deep.depth} emissions and writes stand within each other, with ${deepest / 2} endpoints`;
  },
};
