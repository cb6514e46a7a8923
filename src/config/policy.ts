/** Which policy and buffer a leg gets: what is stated, if its sources can keep it; else what they can. */
import type { Capabilities } from '../core/endpoint.ts';
import type { Overflow } from '../core/overflow.ts';
import { firstOf, type OverflowSpec } from './overflow.ts';
import type { OnError, SpillPlan } from './plan.ts';
import type { Problems } from './problem.ts';
import type { RouteSource } from './route-source.ts';
import { spillPlan } from './spill.ts';
import { needsWindow, windowShare } from './window-share.ts';

export interface PolicyOptions {
  readonly branch: OverflowSpec;
  readonly route: OverflowSpec;
  readonly defaults: OverflowSpec;
  /** Those that are known; one with a problem of its own says nothing. */
  readonly sources: readonly RouteSource[];
  /** `allow-upstream-loss: true` */
  readonly allowsLoss: boolean;
  readonly problems: Problems;
  readonly sink: { readonly name: string; readonly capabilities: Capabilities | undefined };
}

export interface Policy {
  readonly overflow: Overflow;
  /** Under `spill`; nothing where a problem is reported. */
  readonly spill?: SpillPlan;
  /** Under `sample`; nothing where a problem is reported. */
  readonly everyMs?: number;
  readonly buffer: { readonly messages: number; readonly bytes: number };
}

/** What a leg to dead letters may hold: it pauses, so the sources wait when it is full. */
export const DEAD_LETTER_BUFFER: Policy['buffer'] = { messages: 1024, bytes: 16 * 1024 * 1024 };

const BUFFER_MESSAGES = 1024;
/** Behind a source that cannot pause the buffer is all there is. */
const BUFFER_MESSAGES_UNPAUSABLE = 65_536;
const BUFFER_BYTES: number = 16 * 1024 * 1024;

export function choosePolicy({
  branch,
  route,
  defaults,
  sources,
  allowsLoss,
  problems,
  sink,
}: PolicyOptions): Policy {
  const restless = sources.find(({ capabilities }) => capabilities.source?.canPause === false);
  const canPause = restless === undefined || allowsLoss;
  const stated = firstOf('policy', branch, route);
  if (stated?.value === 'pause' && !canPause) {
    problems.report(
      'unkeepable-policy',
      stated.node,
      `expected a policy that ${restless.name} can keep, found pause: ${restless.name} cannot pause, and its messages ` +
        'would be lost before they come here; write overflow: drop-oldest (or drop-newest, latest, sample, error), ' +
        'or admit the loss with allow-upstream-loss: true in the route',
    );
  }
  const fallback = defaults.policy?.value;
  const overflow =
    stated?.value ??
    (fallback === undefined || (fallback === 'pause' && !canPause) ? natural(restless) : fallback);
  // What belongs to a policy is stated with it.
  const stating = [branch, route, defaults].find(({ policy }) => policy);
  const everyMs = overflow === 'sample' ? stating?.everyMs : undefined;
  const spill =
    overflow === 'spill' &&
    stating?.policy &&
    spillPlan({
      spec: stating.spill,
      policy: stating.policy.node,
      restless: canPause ? undefined : restless.name,
      sink,
      problems,
    });
  return {
    overflow,
    ...(spill ? { spill } : {}),
    ...(everyMs === undefined ? {} : { everyMs }),
    buffer: {
      messages:
        firstOf('messages', branch, route, defaults) ??
        (needsWindow(overflow) ? windowShare(sources) : naturalBuffer(restless)),
      bytes: firstOf('bytes', branch, route, defaults) ?? BUFFER_BYTES,
    },
  };
}

/**
 * What a message costs that cannot be processed, unless the route says: never a durable message. One whose sender waits
 * for an answer, and keeps nothing for us, is given back: a request that is wrong must not stop those of others.
 */
export function defaultOnError(sources: readonly RouteSource[]): OnError {
  if (sources.some(({ capabilities: { source } }) => source?.redelivers === true)) return 'hold';
  return sources.some(({ capabilities: { source } }) => source?.acks === true) ? 'nack' : 'discard';
}

function naturalBuffer(restless: RouteSource | undefined): number {
  return restless === undefined ? BUFFER_MESSAGES : BUFFER_MESSAGES_UNPAUSABLE;
}

function natural(restless: RouteSource | undefined): Overflow {
  return restless === undefined ? 'pause' : 'drop-oldest';
}
