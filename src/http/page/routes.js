// @ts-check
/** The picture of the routes: a line from the sources through the steps to the sinks, and what flows on it. */
import { element, setText } from './element.js';
import { rate } from './format.js';

/** @typedef {import('./status.js').Status} Status */
/** @typedef {import('./status.js').Route} Route */
/** @typedef {(status: Status, before: Status | undefined, elapsedMs: number) => void} Update */

/**
 * @param {HTMLElement} list
 * @returns {Update} shows a status; the one before it gives the rates
 */
export function createRoutes(list) {
  let drawn = '';
  /** @type {Update[]} */
  let updates = [];

  return (status, before, elapsedMs) => {
    const shape = JSON.stringify(
      status.routes.map(({ name, from, steps, legs }) => [name, from, steps, legs.map(({ sink }) => sink)]),
    );
    // Drawn anew only when the routes are others: a reader's place and selection stay.
    if (shape !== drawn) {
      drawn = shape;
      updates = [];
      list.replaceChildren(...status.routes.map((route, place) => draw(route, place, updates)));
      if (status.routes.length === 0) {
        list.append(element('li', { class: 'notice' }, 'The configuration has no routes.'));
      }
    }
    for (const update of updates) update(status, before, elapsedMs);
  };
}

/**
 * @param {Route} route
 * @param {number} place
 * @param {Update[]} updates
 */
function draw(route, place, updates) {
  const received = element('span', { class: 'rate' });
  const held = element('p', { class: 'held', hidden: true });
  const sources = element('ul', { class: 'ends sources', 'aria-label': 'from' });
  sources.append(...route.from.map((name) => end(name, updates)));
  // Most routes are called like their only source: then the name is there already, and seen once.
  const isNamed = route.from.length !== 1 || route.from[0] !== route.name;
  const title = element('h3', { class: isNamed ? '' : 'unseen' }, route.name);
  const beside = route.from.length === 1 ? sources.firstElementChild : title;
  beside?.append(received);
  const steps = element('ol', { class: 'steps', 'aria-label': 'steps' });
  for (const step of route.steps) steps.append(element('li', { class: 'step' }, step));
  const sinks = element('ul', { class: 'ends sinks', 'aria-label': 'to' });
  route.legs.forEach((leg, index) => {
    const delivered = element('span', { class: 'rate' });
    const item = end(leg.sink, updates);
    item.append(delivered);
    sinks.append(item);
    updates.push((status, before, elapsedMs) => {
      const now = status.routes[place]?.legs[index];
      const then = before?.routes[place]?.legs[index];
      setText(delivered, rateOf(now?.delivered, then?.delivered, elapsedMs));
      item.dataset['holding'] = String(now?.isHolding ?? false);
    });
  });
  const item = element(
    'li',
    { class: 'route' },
    title,
    element('div', { class: 'line' }, sources, steps, sinks),
    held,
  );
  updates.push((status, before, elapsedMs) => {
    const now = status.routes[place];
    const then = before?.routes[place];
    setText(received, rateOf(now?.received, then?.received, elapsedMs));
    item.dataset['flowing'] = String((now?.received ?? 0) > (then?.received ?? now?.received ?? 0));
    const reasons = now === undefined ? [] : troubles(now);
    held.hidden = reasons.length === 0;
    setText(held, reasons.join(' '));
  });
  return item;
}

/**
 * @param {string} name
 * @param {Update[]} updates
 */
function end(name, updates) {
  const item = element('li', { class: 'end' }, element('span', { class: 'name' }, name));
  updates.push((status) => {
    const state = status.endpoints.find((endpoint) => endpoint.name === name)?.state ?? 'closed';
    item.dataset['state'] = state;
    item.title = `${name} is ${state}`;
  });
  return item;
}

/** @param {Route} route */
function troubles({ heldByError, legs }) {
  const full = legs.filter(({ isHolding }) => isHolding).map(({ sink }) => sink);
  return [
    heldByError > 0 ? 'It stands still at a message that failed; the log says why.' : '',
    full.length > 0 ? `It waits for ${full.join(' and ')}.` : '',
  ].filter(Boolean);
}

/**
 * @param {number | undefined} now
 * @param {number | undefined} then
 * @param {number} elapsedMs
 */
function rateOf(now, then, elapsedMs) {
  if (now === undefined || then === undefined) return '';
  return rate(Math.max(0, ((now - then) * 1_000) / Math.max(1, elapsedMs)));
}
