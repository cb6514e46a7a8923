/** The laws that can be stated over any relay, by their numbers and by their names. */
import { bound, hysteresis } from './bound.ts';
import { conservation } from './conservation.ts';
import { crash } from './crash.ts';
import { gate, window } from './gate.ts';
import { containment, isolation } from './isolation.ts';
import { type ComparingLaw, lawOf, type RelayLaw, type RunLaw } from './law.ts';
import { liveness, lossless } from './lossless.ts';
import { order, sameOrder } from './order.ts';
import { policyExactness } from './policy.ts';
import { reload } from './reload.ts';
import { floor, noEarlyAck, settlement } from './settlement.ts';
import { boundedStack } from './stack.ts';

export type RelayLawName =
  | 'conservation'
  | 'lossless'
  | 'order'
  | 'sameOrder'
  | 'gate'
  | 'window'
  | 'bound'
  | 'policyExactness'
  | 'settlement'
  | 'noEarlyAck'
  | 'floor'
  | 'liveness'
  | 'isolation'
  | 'containment'
  | 'boundedStack'
  | 'hysteresis'
  | 'crash'
  | 'reload';

/** By the names that code calls them by, in the order of their numbers. */
export const definitions: Readonly<Record<RelayLawName, RunLaw | ComparingLaw>> = {
  conservation,
  lossless,
  order,
  sameOrder,
  gate,
  window,
  bound,
  policyExactness,
  settlement,
  noEarlyAck,
  floor,
  liveness,
  isolation,
  containment,
  boundedStack,
  hysteresis,
  crash,
  reload,
};

/** In the order of their numbers. */
export const relayLaws: readonly RelayLaw[] = Object.values(definitions).map(lawOf);

/**
 * A check for each law, by name.
 *
 * @example
 * test('my routes keep their order', () => laws.order(() => virtualRelay({ file: 'araldo.yaml' })));
 */
export const laws: Readonly<Record<RelayLawName, RelayLaw['check']>> = Object.fromEntries(
  Object.entries(definitions).map(([name, law]) => [name, lawOf(law).check]),
) as Record<RelayLawName, RelayLaw['check']>;
