/** In which order messages of a source come to a sink, the first time that they come. */
import { isKeyed } from '../../core/overflow.ts';
import type { StepPart } from '../configuration.ts';
import { isKept, type Pair, stepsOf } from './pair.ts';

/** `all` keeps that of the source, `lane` that of each of its lanes, `key` that of messages with one key. */
export type Kept = 'all' | 'lane' | 'key' | 'none';

export interface Order {
  readonly kept: Kept;
  /** What makes it less than everything. */
  readonly reasons: readonly string[];
  /** What comes out of order all the same. */
  readonly except: readonly string[];
}

interface Limit {
  readonly kept: Kept;
  readonly reason: string;
}

const strength: readonly Kept[] = ['none', 'key', 'lane', 'all'];

export function orderOf(pair: Pair): Order {
  const limits = [ofSource(pair), ...stepsOf(pair.route).map(ofStep), ...ofLeg(pair)].filter(
    (limit) => limit !== undefined,
  );
  const kept = limits.reduce<Kept>((least, { kept }) => weaker(least, kept), 'all');
  return {
    kept,
    reasons: limits.filter((limit) => limit.kept === kept).map(({ reason }) => reason),
    except: kept === 'none' ? [] : exceptionsOf(pair),
  };
}

function weaker(one: Kept, other: Kept): Kept {
  return strength.indexOf(one) < strength.indexOf(other) ? one : other;
}

function ofSource({ source, reads }: Pair): Limit | undefined {
  const { name } = source.plan;
  switch (reads.ordered) {
    case 'all':
      return undefined;
    case 'lane':
      return {
        kept: 'lane',
        reason: `${name} keeps the order of a lane: a peer, a channel, a partition`,
      };
    case 'none':
      return { kept: 'none', reason: `${name} gives messages in no order` };
    default:
      return reads.ordered satisfies never;
  }
}

function ofStep({ plan, definition, options }: StepPart): Limit | undefined {
  if (definition.kind !== 'rx') return undefined;
  const kept = definition.order?.(options) ?? (definition.obligations === 'contained' ? 'all' : 'none');
  if (kept === 'all') return undefined;
  const reason =
    kept === 'key'
      ? `the step ${plan.use} keeps the order of each key`
      : `the step ${plan.use} may change the order`;
  return { kept, reason };
}

function ofLeg({ leg, sink }: Pair): readonly Limit[] {
  const { overflow, retry } = leg.plan;
  const { name } = sink.plan;
  const limits: Limit[] = [];
  if (sink.capabilities.sink?.ordered === 'key') {
    limits.push({ kept: 'key', reason: `${name} sends messages of different keys side by side` });
  }
  if (isKeyed(overflow)) {
    limits.push({
      kept: 'key',
      reason: `a newer value takes the place of one that waits in the leg to ${name}`,
    });
  }
  if (retry !== undefined && !retry.inOrder) {
    limits.push({
      kept: 'none',
      reason: `unordered under retry: others overtake what ${name} refused; retry: { in-order: true } keeps them back`,
    });
  }
  return limits;
}

function exceptionsOf(pair: Pair): readonly string[] {
  const { onError } = pair.route.plan;
  const isSlow = stepsOf(pair.route).some(({ definition }) => definition.kind === 'async');
  if (!isKept(pair) && onError !== 'nack' && !isSlow) return [];
  return ['what is delivered again comes behind what came after it'];
}
