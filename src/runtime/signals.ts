/** How people and process managers ask a server to stop, and to read its configuration again. */

/** A terminal and npm both send Ctrl-C to the server: the same signal within this time is the same request. */
const SAME_WITHIN_MS = 1_000;

const signals = ['SIGTERM', 'SIGINT'] as const;
type Signal = (typeof signals)[number];

export interface SignalActions {
  /** For the first signal. */
  readonly drain: (signal: Signal) => void;
  /** For the second. */
  readonly abort: (signal: Signal) => void;
  /** For each SIGHUP; it ends nothing. */
  readonly reload: () => void;
}

/** Returns what stops listening, after which signals do again what they do by default. */
export function onSignals({ drain, abort, reload }: SignalActions): () => void {
  let first: { readonly signal: Signal; readonly at: number } | undefined;

  const listener = (signal: Signal): void => {
    const at = performance.now();
    if (first === undefined) {
      first = { signal, at };
      drain(signal);
    } else if (signal !== first.signal || at - first.at > SAME_WITHIN_MS) {
      abort(signal);
    }
  };
  for (const signal of signals) process.on(signal, listener);
  process.on('SIGHUP', reload);
  return () => {
    for (const signal of signals) process.off(signal, listener);
    process.off('SIGHUP', reload);
  };
}
