/**
 * The stage on which an operator is examined: a source that obeys its valve, virtual time, and what follows the
 * operator. What goes wrong is thrown after the action by which it did.
 */
import { config, Subject, VirtualTimeScheduler } from 'rxjs';
import type { Holder, Message, Status } from '../core/message.ts';
import type { MessageOperator } from '../core/operator.ts';
import { type BookOptions, type Books, createBooks, type Mutable } from './operator-books.ts';
import { type Action, type Next, payloadOf } from './operator-script.ts';

export interface StageOptions extends Omit<BookOptions, 'scheduler'> {
  readonly create: (scheduler: VirtualTimeScheduler) => MessageOperator;
  /** Whether payloads are values, or texts that come as their bytes. */
  readonly carries: 'values' | 'text';
  /** Whether promises take part: then each step gives them time to settle. */
  readonly isAsync: boolean;
}

/** What left the operator. */
export interface Output {
  readonly message: Message;
  readonly payload: unknown;
  readonly atMs: number;
  isSettled: boolean;
}

export interface Stage extends Pick<Books, 'statuses' | 'peakInside' | 'isHeld' | 'failed' | 'broken'> {
  readonly outputs: readonly Output[];
  readonly hasCompleted: boolean;
  /** What the operator's error was, if it ended with one. */
  readonly error: { readonly thrown: unknown } | undefined;
  /** Called for each output as it leaves; without it, outputs wait for `settle`. */
  onOutput: ((output: Output) => void) | undefined;
  /** Whether the source emits also while it is held. */
  isUnruly: boolean;
  play(action: Action): Promise<void>;
  /** Emits at once, also from within `onOutput`. */
  emit(next: Next): void;
  settle(output: Output, status: Status): void;
  /** Everything that follows acks what it has, and time passes, until nothing more happens. */
  rest(): Promise<void>;
  complete(): void;
  fail(error: unknown): void;
  leave(): void;
  /** Throws unless everything that came has been settled, once and well, and nothing is left behind. */
  expectAllSettled(): void;
}

/** More steps of time than any operator needs to come to rest. */
const MAX_STEPS = 2_000;

/** Schedulings without time passing; beyond, an operator spins. */
const MAX_TURNS = 10_000;

/** The longest rest: a day. */
const REST_MS = 86_400_000;

const downstream: Holder = { name: 'what follows' };

