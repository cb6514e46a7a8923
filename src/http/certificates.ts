/** The certificate of the server over time: read at the start, and again when its files have changed. */
import { stat } from 'node:fs/promises';
import type { SchedulerLike, Subscription } from 'rxjs';
import type { AraldoError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { expiryOf, type Identity, readIdentity } from '../options/identity.ts';
import { isPem } from '../options/pem.ts';
import type { ServerTls } from '../options/server-tls.ts';

export interface CertificatesOptions {
  readonly tls: ServerTls;
  readonly scheduler: SchedulerLike;
  readonly log: Log;
  /** Called with each identity that is good, the first one included. */
  readonly onGood: (identity: Identity) => void;
}

export interface Certificates {
  /**
   * Reads the files and has them used. Rejects with an `AraldoError` that says what is wrong with them, and
   * then leaves everything as it was.
   */
  reload(): Promise<void>;
  /** Looks every minute whether they have changed, until `stop`. */
  watch(): void;
  stop(): void;
  /** When the one in use expires, in milliseconds since 1970; `undefined` before the first. */
  readonly expiresAt: number | undefined;
}

const LOOK_EVERY_MS = 60_000;

export function createCertificates({ tls, scheduler, log, onGood }: CertificatesOptions): Certificates {
  const files = [tls.cert, tls.key, tls.ca].filter(
    (value) => value !== undefined && !isPem(value),
  ) as string[];
  let current: Identity | undefined;
  /** What the files of the current one looked like. */
  let stamp = '';
  /** One reload at a time: a later one must not be overtaken by an earlier one. */
  let last: Promise<void> = Promise.resolve();
  let timer: Subscription | undefined;
  let isStopped = false;

  const load = async (): Promise<void> => {
    // Before they are read: what changes meanwhile is seen by the next look.
    const looked = await stampOf(files);
    const result = await readIdentity(tls);
    if (result.problems !== undefined) throw result.problems[0] as AraldoError;
    const { identity } = result;
    onGood(identity);
    const isRenewed = current !== undefined;
    current = identity;
    stamp = looked;
    const fields = { subject: identity.subject, expires: new Date(identity.validTo).toISOString() };
    if (isRenewed) log.info(fields, 'the certificate was read again');
    const expiry = expiryOf(identity, Date.now());
    if (isRenewed && expiry !== undefined) log.warn(fields, expiry);
  };

  const reload = (): Promise<void> => {
    last = last.then(load, load);
    return last;
  };

  const look = async (): Promise<void> => {
    if ((await stampOf(files)) === stamp) return;
    await reload().catch((error: AraldoError) => {
      const { code, message, place } = error;
      log.error(
        { code, path: place?.path },
        `the certificate has changed and cannot be used, so the one before stays in use: ${message}`,
      );
    });
  };

  const watch = (): void => {
    if (isStopped || files.length === 0) return;
    timer = scheduler.schedule(() => void look().finally(watch), LOOK_EVERY_MS);
  };

  return {
    reload,
    watch,
    stop() {
      isStopped = true;
      timer?.unsubscribe();
    },
    get expiresAt() {
      return current?.validTo;
    },
  };
}

/** Changes whenever a file is written or replaced, also behind a symbolic link. */
async function stampOf(files: readonly string[]): Promise<string> {
  const stamps = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`,
        () => 'absent',
      ),
    ),
  );
  return stamps.join(', ');
}
