// @ts-check
/** A WebSocket that comes back by itself until it is told to stay closed. */
import { backoffMs } from './backoff.js';

/** @typedef {'closed' | 'connecting' | 'open' | 'waiting'} ConnectionState */

/** Open for so long, a connection has succeeded, and the next failure counts as the first. */
const STABLE_MS = 5_000;

/** More than this unsent, and nothing more is taken: the browser's own buffer has no bound. */
const MAX_UNSENT = 1024 * 1024;

/**
 * @param {object} told
 * @param {(state: ConnectionState, detail: string) => void} told.onState called at each change
 * @param {(data: string | ArrayBuffer) => void} told.onMessage
 */
export function createConnection({ onState, onMessage }) {
  /** @type {WebSocket | undefined} */
  let socket;
  /** @type {number | undefined} */
  let timer;
  let url = '';
  let failures = 0;

  return { open, close, send };

  /** @param {string} target */
  function open(target) {
    close();
    url = target;
    failures = 0;
    connect();
  }

  function close() {
    clearTimeout(timer);
    // Its events come later, and must find that it is not the current one any more.
    const old = socket;
    socket = undefined;
    old?.close();
    onState('closed', '');
  }

  /**
   * @param {string} text
   * @returns whether it was taken
   */
  function send(text) {
    if (socket?.readyState !== WebSocket.OPEN || socket.bufferedAmount > MAX_UNSENT) return false;
    socket.send(text);
    return true;
  }

  function connect() {
    onState('connecting', '');
    const opened = new WebSocket(url);
    opened.binaryType = 'arraybuffer';
    socket = opened;
    let openedAt = Number.POSITIVE_INFINITY;
    opened.addEventListener('open', () => {
      if (socket !== opened) return;
      openedAt = performance.now();
      onState('open', '');
    });
    opened.addEventListener('message', (/** @type {MessageEvent<string | ArrayBuffer>} */ event) => {
      if (socket === opened) onMessage(event.data);
    });
    opened.addEventListener('close', (event) => {
      if (socket !== opened) return;
      failures = performance.now() - openedAt >= STABLE_MS ? 1 : failures + 1;
      const delay = backoffMs(failures);
      onState('waiting', because(event, delay));
      timer = setTimeout(connect, delay);
    });
  }
}

/**
 * @param {CloseEvent} event
 * @param {number} delay
 */
function because({ code, reason }, delay) {
  // 1006 is the browser's word for "no close frame": it says nothing to a reader.
  const why = [code === 1006 ? '' : String(code), reason].filter(Boolean).join(' ');
  return `${why === '' ? '' : `${why}; `}again in ${(delay / 1_000).toFixed(1)} s`;
}
