// @ts-check
/** The list of a peer's messages: the newest are shown, however fast they come. */
import { element } from './element.js';
import { clock, shown } from './format.js';
import { jsonNodes } from './json.js';

/** As many messages stand in the list; older ones leave it. */
const MAX_ROWS = 200;

/** The list changes at most so often: between two changes, messages only wait in memory. */
const PAUSE_MS = 50;

/** Faster than this, a screen reader could not follow: the list is then not announced. */
const SPEAKABLE_PER_SECOND = 1;

/** @typedef {{ readonly data: string | ArrayBuffer, readonly isSent: boolean, readonly at: Date }} Entry */

/**
 * @param {HTMLElement} list
 */
export function createMessages(list) {
  /** What came since the list last changed; at most twice `MAX_ROWS`. @type {Entry[]} */
  let pending = [];
  let isScheduled = false;
  let received = 0;
  let receivedBefore = 0;
  let measuredAt = performance.now();

  return {
    /**
     * @param {string | ArrayBuffer} data
     * @param {boolean} isSent
     */
    add(data, isSent) {
      if (!isSent) received += 1;
      pending.push({ data, isSent, at: new Date() });
      if (pending.length >= 2 * MAX_ROWS) pending = pending.slice(-MAX_ROWS);
      if (isScheduled) return;
      isScheduled = true;
      setTimeout(() => requestAnimationFrame(show), PAUSE_MS);
    },

    clear() {
      pending = [];
      list.replaceChildren();
    },

    get received() {
      return received;
    },

    /** Messages a second since it was last asked. */
    measure() {
      const now = performance.now();
      const perSecond = ((received - receivedBefore) * 1_000) / Math.max(1, now - measuredAt);
      receivedBefore = received;
      measuredAt = now;
      list.setAttribute('aria-live', perSecond > SPEAKABLE_PER_SECOND ? 'off' : 'polite');
      return perSecond;
    },
  };

  function show() {
    isScheduled = false;
    const fresh = pending.slice(-MAX_ROWS);
    pending = [];
    // Whoever has scrolled up is reading, and is not dragged away.
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 24;
    for (let tooMany = list.childElementCount + fresh.length - MAX_ROWS; tooMany > 0; tooMany -= 1) {
      list.firstElementChild?.remove();
    }
    list.append(...fresh.map(row));
    if (isAtEnd) list.scrollTop = list.scrollHeight;
  }
}

/** @param {Entry} entry */
function row({ data, isSent, at }) {
  const json = typeof data === 'string' ? jsonNodes(data) : undefined;
  return element(
    'li',
    { class: isSent ? 'message sent' : 'message' },
    element('time', { datetime: at.toISOString() }, clock(at)),
    element('span', { class: 'text' }, ...(json ?? [shown(data)])),
    element('span', { class: isSent ? 'direction' : 'direction unseen' }, isSent ? 'sent' : 'received'),
  );
}
