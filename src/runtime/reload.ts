/** Reads the configuration again and changes to it: one reload after the other, each as a whole or not at all. */
import { createHash } from 'node:crypto';
import type { Configuration, Warning } from '../config/configuration.ts';
import { ConfigurationError } from '../config/problem.ts';
import { redactor } from '../config/redact.ts';
import { AraldoError } from '../core/errors.ts';
import { fingerprint } from '../core/fingerprint.ts';
import type { Log } from '../core/log.ts';
import type { ReloadStatus } from '../http/status.ts';
import type { Changes, Difference } from './changes.ts';

/** What a reload has come to, in numbers of endpoints and routes together. */
export interface ReloadReport {
  /** `unchanged`: the new configuration says what the one before says. */
  readonly result: 'applied' | 'unchanged';
  readonly kept: number;
  readonly added: number;
  readonly changed: number;
  readonly gone: number;
  /** As they are said at a start. */
  readonly warnings: readonly Warning[];
}

export interface ReloadsOptions<Input> {
  /** The one that the server started with. */
  readonly configuration: Configuration;
  /** Reads a configuration; rejects with every problem. Opens nothing. */
  readonly load: (input: Input | undefined) => Promise<Configuration>;
  /** Changes to it within one call, or throws and changes nothing. */
  readonly change: (next: Configuration) => Changes;
  /** What a reload does besides, when it has been applied: certificates, the level of the log. */
  readonly applied: (next: Configuration) => Promise<void>;
  /** Resolves when what the reload before has taken out of use has ended. */
  readonly left: () => Promise<void>;
  /** Why no reload can be now; nothing when it can. */
  readonly refusal: () => string | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
}

export interface Reloads<Input> {
  /**
   * Waits for the reloads before it. Rejects with a `ConfigurationError` that has every problem, or with an
   * `AraldoError`: `reload-refused`, `needs-restart`, or what a part says that cannot be made. All is then as it was.
   */
  reload(input?: Input): Promise<ReloadReport>;
  readonly status: ReloadStatus;
}

/** So many problems stand in one line of the log; the others are counted. */
const MOST_LOGGED = 10;

/** So many reloads may wait for the one before them: each reads what there is then, so more would do no more. */
const MOST_WAITING = 16;

export function createReloads<Input>(options: ReloadsOptions<Input>): Reloads<Input> {
  const { log, now } = options;
  const counts = { applied: 0, unchanged: 0, failed: 0 };
  let print = printOf(options.configuration);
  let loadedAt = now();
  let last: ReloadStatus['last'];
  let before: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  return {
    reload(input) {
      if (waiting >= MOST_WAITING) return Promise.reject(refused(`${waiting} reloads wait already`));
      waiting += 1;
      const mine = before
        .then(() => once(input))
        .finally(() => {
          waiting -= 1;
        });
      before = mine.catch(() => undefined);
      return mine;
    },
    get status() {
      return { ...counts, fingerprint: print, loadedAt, ...(last === undefined ? {} : { last }) };
    },
  };

  async function once(input: Input | undefined): Promise<ReloadReport> {
    try {
      const report = await attempt(input);
      counts[report.result] += 1;
      last = { at: now(), result: report.result };
      tell(report);
      return report;
    } catch (thrown) {
      counts.failed += 1;
      last = { at: now(), result: 'failed' };
      tellFailure(thrown);
      throw thrown;
    }
  }

  async function attempt(input: Input | undefined): Promise<ReloadReport> {
    refuseNow();
    const next = await options.load(input);
    await options.left();
    // The server may have been asked to stop meanwhile.
    refuseNow();
    const changes = options.change(next);
    print = printOf(next);
    loadedAt = now();
    await options.applied(next);
    return reportOf(changes, next.warnings);
  }

  function refuseNow(): void {
    const reason = options.refusal();
    if (reason !== undefined) throw refused(reason);
  }

  function tell({ result, warnings, ...numbers }: ReloadReport): void {
    for (const { text, place } of warnings) log.warn({ place }, text);
    if (result === 'unchanged') log.info(numbers, 'reloaded: nothing changed');
    else log.info(numbers, `reloaded: ${reportText(numbers)}`);
  }

  function tellFailure(thrown: unknown): void {
    const kept = 'the configuration before stays in use';
    if (thrown instanceof ConfigurationError) {
      const problems = thrown.problems.slice(0, MOST_LOGGED).map(({ text, place }) => {
        const { file = '', line, column } = place;
        return line === undefined ? text : `${file}:${line}:${column}: ${text}`;
      });
      log.error({ problems, count: thrown.problems.length }, `not reloaded: ${problems[0] ?? ''}; ${kept}`);
      return;
    }
    const { code, message } = AraldoError.from(thrown, 'plugin-failed');
    log.error({ code }, `not reloaded: ${message}; ${kept}`);
  }
}

/** `kept 12, new 1, changed 2, gone 1` */
export function reportText({
  kept,
  added,
  changed,
  gone,
}: Omit<ReloadReport, 'result' | 'warnings'>): string {
  return `kept ${kept}, new ${added}, changed ${changed}, gone ${gone}`;
}

function reportOf({ endpoints, routes, marshallers }: Changes, warnings: readonly Warning[]): ReloadReport {
  const numberOf = (kind: keyof Difference): number => endpoints[kind].size + routes[kind].size;
  const numbers = {
    kept: numberOf('kept'),
    added: numberOf('added'),
    changed: numberOf('changed'),
    gone: numberOf('gone'),
  };
  const isSame =
    numbers.added + numbers.changed + numbers.gone === 0 &&
    marshallers.added.size + marshallers.changed.size + marshallers.gone.size === 0;
  return { result: isSame ? 'unchanged' : 'applied', ...numbers, warnings };
}

/** Equal for equal plans. Secrets have no part in it: who sees it could try guesses. */
function printOf({ plan, secrets }: Configuration): string {
  const text = redactor(secrets)(fingerprint(plan));
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

function refused(reason: string): AraldoError {
  return new AraldoError('reload-refused', `expected a server that runs; ${reason}`);
}
