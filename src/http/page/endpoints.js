// @ts-check
/** The table of the endpoints. */
import { element, setText } from './element.js';
import { count } from './format.js';

/** @typedef {import('./status.js').Status} Status */
/** @typedef {import('./status.js').Endpoint} Endpoint */

/**
 * @param {HTMLElement} body of the table
 * @returns {(status: Status) => void} shows a status
 */
export function createEndpoints(body) {
  /** By name; those of endpoints that are gone leave. @type {Map<string, HTMLElement>} */
  let rows = new Map();

  return ({ endpoints }) => {
    const next = new Map(endpoints.map(({ name }) => [name, rows.get(name) ?? row(name)]));
    if (rows.size !== next.size || [...next].some(([name, made]) => rows.get(name) !== made)) {
      body.replaceChildren(...next.values());
    }
    rows = next;
    for (const endpoint of endpoints) fill(next.get(endpoint.name), endpoint);
  };
}

/** @param {string} name */
function row(name) {
  const cells = ['kind', 'state', 'number', 'number', 'number', 'number', 'holders'];
  return element(
    'tr',
    {},
    element('th', { scope: 'row' }, name),
    ...cells.map((kind) => element('td', { class: kind })),
  );
}

/**
 * @param {HTMLElement | undefined} row
 * @param {Endpoint} endpoint
 */
function fill(row, endpoint) {
  const { id, state, lastError, peers, source, reconnects } = endpoint;
  const texts = [
    id.replace(/^endpoint-/, ''),
    lastError === undefined ? state : `${state}: ${lastError}`,
    peers === undefined ? '–' : count(peers.connected),
    source === undefined ? '–' : count(source.received),
    source === undefined ? '–' : count(source.inFlight),
    count(reconnects),
    holders(source),
  ];
  row?.querySelectorAll('td').forEach((cell, place) => {
    setText(cell, texts[place] ?? '');
    if (cell.className === 'state') cell.dataset['state'] = state;
  });
}

/** @param {Endpoint['source']} source */
function holders(source) {
  if (source === undefined) return '–';
  return [...source.holders, ...(source.isFull ? ['full window'] : [])].join(', ') || 'nobody';
}
