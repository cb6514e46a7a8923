// @ts-check
/** How figures and messages are written. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** The most characters of a message that are shown. */
const MAX_SHOWN = 4_000;

/** So many bytes of a binary message are shown. */
const MAX_BYTES = 32;

/** @param {number} value */
export function count(value) {
  return whole.format(value);
}

/** @param {number} perSecond */
export function rate(perSecond) {
  if (perSecond > 0 && perSecond < 9.95) return `${perSecond.toFixed(1).replace(/\.0$/, '')}/s`;
  return `${perSecond < 10_000 ? whole.format(perSecond) : short.format(perSecond)}/s`;
}

/** @param {Date} at */
export function clock(at) {
  return [at.getHours(), at.getMinutes(), at.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}

/**
 * A message as text, cut where it is too long to be read.
 *
 * @param {string | ArrayBuffer} data
 */
export function shown(data) {
  if (typeof data !== 'string') return bytes(data);
  if (data.length <= MAX_SHOWN) return data;
  return `${data.slice(0, MAX_SHOWN)}… (${count(data.length - MAX_SHOWN)} more characters)`;
}

/** @param {ArrayBuffer} data */
function bytes(data) {
  const shown = [...new Uint8Array(data, 0, Math.min(data.byteLength, MAX_BYTES))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join(' ');
  return `${count(data.byteLength)} bytes: ${shown}${data.byteLength > MAX_BYTES ? ' …' : ''}`;
}
