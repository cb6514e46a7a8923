// @ts-check
/** What `/status.json` says, as far as the page shows it, and the asking for it. */

/**
 * @typedef {object} Endpoint
 * @property {string} name
 * @property {string} id
 * @property {'closed' | 'opening' | 'open' | 'broken'} state
 * @property {string} [lastError]
 * @property {number} reconnects
 * @property {string} [marshal]
 * @property {string[]} listensOn
 * @property {{ received: number, inFlight: number, isFull: boolean, holders: string[] }} [source]
 * @property {{ connected: number }} [peers]
 */

/**
 * @typedef {object} Route
 * @property {string} name
 * @property {string[]} from
 * @property {string[]} steps
 * @property {number} received
 * @property {number} heldByError
 * @property {{ sink: string, delivered: number, isHolding: boolean }[]} legs
 */

/**
 * @typedef {object} Status
 * @property {string} version
 * @property {'starting' | 'running' | 'draining'} state
 * @property {Endpoint[]} endpoints
 * @property {Route[]} routes
 * @property {string[]} webSockets the paths, as patterns, on which WebSockets are accepted
 */

const PERIOD_MS = 2_000;
const DEADLINE_MS = 5_000;

/**
 * Asks every two seconds while the page is seen.
 *
 * @param {(status: Status | undefined) => void} show `undefined` when there was no answer
 */
export function watchStatus(show) {
  let timer = 0;
  let isAsking = false;

  document.addEventListener('visibilitychange', look);
  look();

  function look() {
    clearTimeout(timer);
    if (!document.hidden && !isAsking) void ask();
  }

  async function ask() {
    isAsking = true;
    show(await fetchStatus());
    isAsking = false;
    timer = setTimeout(look, PERIOD_MS);
  }
}

/** @returns {Promise<Status | undefined>} */
async function fetchStatus() {
  try {
    const answer = await fetch('/status.json', { signal: AbortSignal.timeout(DEADLINE_MS) });
    return answer.ok ? /** @type {Status} */ (await answer.json()) : undefined;
  } catch {
    // The server is away; the next look may find it again.
    return undefined;
  }
}
