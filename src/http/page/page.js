// @ts-check
/** The page: it asks the server how it is, draws that, and keeps a box for each peer. */
import { byId, element, setText } from './element.js';
import { createEndpoints } from './endpoints.js';
import { createPeer } from './peer.js';
import { createRoutes } from './routes.js';
import { watchStatus } from './status.js';

/** @typedef {import('./status.js').Status} Status */
/** @typedef {import('./status.js').Endpoint} Endpoint */

/** So many boxes connect by themselves; a server with many endpoints is not asked for all of them at once. */
const MAX_AT_ONCE = 6;

const drawRoutes = createRoutes(byId('routes'));
const drawEndpoints = createEndpoints(byId('endpoints'));
/** By a unique id; those of endpoints that are gone leave. @type {Map<string, Box>} */
const boxes = new Map();
/** @type {Status | undefined} */
let before;
let beforeAt = 0;

/** @typedef {{ readonly endpoint: string, readonly peer: ReturnType<typeof createPeer> }} Box */

watchStatus((status) => {
  drawServer(status);
  if (status === undefined) return;
  const now = performance.now();
  drawRoutes(status, before, now - beforeAt);
  drawEndpoints(status);
  keepPeers(status);
  before = status;
  beforeAt = now;
});

setInterval(() => {
  for (const { peer } of boxes.values()) peer.tick();
}, 1_000);

/** @param {Status | undefined} status */
function drawServer(status) {
  const line = byId('server');
  if (status === undefined) {
    line.dataset['state'] = 'broken';
    setText(line, 'The server does not answer');
    return;
  }
  const closed = status.endpoints.filter(({ state }) => state !== 'open').length;
  const isWell = status.state === 'running' && closed === 0;
  line.dataset['state'] = isWell ? 'open' : 'waiting';
  const troubled = closed === 0 ? '' : `, ${closed} of ${status.endpoints.length} endpoints not open`;
  setText(line, `${status.state[0]?.toUpperCase()}${status.state.slice(1)}${troubled}`);
  setText(byId('version'), `araldo ${status.version}`);
}

/** A box for each endpoint that takes WebSockets, with what the routes make of it. @param {Status} status */
function keepPeers(status) {
  const found = new Map(
    status.endpoints.flatMap((endpoint) => {
      const pattern = endpoint.listensOn.find((path) => status.webSockets.includes(path));
      return pattern === undefined ? [] : [[endpoint.name, { endpoint, pattern }]];
    }),
  );
  for (const [id, box] of boxes) if (!found.has(box.endpoint)) remove(id);
  for (const [name, { pattern }] of found) {
    if ([...boxes.values()].every(({ endpoint }) => endpoint !== name)) add(name, pattern);
  }
  for (const box of boxes.values()) {
    const endpoint = found.get(box.endpoint)?.endpoint;
    if (endpoint !== undefined) box.peer.describe(purposeOf(endpoint, status));
  }
  const isNone = byId('peers').childElementCount === 0;
  if (isNone) byId('peers').append(element('p', { class: 'notice' }, 'No endpoint takes WebSockets.'));
}

/**
 * @param {string} name of the endpoint
 * @param {string} pattern of its path
 */
function add(name, pattern) {
  const sisters = [...boxes].filter(([, { endpoint }]) => endpoint === name);
  const number = 1 + Math.max(0, ...sisters.map(([id]) => Number(id.slice(id.lastIndexOf('-') + 1))));
  const id = `${name}-${number}`;
  const peer = createPeer({
    id: `peer-${id}`,
    title: number === 1 ? name : `${name} ${number}`,
    endpoint: name,
    pattern,
    onAnother: () => {
      const another = add(name, pattern);
      if (before !== undefined) keepPeers(before);
      another.article.querySelector('textarea')?.focus();
    },
    onRemove: number === 1 ? undefined : () => remove(id),
  });
  const last = sisters.at(-1)?.[1].peer.article;
  byId('peers').querySelector('.notice')?.remove();
  if (last === undefined) byId('peers').append(peer.article);
  else last.after(peer.article);
  boxes.set(id, { endpoint: name, peer });
  peer.tick();
  if (peer.isComplete && (number > 1 || boxes.size <= MAX_AT_ONCE)) peer.open();
  return peer;
}

/** @param {string} id */
function remove(id) {
  const box = boxes.get(id);
  box?.peer.close();
  box?.peer.article.remove();
  boxes.delete(id);
}

/**
 * @param {Endpoint} endpoint
 * @param {Status} status
 */
function purposeOf({ name, marshal }, { routes }) {
  const sinks = new Set(
    routes.filter(({ from }) => from.includes(name)).flatMap(({ legs }) => legs.map(({ sink }) => sink)),
  );
  const sources = new Set(
    routes.filter(({ legs }) => legs.some(({ sink }) => sink === name)).flatMap(({ from }) => from),
  );
  return { sinks: [...sinks], sources: [...sources], isJson: marshal === 'marshal-json' };
}
