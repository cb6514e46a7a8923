/** A figure to reach: what it is about, how much it is to be, how much it is. */
import { digits } from './number.ts';

export interface Figure {
  readonly work: string;
  /** Such as `deliveries per CPU-second, araldo ÷ nats-server`. */
  readonly what: string;
  readonly target: Target;
  /** `undefined` when it could not be measured, for this reason. */
  readonly value: number | undefined;
  readonly reason?: string;
}

export type Target =
  | { readonly atLeast: number; readonly unit?: string }
  | { readonly atMost: number; readonly unit?: string };

export type Verdict = 'holds' | 'misses' | 'not measured';

export function verdict({ target, value }: Figure): Verdict {
  if (value === undefined || !Number.isFinite(value)) return 'not measured';
  const holds = 'atLeast' in target ? value >= target.atLeast : value <= target.atMost;
  return holds ? 'holds' : 'misses';
}

export function figureRow(figure: Figure): readonly string[] {
  const { work, what, target, value, reason } = figure;
  const unit = target.unit === undefined ? '' : ` ${target.unit}`;
  const wanted = 'atLeast' in target ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`;
  const found = value === undefined || !Number.isFinite(value) ? (reason ?? '–') : `${digits(value)}${unit}`;
  return [work, what, `${wanted}${unit}`, found, verdict(figure)];
}

export const figureColumns: readonly string[] = ['work', 'figure', 'target', 'measured', 'verdict'];
