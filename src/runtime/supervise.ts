/** Keeps one endpoint open: a broken endpoint is no failed message, it is opened again until the server stops. */
import type { SchedulerLike, Subscription } from 'rxjs';
import { deadline } from '../core/deadline.ts';
import type { Endpoint } from '../core/endpoint.ts';
import { AraldoError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { backoff } from './backoff.ts';
import { outageReport } from './outage-report.ts';

export interface SuperviseOptions {
  readonly scheduler: SchedulerLike;
  readonly log: Log;
  /** From [0, 1). Default `Math.random`. */
  readonly random?: () => number;
  /** How long an endpoint may take to open. Default 10,000. */
  readonly openDeadlineMs?: number;
  /** How long it may take to close before it is left to itself. Default 5,000. */
  readonly closeDeadlineMs?: number;
}

export interface Supervisor {
  /** Opens the endpoint; its `state` tells when it is open. Once. */
  start(): void;
  /** Ends whatever goes on, an open or a pause too, and closes the endpoint for good. Never rejects. */
  stop(): Promise<void>;
}

/**
 * Opens an endpoint and, whenever that fails or it breaks, opens it again after a pause of 50 ms to 4 s, for
 * ever. An attempt fails once, however often it says so: by rejecting, by `Port.broken` while it opens, or by
 * not answering before its deadline. What it left behind is closed before the next one starts.
 *
 * @example
 * const supervisor = supervise(endpoint, { scheduler, log });
 * supervisor.start();
 */
export function supervise(endpoint: Endpoint, options: SuperviseOptions): Supervisor {
  const { scheduler, log, random = Math.random, openDeadlineMs = 10_000, closeDeadlineMs = 5_000 } = options;
  const pause = backoff({ scheduler, random });
  const report = outageReport({ name: endpoint.name, scheduler, log });
  /** The attempt that opens or is open: what others have to say comes late. */
  let current: Attempt | undefined;
  let retry: Subscription | undefined;
  /** Resolves when what the last attempt left behind is gone. */
  let cleared: Promise<void> = Promise.resolve();
  let stopped: Promise<void> | undefined;
  let isStarted = false;
  let wasOpen = false;

  return { start, stop };

  function start(): void {
    if (isStarted || stopped !== undefined) return;
    isStarted = true;
    endpoint.onBroken = (error) => {
      if (current !== undefined) failed(current, error);
    };
    open();
  }

  function open(): void {
    const abort = new AbortController();
    const timeout = deadline(scheduler, openDeadlineMs, () => {
      failed(attempt, new AraldoError('open-timeout', `did not open within ${openDeadlineMs / 1000} s`));
    });
    const attempt: Attempt = { abort, timeout };
    current = attempt;
    endpoint.open(abort.signal).then(
      () => opened(attempt),
      (thrown: unknown) => failed(attempt, AraldoError.from(thrown, 'connect-failed')),
    );
  }

  function opened(attempt: Attempt): void {
    if (attempt !== current) return;
    attempt.timeout.unsubscribe();
    if (wasOpen) endpoint.reconnects += 1;
    wasOpen = true;
    pause.succeeded();
    report.opened();
  }

  function failed(attempt: Attempt, error: AraldoError): void {
    if (attempt !== current) return;
    current = undefined;
    endpoint.lastError = error;
    attempt.timeout.unsubscribe();
    attempt.abort.abort(error);
    report.failed(error);
    cleared = ended(endpoint.reset());
    retry = scheduler.schedule(() => void cleared.then(again), pause.next());
  }

  function again(): void {
    if (stopped === undefined) open();
  }

  function stop(): Promise<void> {
    stopped ??= end();
    return stopped;
  }

  async function end(): Promise<void> {
    const attempt = current;
    current = undefined;
    retry?.unsubscribe();
    pause.stop();
    report.stop();
    attempt?.timeout.unsubscribe();
    attempt?.abort.abort(new AraldoError('connect-failed', 'the server stops'));
    await cleared;
    await ended(endpoint.close());
  }

  /** Resolves when `closing` has settled, or the deadline has passed: a plugin that hangs holds nobody up. */
  function ended(closing: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const timeout = deadline(scheduler, closeDeadlineMs, () => {
        log.warn(
          { endpoint: endpoint.name },
          `${endpoint.name} did not close in ${closeDeadlineMs / 1000} s`,
        );
        resolve();
      });
      closing
        .catch((thrown: unknown) => {
          log.warn({ endpoint: endpoint.name, err: thrown }, `${endpoint.name} failed to close`);
        })
        .finally(() => {
          timeout.unsubscribe();
          resolve();
        });
    });
  }
}

interface Attempt {
  readonly abort: AbortController;
  readonly timeout: Subscription;
}
