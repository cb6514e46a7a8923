/** How people and process managers ask a server to stop. */

/** A terminal and npm both send Ctrl-C to the server: the same signal within this time is the same request. */
const SAME_WITHIN_MS = 1_000;

const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
type Signal = (typeof signals)[number];

/**
 * Calls `drain` for the first signal and `abort` for the second.
 * Returns what stops listening, after which signals do again what they do by default.
 */
export function onSignals(drain: (signal: Signal) => void, abort: (signal: Signal) => void): () => void {
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
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}
