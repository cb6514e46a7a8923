// Steps that do what a plan says, and tell the oracle what they do: the code of a user, in every shape it may have.

import { filter, map, Observable, type SchedulerLike, take, tap } from 'rxjs';
import type { Message } from '../../src/core/message.ts';
import type { FnOperator, OperatorDefinition } from '../../src/core/operator.ts';
import type { Engine } from './engine.ts';
import { type Reader, released } from './payload.ts';
import { planned, type Stages } from './stages.ts';
import type { AsyncOutcome, Outcome, StepSpec } from './topology.ts';

/** The deadline of asynchronous steps. */
export const DEADLINE_MS = 50;

export interface StepPort {
  readonly engine: Engine;
  readonly stages: Stages;
  readonly stage: number;
  readonly read: Reader;
  readonly scheduler: SchedulerLike;
  /** A message goes on as several: so many more obligations. */
  made(payload: string, count: number): void;
}

type Spec<Kind> = Extract<StepSpec, { kind: Kind }>;

const options: FnOperator['options'] = {
  '~standard': { version: 1, vendor: 'laws', validate: (value) => ({ value }) },
};

export function stepFor(spec: StepSpec, port: StepPort): OperatorDefinition {
  const declared = { name: spec.kind, summary: 'Does what its plan says.', options };
  switch (spec.kind) {
    case 'fn':
      return { ...declared, kind: 'fn', create: () => runFn(spec, port) };
    case 'async': {
      const { concurrency } = spec;
      return {
        ...declared,
        kind: 'async',
        concurrency,
        deadlineMs: DEADLINE_MS,
        create: () => runAsync(spec, port),
      };
    }
    case 'batch':
      return { ...declared, kind: 'rx', obligations: 'preserved', create: () => batch(spec, port) };
    case 'breaks':
      return { ...declared, kind: 'rx', obligations: 'preserved', create: () => breaks(spec, port) };
    case 'ends':
      return { ...declared, kind: 'rx', obligations: 'preserved', create: () => ends(spec, port) };
    case 'opaque':
      return { ...declared, kind: 'rx', obligations: 'opaque', create: () => loses(spec, port) };
    default:
      return spec satisfies never;
  }
}

/** Tells the oracle what the code makes of a message, and does it. */
function act(outcome: Outcome | AsyncOutcome, message: Message, port: StepPort): unknown {
  const payload = message.payload as string;
  const { stages, stage } = port;
  switch (outcome) {
    case 'pass':
      stages.answered(stage, payload, [payload]);
      return payload;
    case 'meta':
      stages.answered(stage, payload, [payload]);
      return message.withMeta({ ...message.meta, seen: true });
    case 'split': {
      const parts = [`${payload}/0`, `${payload}/1`];
      stages.answered(stage, payload, parts);
      port.made(payload, 1);
      return parts;
    }
    case 'drop':
      stages.answered(stage, payload, []);
      stages.mustEnd(payload, 'filtered');
      return null;
    case 'none':
      stages.answered(stage, payload, []);
      stages.mustEnd(payload, 'empty');
      return [];
    case 'undefined':
      stages.answered(stage, payload, []);
      stages.mustEnd(payload, 'step-failed');
      return undefined;
    case 'throw':
    case 'reject':
      stages.answered(stage, payload, []);
      stages.mustEnd(payload, 'step-failed');
      throw new Error('on purpose');
    case 'hang':
      stages.answered(stage, payload, []);
      stages.mustEnd(payload, 'step-timeout');
      return new Promise(() => undefined);
    default:
      return outcome satisfies never;
  }
}

function runFn({ plan }: Spec<'fn'>, port: StepPort) {
  return (message: Message): unknown =>
    act(planned(plan, message.payload as string, port.read), message, port);
}

function runAsync({ plan }: Spec<'async'>, port: StepPort) {
  return (message: Message): unknown => {
    const { outcome, delayMs } = planned(plan, message.payload as string, port.read);
    // Thrown before anything is awaited.
    if (outcome === 'throw') return act(outcome, message, port);
    if (delayMs === 0) {
      return outcome === 'reject'
        ? Promise.resolve().then(() => act(outcome, message, port))
        : act(outcome, message, port);
    }
    if (outcome === 'hang' || delayMs >= DEADLINE_MS) act('hang', message, port);
    return new Promise((resolve) => {
      port.scheduler.schedule(() => {
        // Too late: whatever it answers must be ignored.
        if (delayMs >= DEADLINE_MS) resolve('too late');
        else if (outcome !== 'hang') resolve(Promise.resolve().then(() => act(outcome, message, port)));
      }, delayMs);
    });
  };
}

type Operator = (source: Observable<Message>) => Observable<Message>;

function batch(
  { size, afterMs, errorsAfter }: Spec<'batch'>,
  { engine, stages, stage, scheduler }: StepPort,
): Operator {
  return (source) =>
    new Observable((subscriber) => {
      let parts: Message[] = [];
      let count = 0;
      const flush = (): void => {
        if (parts.length === 0) return;
        const joined = parts;
        parts = [];
        count += 1;
        const payload = `[${joined.map((part) => part.payload).join('|')}]`;
        stages.emits(stage, payload);
        subscriber.next(engine.Message.join(joined, payload));
      };
      subscriber.add(
        source.subscribe({
          next(message) {
            parts.push(message);
            if (errorsAfter > 0 && count >= errorsAfter) {
              for (const { payload } of parts) stages.mustEnd(payload as string, 'step-failed');
              subscriber.error(new Error('on purpose'));
            } else if (parts.length >= size) flush();
            else if (parts.length === 1) subscriber.add(scheduler.schedule(flush, afterMs));
          },
          error: (error) => subscriber.error(error),
          complete: () => subscriber.complete(),
        }),
      );
    });
}

function breaks({ delayMs, plan }: Spec<'breaks'>, { stages, stage, read, scheduler }: StepPort): Operator {
  return (source) =>
    new Observable((subscriber) => {
      const inside = new Set<string>();
      const leave = (message: Message): void => {
        const payload = message.payload as string;
        if (planned(plan, payload, read) === 'error') {
          for (const held of inside) stages.mustEnd(held, 'step-failed');
          subscriber.error(new Error('on purpose'));
          return;
        }
        inside.delete(payload);
        stages.emits(stage, payload);
        subscriber.next(message);
      };
      subscriber.add(
        source.subscribe((message) => {
          inside.add(message.payload as string);
          if (delayMs === 0) leave(message);
          else subscriber.add(scheduler.schedule(() => leave(message), delayMs));
        }),
      );
    });
}

function ends({ after }: Spec<'ends'>, { stages, stage }: StepPort): Operator {
  return (source) =>
    source.pipe(
      take(after),
      tap((message) => stages.emits(stage, message.payload as string)),
    );
}

function loses({ plan }: Spec<'opaque'>, { stages, stage, read }: StepPort): Operator {
  return (source) =>
    source.pipe(
      filter((message) => planned(plan, message.payload as string, read) === 'pass'),
      map((message) => message.with(released(message.payload as string))),
      tap((message) => stages.emits(stage, message.payload)),
    );
}
