// An operator in virtual time: messages are sent to it one by one, and what leaves is noted with when it left.

import { type Observable, Subject, VirtualTimeScheduler } from 'rxjs';
import { type Issue, leavesOf } from '../../src/config/issue.ts';
import { silentLog } from '../../src/core/log.ts';
import type { Message, Meta } from '../../src/core/message.ts';
import { type MessageOperator, type OperatorDefinition, stepOf } from '../../src/core/operator.ts';
import { pass } from '../virtual-time.ts';
import { createLedger, type Ledger } from './ledger.ts';

export interface Timed {
  readonly ledger: Ledger;
  readonly scheduler: VirtualTimeScheduler;
  readonly passed: readonly Message[];
  /** `payload@ms` of all that has left. */
  readonly left: readonly string[];
  readonly hasCompleted: boolean;
  /** Sends a message with each payload, now. */
  send(...payloads: readonly unknown[]): void;
  sendWith(meta: Meta, ...payloads: readonly unknown[]): void;
  wait(ms: number): void;
  complete(): void;
  leave(): void;
}

export function timed(create: (scheduler: VirtualTimeScheduler) => MessageOperator): Timed {
  const ledger = createLedger();
  const scheduler = new VirtualTimeScheduler();
  const source = new Subject<Message>();
  const passed: Message[] = [];
  const left: string[] = [];
  let hasCompleted = false;
  const subscription = source.pipe(create(scheduler)).subscribe({
    next(message) {
      passed.push(message);
      left.push(`${shown(message.payload)}@${scheduler.frame}`);
    },
    complete() {
      hasCompleted = true;
    },
  });
  const sendWith = (meta: Meta, ...payloads: readonly unknown[]): void => {
    for (const payload of payloads) source.next(ledger.claimed(payload, meta));
  };

  return {
    ledger,
    scheduler,
    passed,
    left,
    get hasCompleted() {
      return hasCompleted;
    },
    send: (...payloads) => sendWith({}, ...payloads),
    sendWith,
    wait: (ms) => pass(scheduler, ms),
    complete: () => source.complete(),
    leave: () => subscription.unsubscribe(),
  };
}

/** A step as a route has it, of the options that its YAML states. */
export function startStep(
  step: Parameters<typeof parsed>[0],
  written: unknown,
  flushOn?: Observable<unknown>,
): Timed {
  const options = parsed(step, written);
  const name = `orders.via[0] ${(step as OperatorDefinition).name}`;
  return timed((scheduler) =>
    stepOf(step as OperatorDefinition, options, { name, log: silentLog, scheduler, flushOn }),
  );
}

function shown(payload: unknown): string {
  return typeof payload === 'string' ? payload : JSON.stringify(payload);
}

/** What the schema of a step makes of options, or the first thing that it finds wrong. */
export function parsed(
  step: {
    readonly options: {
      readonly '~standard': { readonly validate: (value: unknown) => unknown };
    };
  },
  options: unknown,
): unknown {
  const result = step.options['~standard'].validate(options) as {
    readonly value?: unknown;
    readonly issues?: readonly Issue[];
  };
  return result.issues === undefined ? result.value : result.issues.flatMap(leavesOf)[0]?.message;
}
