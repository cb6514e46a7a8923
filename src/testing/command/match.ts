/** Whether a message that a sink has received is the one that is expected, and if not, why. */
import type { ExpectedMessage } from '../../config/configuration.ts';
import { momentForm } from '../../config/print-tests.ts';
import { formatDuration } from '../../options/duration.ts';
import type { Received } from '../modelled-sink.ts';
import { type Difference, differencesOf } from './difference.ts';
import { codeOf } from './message-form.ts';
import { messageOf } from './perform.ts';

/** Nothing when it is that message. */
export function mismatchOf(
  { plan, when }: ExpectedMessage,
  received: Received,
  startMs: number,
): readonly Difference[] {
  const { payload, bytes, meta, atMs } = received;
  const differences: Difference[] = [];
  const differ = (path: string, expected: string, found: string): void => {
    differences.push({ path, text: `expected ${expected}, found ${found}` });
  };
  if ('payload' in plan) {
    differences.push(...differencesOf(plan.payload, payload, { path: 'payload', isPartial: false }));
  }
  if ('like' in plan) {
    differences.push(...differencesOf(plan.like, payload, { path: 'payload', isPartial: true }));
  }
  for (const [key, expected] of [
    ['text', plan.text === undefined ? undefined : Buffer.from(plan.text)],
    ['base64', plan.base64 === undefined ? undefined : Buffer.from(plan.base64, 'base64')],
  ] as const) {
    if (expected === undefined) continue;
    if (bytes === undefined) differ(key, 'bytes', 'a value: nothing travels here as bytes');
    else if (!expected.equals(bytes)) differ(key, 'these bytes', 'others');
  }
  if (when !== undefined && !holds(when, received)) {
    differences.push({ path: 'when', text: `${plan.when} is not true of it` });
  }
  differences.push(...differencesOf(plan.meta, meta, { path: 'meta', isPartial: true }));
  if (plan.error !== undefined && codeOf(meta) !== plan.error) {
    differ('error', plan.error, codeOf(meta) ?? 'none: it is no dead letter');
  }
  const at = atMs - startMs;
  if (plan.at !== undefined && (at < plan.at.minMs || at > plan.at.maxMs)) {
    differ('at', momentForm(plan.at), formatDuration(at));
  }
  return differences;
}

/** A condition that cannot be told of a message is not true of it. */
function holds(when: NonNullable<ExpectedMessage['when']>, received: Received): boolean {
  try {
    return when(messageOf(received));
  } catch {
    return false;
  }
}
