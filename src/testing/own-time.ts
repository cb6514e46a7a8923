/** Virtual time for code that asks the global timers: a raw `debounceTime`, a `setTimeout` in a step, `Date.now()`. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { createRequire, syncBuiltinESMExports } from 'node:module';

/** The time of some code: what its timers and clock stand for. */
export interface OwnTime {
  nowMs(): number;
  /** Calls `work` once, after so long. Returns what prevents that. */
  after(delayMs: number, work: () => void): () => void;
}

/** Follows the code through its promises and callbacks; all other code of the process keeps real time. */
const times = new AsyncLocalStorage<OwnTime>();

/**
 * Runs `run` in a time of its own: `setTimeout`, `setInterval`, `Date.now` and `setTimeout` of
 * `node:timers/promises`, called by it or by what it awaits, are those of `time`. `setImmediate`, microtasks and
 * real I/O are not time, and stay what they are; `new Date()` is real as well.
 */
export function within<T>(time: OwnTime, run: () => T): T {
  install();
  return times.run(time, run);
}

let isInstalled = false;

/** Once for the process. Outside of `within` the wrappers do what they wrap. */
function install(): void {
  if (isInstalled) return;
  isInstalled = true;
  const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;
  const now = Date.now;

  const start = (repeats: boolean, work: Work, delayMs: number | undefined, values: unknown[]): unknown => {
    const time = times.getStore();
    if (time === undefined) return (repeats ? setInterval : setTimeout)(work, delayMs, ...values);
    return new VirtualTimer(time, () => work(...values), delayMs, repeats);
  };
  const end = (real: (timer: unknown) => void, timer: unknown): void => {
    if (timer instanceof VirtualTimer) timer.close();
    else real(timer);
  };

  // Assigned, not defined: whoever replaces them after us, such as a test runner's fake timers, puts ours back.
  Object.assign(globalThis, {
    setTimeout: Object.assign(
      (work: Work, delayMs?: number, ...values: unknown[]) => start(false, work, delayMs, values),
      setTimeout,
    ),
    setInterval: (work: Work, delayMs?: number, ...values: unknown[]) => start(true, work, delayMs, values),
    clearTimeout: (timer: unknown) => end(clearTimeout as (timer: unknown) => void, timer),
    clearInterval: (timer: unknown) => end(clearInterval as (timer: unknown) => void, timer),
  });
  Date.now = () => times.getStore()?.nowMs() ?? now();
  installPromises();
}

type Work = (...values: unknown[]) => void;

function installPromises(): void {
  const timers = createRequire(import.meta.url)('node:timers/promises') as {
    setTimeout: (delayMs?: number, value?: unknown, options?: { signal?: AbortSignal }) => Promise<unknown>;
  };
  const { setTimeout } = timers;
  timers.setTimeout = (delayMs, value, options) => {
    const time = times.getStore();
    if (time === undefined) return setTimeout(delayMs, value, options);
    return new Promise((resolve, reject) => {
      const signal = options?.signal;
      const abort = (): void => {
        cancel();
        reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
      };
      const cancel = time.after(atLeast1(delayMs), () => {
        signal?.removeEventListener('abort', abort);
        resolve(value);
      });
      if (signal?.aborted === true) abort();
      else signal?.addEventListener('abort', abort, { once: true });
    });
  };
  syncBuiltinESMExports();
}

/** As Node has it: no timer is shorter than a millisecond. */
function atLeast1(delayMs: number | undefined): number {
  return delayMs !== undefined && delayMs >= 1 ? Math.trunc(delayMs) : 1;
}

/** Has the methods of Node's `Timeout`. */
class VirtualTimer {
  private cancel: () => void;
  private readonly begin: () => () => void;

  constructor(time: OwnTime, work: () => void, delayMs: number | undefined, repeats: boolean) {
    const ms = atLeast1(delayMs);
    this.begin = () =>
      time.after(ms, () => {
        if (repeats) this.cancel = this.begin();
        work();
      });
    this.cancel = this.begin();
  }

  close(): this {
    this.cancel();
    return this;
  }

  refresh(): this {
    this.cancel();
    this.cancel = this.begin();
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }

  [Symbol.dispose](): void {
    this.cancel();
  }
}
