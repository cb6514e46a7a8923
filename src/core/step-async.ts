/** A step that takes time: several at once, results in the order the messages came. */
import { Observable, type OperatorFunction, type SchedulerLike, type Subscription } from 'rxjs';
import { AraldoError } from './errors.ts';
import type { Holder, Message, Valve } from './message.ts';
import { Ring } from './ring.ts';
import { emitResult, failStep } from './step-fn.ts';

export interface AsyncStepOptions {
  readonly concurrency?: number | undefined;
  readonly deadlineMs?: number | undefined;
  readonly scheduler: SchedulerLike;
}

const CONCURRENCY = 16;
const DEADLINE_MS = 30_000;

interface Task {
  readonly message: Message;
  readonly abort: AbortController;
  isDone: boolean;
  /** Failed messages are settled at once, and leave nothing to emit in their place. */
  hasFailed: boolean;
  result: unknown;
  deadline: Subscription | undefined;
}

/**
 * Calls `run` for each message, at most `concurrency` at once. What waits for its turn is bounded by the
 * windows of the sources, which are held while as many wait as may run.
 * A message whose deadline passes is nacked, and its signal aborts; what comes of it later is ignored.
 */
export function asyncStep(
  name: string,
  run: (message: Message, signal: AbortSignal) => unknown,
  options: AsyncStepOptions,
): OperatorFunction<Message, Message> {
  const { concurrency = CONCURRENCY, deadlineMs = DEADLINE_MS, scheduler } = options;

  return (source) =>
    new Observable((subscriber) => {
      const waiting = new Ring<Message>();
      const tasks = new Ring<Task>();
      const holder: Holder = { name };
      const held = new Set<Valve>();
      let hasCompleted = false;
      let isEmitting = false;

      const start = (message: Message): void => {
        const task: Task = {
          message,
          abort: new AbortController(),
          isDone: false,
          hasFailed: false,
          result: undefined,
          deadline: undefined,
        };
        tasks.push(task);
        task.deadline = scheduler.schedule(() => expire(task), deadlineMs);
        let answer: unknown;
        try {
          answer = run(message, task.abort.signal);
        } catch (thrown) {
          fail(task, thrown);
          return;
        }
        Promise.resolve(answer).then(
          (result) => finish(task, result),
          (thrown: unknown) => fail(task, thrown),
        );
      };

      const expire = (task: Task): void => {
        if (task.isDone) return;
        const error = new AraldoError('step-timeout', `step ${name}: no answer in ${deadlineMs} ms`);
        task.abort.abort(error);
        close(task, true);
        task.message.giveBack('step-timeout');
        advance();
      };

      const fail = (task: Task, thrown: unknown): void => {
        if (task.isDone) return;
        close(task, true);
        failStep(name, task.message, thrown);
        advance();
      };

      const finish = (task: Task, result: unknown): void => {
        if (task.isDone) return;
        task.result = result;
        close(task, false);
        advance();
      };

      const close = (task: Task, hasFailed: boolean): void => {
        task.isDone = true;
        task.hasFailed = hasFailed;
        task.deadline?.unsubscribe();
      };

      const startWaiting = (): void => {
        while (tasks.length < concurrency) {
          const next = waiting.shift();
          if (next === undefined) return;
          start(next);
        }
      };

      /** Emits what is done from the oldest on, then starts what waits. Emitting may lead back here. */
      const advance = (): void => {
        if (isEmitting) return;
        isEmitting = true;
        for (let first = tasks.at(0); first?.isDone === true; first = tasks.at(0)) {
          tasks.shift();
          if (!first.hasFailed) emitResult(name, first.message, first.result, subscriber);
          startWaiting();
        }
        isEmitting = false;
        if (waiting.length <= concurrency >> 1) {
          for (const valve of held) valve.release(holder);
          held.clear();
        }
        if (hasCompleted && tasks.length === 0 && waiting.length === 0) subscriber.complete();
      };

      subscriber.add(
        source.subscribe({
          next(message) {
            // What comes back here from within an emission waits behind what came before it.
            if (tasks.length < concurrency && waiting.length === 0) {
              start(message);
              return;
            }
            waiting.push(message);
            if (waiting.length >= concurrency) {
              held.add(message.origin.valve);
              message.origin.valve.hold(holder);
            }
          },
          error: (error) => subscriber.error(error),
          complete() {
            hasCompleted = true;
            advance();
          },
        }),
      );

      // Unsubscribed: nobody will receive the results, so what is here goes back to its sources.
      subscriber.add(() => {
        for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
          if (!task.isDone) {
            task.abort.abort(new AraldoError('step-ended', `step ${name}: the route ended`));
            close(task, true);
            task.message.giveBack('step-ended');
          } else if (!task.hasFailed) task.message.giveBack('step-ended');
        }
        for (let message = waiting.shift(); message !== undefined; message = waiting.shift()) {
          message.giveBack('step-ended');
        }
        for (const valve of held) valve.release(holder);
      });
    });
}
