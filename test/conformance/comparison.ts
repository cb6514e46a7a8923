// What the suite says of araldo beside what it says of plain `ws`, and which differences are a failure.

/** What the suite says of one case, as its report has it. */
export interface Verdict {
  readonly behavior: string;
  readonly behaviorClose: string;
  /** What the server closed with; `null` when it did not. */
  readonly remoteCloseCode: number | null;
}

/** By the number of the case, such as `9.3.1`. */
export type Verdicts = Readonly<Record<string, Verdict>>;

export interface Difference {
  readonly id: string;
  readonly araldo: Verdict | undefined;
  readonly ws: Verdict | undefined;
  /** `failure`: araldo does not pass what `ws` passes. */
  readonly kind: 'failure' | 'limit' | 'note';
}

const PASSES = ['OK', 'NON-STRICT', 'INFORMATIONAL'];
const CLOSES = ['OK', 'INFORMATIONAL'];

/** The cases with messages of more fragments than araldo takes, which it refuses as a policy. */
const OVER_FRAGMENTS = /^9\.[34]\.[1-4]$/;
const POLICY_VIOLATION = 1008;

export function isPassed(verdict: Verdict | undefined): boolean {
  return verdict !== undefined && PASSES.includes(verdict.behavior) && CLOSES.includes(verdict.behaviorClose);
}

/** The cases that ended otherwise, in the order of their numbers. */
export function differences(araldo: Verdicts, ws: Verdicts): Difference[] {
  return [...new Set([...Object.keys(araldo), ...Object.keys(ws)])]
    .sort((one, other) => one.localeCompare(other, 'en', { numeric: true }))
    .filter((id) => text(araldo[id]) !== text(ws[id]))
    .map((id) => ({ id, araldo: araldo[id], ws: ws[id], kind: kindOf(id, araldo[id], ws[id]) }));
}

/** One verdict for people: `NON-STRICT, closed with 1002`. */
export function text(verdict: Verdict | undefined): string {
  if (verdict === undefined) return 'not run';
  const { behavior, behaviorClose, remoteCloseCode } = verdict;
  const end = remoteCloseCode === null ? 'not closed' : `closed with ${remoteCloseCode}`;
  return `${behavior}, ${end}${behaviorClose === behavior || CLOSES.includes(behaviorClose) ? '' : ` (${behaviorClose})`}`;
}

function kindOf(id: string, araldo: Verdict | undefined, ws: Verdict | undefined): Difference['kind'] {
  // A case that only one of them was asked means that the suite broke off.
  if (araldo === undefined || ws === undefined) return 'failure';
  if (isPassed(araldo) || !isPassed(ws)) return 'note';
  return OVER_FRAGMENTS.test(id) && araldo.remoteCloseCode === POLICY_VIOLATION ? 'limit' : 'failure';
}