export function createStage(options: StageOptions): Stage {
  const scheduler = new VirtualTimeScheduler();
  const books = createBooks({ ...options, scheduler });
  const source = new Subject<Message>();
  const outputs: Output[] = [];
  let isLeft = false;

  const turn = (): Promise<void> | undefined =>
    options.isAsync ? new Promise((done) => setImmediate(done)) : undefined;

  /** Time passes up to `end`, and promises settle between its steps. */
  const passTo = async (end: number): Promise<void> => {
    await turn();
    // What was retained since the last look, before any of it is discharged.
    books.balance();
    for (;;) {
      const due = scheduler.actions[0]?.delay;
      if (due === undefined || due > end) break;
      scheduler.maxFrames = due;
      scheduler.flush();
      books.balance();
      await turn();
    }
    scheduler.frame = end;
    books.balance();
  };

  const stage: Mutable<Stage> = {
    outputs,
    hasCompleted: false,
    error: undefined,
    onOutput: undefined,
    isUnruly: false,
    get statuses() {
      return books.statuses;
    },
    get peakInside() {
      return books.peakInside;
    },
    get isHeld() {
      return books.isHeld;
    },
    get failed() {
      return books.failed;
    },
    broken: books.broken,
    async play(action) {
      switch (action.do) {
        case 'next':
          if (stage.isUnruly || !books.isHeld) stage.emit(action);
          break;
        case 'settle': {
          const waiting = outputs.filter(({ isSettled }) => !isSettled);
          const output = waiting[action.which % Math.max(1, waiting.length)];
          if (output !== undefined) stage.settle(output, action.status);
          break;
        }
        case 'wait':
          await passTo(scheduler.frame + action.ms);
          break;
        case 'hold':
          // What follows holds by a message that it has.
          outputs.at(-1)?.message.origin.valve.hold(downstream);
          break;
        case 'release':
          for (const { message } of outputs) message.origin.valve.release(downstream);
          break;
        default:
          action satisfies never;
      }
      await turn();
      books.balance();
    },
    emit(next) {
      if (isLeft) return;
      const { key } = next;
      const meta = key === undefined ? {} : { key };
      source.next(books.enter(payloadOf(next), meta, options.carries === 'text'));
    },
    settle(output, status) {
      output.isSettled = true;
      books.note('sink', `settles ${output.message.sequence}: ${status}`);
      books.settling(status);
      output.message.settle(status);
    },
    async rest() {
      books.note('rest', 'what follows takes everything, and time passes');
      const end = scheduler.frame + REST_MS;
      for (let step = 0; step < MAX_STEPS; step += 1) {
        for (const output of outputs) {
          output.message.origin.valve.release(downstream);
          if (output.isSettled) continue;
          stage.settle(output, 'ack');
          books.balance();
        }
        await turn();
        books.balance();
        if (outputs.some(({ isSettled }) => !isSettled)) continue;
        const due = scheduler.actions[0]?.delay;
        if (due === undefined || due > end) return;
        await passTo(due);
      }
    },
    complete() {
      books.note('source', 'completes');
      source.complete();
      books.balance();
    },
    fail(error) {
      books.note('source', 'fails');
      source.error(error);
      books.balance();
    },
    leave() {
      books.note('sink', 'leaves');
      isLeft = true;
      subscription.unsubscribe();
      books.balance();
    },
    expectAllSettled() {
      books.expectAllSettled();
      const timers = scheduler.actions.length;
      if (timers > 0) throw books.broken(`${timers} timers are left behind`);
    },
  };

  endSpinning(scheduler, books);
  const subscription = source.pipe(options.create(scheduler)).subscribe({
    next(message) {
      books.left(message);
      const output: Output = { message, payload: message.payload, atMs: scheduler.frame, isSettled: false };
      outputs.push(output);
      stage.onOutput?.(output);
    },
    error(thrown: unknown) {
      books.note('operator', `ends with an error: ${String(thrown)}`);
      stage.error = { thrown };
    },
    complete() {
      books.note('operator', 'completes');
      stage.hasCompleted = true;
    },
  });
  return stage;
}

/** What RxJS would throw from a timer of its own is the error of the case in which it happened. */
export async function catchingUnhandled(run: () => Promise<void>): Promise<void> {
  const { onUnhandledError } = config;
  const unhandled: unknown[] = [];
  config.onUnhandledError = (thrown) => unhandled.push(thrown);
  try {
    await run();
  } catch (thrown) {
    await timersOfRxjs();
    if (unhandled.length === 0 || !(thrown instanceof Error)) throw thrown;
    thrown.message += `\nThrown meanwhile: ${String(unhandled[0])}`;
    throw thrown;
  } finally {
    await timersOfRxjs();
    config.onUnhandledError = onUnhandledError;
  }
  if (unhandled.length > 0) throw unhandled[0];
}

function timersOfRxjs(): Promise<void> {
  return new Promise((done) => setTimeout(done, 0));
}

/** Work that schedules itself again and again, without time passing, would play for ever. */
function endSpinning(scheduler: VirtualTimeScheduler, { broken }: Books): void {
  const schedule = scheduler.schedule.bind(scheduler);
  let frame = 0;
  let count = 0;
  scheduler.schedule = (work, delay, state) => {
    count = scheduler.frame === frame ? count + 1 : 0;
    frame = scheduler.frame;
    if (count > MAX_TURNS) throw broken(`the operator schedules itself without end at ${frame} ms`);
    return schedule(work, delay, state);
  };
}
