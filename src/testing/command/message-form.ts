/** Messages in the form in which `expect:` has them: side by side, what was asked and what came. */
import { isUtf8 } from 'node:buffer';
import { momentForm } from '../../config/print-tests.ts';
import type { MessagePlan } from '../../config/test-plan.ts';
import type { Meta } from '../../core/message.ts';
import { formatDuration } from '../../options/duration.ts';
import type { Received } from '../modelled-sink.ts';

/** What was expected, as it is written. */
export function expectedForm({ meta, at, times: _times, ...rest }: MessagePlan): object {
  return { ...rest, ...metaForm(meta), ...(at === undefined ? {} : { at: momentForm(at) }) };
}

/** What was received, no more of it than `asked` speaks of. */
export function receivedForm(received: Received, asked: MessagePlan, startMs: number): object {
  const { meta } = received;
  return {
    ...carriedForm(received, asked),
    ...metaForm(askedOf(meta, asked.meta)),
    ...(asked.error === undefined ? {} : { error: codeOf(meta) ?? 'none' }),
    ...(asked.at === undefined ? {} : { at: formatDuration(received.atMs - startMs) }),
  };
}

/** The code of what a dead letter has failed of. */
export function codeOf({ error }: Meta): string | undefined {
  return (error as { readonly code?: string } | undefined)?.code;
}

/** All that any of some messages is asked for: for one that nobody expected. */
export function allAsked(plans: readonly MessagePlan[]): MessagePlan {
  return plans.reduce(
    (asked, plan) => ({ ...asked, ...plan, meta: { ...asked.meta, ...plan.meta }, times: 1 }),
    {
      meta: {},
      times: 1,
    } as MessagePlan,
  );
}

function carriedForm({ payload, bytes }: Received, asked: MessagePlan): object {
  const isRaw = asked.text !== undefined || asked.base64 !== undefined;
  if (!isRaw || bytes === undefined) return { payload };
  if (asked.base64 === undefined && isUtf8(bytes)) return { text: Buffer.from(bytes).toString() };
  return { base64: Buffer.from(bytes).toString('base64') };
}

function metaForm(meta: Meta): object {
  const { key, headers, ...rest } = meta;
  return {
    ...(key === undefined ? {} : { key }),
    ...(headers === undefined ? {} : { headers }),
    ...(Object.keys(rest).length === 0 ? {} : { meta: rest }),
  };
}

/** Of what is there, the keys that were asked for. */
function askedOf(meta: Meta, asked: Meta): Meta {
  const keys = Object.keys(asked).filter((key) => meta[key] !== undefined);
  return Object.fromEntries(
    keys.map((key) => [
      key,
      isMap(meta[key]) && isMap(asked[key]) ? askedOf(meta[key], asked[key]) : meta[key],
    ]),
  );
}

function isMap(value: unknown): value is Meta {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
