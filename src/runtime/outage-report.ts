/** Tells the log of an endpoint's outages at a limited rate: at most one bad and one good line in 10 s. */
import type { SchedulerLike, Subscription } from 'rxjs';
import type { AraldoError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';

export interface OutageReportOptions {
  /** The endpoint's. */
  readonly name: string;
  readonly scheduler: SchedulerLike;
  readonly log: Log;
  /** How long it is quiet after a bad line. Default 10,000. */
  readonly quietMs?: number;
}

export interface OutageReport {
  /** It could not be opened, or it broke. */
  failed(error: AraldoError): void;
  /** It is open. */
  opened(): void;
  stop(): void;
}

/**
 * The first failure is told at once, the next ones as a count when the quiet time ends; that it is back is told
 * at once, unless it comes and goes within the quiet time.
 */
export function outageReport(options: OutageReportOptions): OutageReport {
  const { name, scheduler, log, quietMs = 10_000 } = options;
  /** Failures since it was last open. */
  let tries = 0;
  /** Failures since the last line. */
  let untold = 0;
  let isDown = true;
  let isBackTold = false;
  let lastError: AraldoError | undefined;
  let quiet: Subscription | undefined;

  return { failed, opened, stop };

  function failed(error: AraldoError): void {
    isDown = true;
    lastError = error;
    tries += 1;
    untold += 1;
    if (quiet === undefined) tellFailures();
  }

  function opened(): void {
    isDown = false;
    if (tries === 0) log.info({ endpoint: name }, `${name} is open`);
    else if (!isBackTold) tellBack();
    tries = 0;
  }

  function tellFailures(): void {
    const count = untold === 1 ? '' : `, ${untold} failures in ${quietMs / 1000} s`;
    const text = `${name}: ${lastError?.message ?? 'broken'}${count}; trying again`;
    log.warn({ endpoint: name, code: lastError?.code, tries }, text);
    beQuiet();
  }

  function tellBack(): void {
    isBackTold = true;
    untold = 0;
    log.info({ endpoint: name, tries }, `${name} is back after ${tries} ${tries === 1 ? 'try' : 'tries'}`);
  }

  function beQuiet(): void {
    untold = 0;
    isBackTold = false;
    quiet = scheduler.schedule(() => {
      quiet = undefined;
      if (untold === 0) return;
      if (isDown) return tellFailures();
      log.warn(
        { endpoint: name, code: lastError?.code },
        `${name} broke ${untold} times in ${quietMs / 1000} s and is open: ${lastError?.message ?? ''}`,
      );
      beQuiet();
      isBackTold = true;
    }, quietMs);
  }

  function stop(): void {
    quiet?.unsubscribe();
    quiet = undefined;
  }
}
