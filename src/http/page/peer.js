// @ts-check
/** A box of the page that is one peer of an endpoint: it connects, shows what arrives, and sends. */
import { createConnection } from './connection.js';
import { element, setText } from './element.js';
import { count, rate } from './format.js';
import { createMessages } from './messages.js';
import { parametersOf, pathOf } from './paths.js';

/** @typedef {import('./connection.js').ConnectionState} ConnectionState */

/**
 * @typedef {object} Purpose what the routes make of an endpoint
 * @property {readonly string[]} sinks where that goes which a peer sends
 * @property {readonly string[]} sources where that comes from which it receives
 * @property {boolean} isJson whether its marshaller takes JSON only
 */

/** @type {Readonly<Record<ConnectionState, string>>} */
const words = { closed: 'not connected', connecting: 'connecting', open: 'connected', waiting: 'lost' };

/**
 * @param {object} options
 * @param {string} options.id unique in the page
 * @param {string} options.title
 * @param {string} options.endpoint
 * @param {string} options.pattern of the path
 * @param {() => void} options.onAnother asks for one more peer of the same endpoint
 * @param {(() => void) | undefined} options.onRemove absent for a first peer, which stays
 */
export function createPeer({ id, title, endpoint, pattern, onAnother, onRemove }) {
  const parameters = parametersOf(pattern);
  /** @type {ConnectionState} */
  let state = 'closed';
  let isJson = false;

  const stateText = element('span', { class: 'state', role: 'status', 'data-state': 'closed' }, words.closed);
  const purpose = element('p', { class: 'purpose' });
  const list = element('ol', {
    class: 'messages',
    role: 'log',
    'aria-label': `Messages of ${title}`,
    tabindex: 0,
  });
  const empty = element('p', { class: 'empty' }, 'Nothing yet.');
  const figures = element('span', { class: 'figures' });
  const toggle = element('button', { type: 'button' }, 'Connect');
  const clear = element('button', { type: 'button' }, 'Clear');
  const another = element('button', { type: 'button' }, 'Add a peer');
  const fields = parameters.map((name) => parameterField(id, name, pattern));
  const connect = element('form', { class: 'parameters', hidden: fields.length === 0 });
  connect.append(...fields.map(({ label }) => label));
  const text = element('textarea', { id: `${id}-text`, rows: 1, autocomplete: 'off', spellcheck: 'false' });
  const send = element('button', { type: 'submit', class: 'primary' }, 'Send');
  const composer = element(
    'form',
    { class: 'composer' },
    element('label', { for: text.id }, `Message to ${title}`),
    text,
    send,
  );
  const article = element(
    'article',
    { class: 'peer', 'aria-labelledby': `${id}-title` },
    element(
      'header',
      {},
      element('h3', { id: `${id}-title` }, title),
      element('code', {}, pattern),
      stateText,
    ),
    purpose,
    connect,
    element('div', { class: 'log' }, list, empty, element('div', { class: 'under' }, figures, clear)),
    composer,
    element('div', { class: 'tools' }, toggle, another),
  );
  if (onRemove !== undefined) {
    const remove = element('button', { type: 'button' }, 'Remove');
    remove.addEventListener('click', onRemove);
    article.querySelector('.tools')?.append(remove);
  }

  const messages = createMessages(list);
  const connection = createConnection({
    onState: (next, detail) => {
      state = next;
      stateText.dataset['state'] = next;
      setText(stateText, detail === '' ? words[next] : `${words[next]}: ${detail}`);
      setText(toggle, next === 'closed' ? 'Connect' : 'Disconnect');
      send.disabled = next !== 'open';
    },
    onMessage: (data) => show(data, false),
  });
  send.disabled = true;
  another.addEventListener('click', onAnother);
  toggle.addEventListener('click', () => (state === 'closed' ? open() : connection.close()));
  clear.addEventListener('click', () => {
    messages.clear();
    empty.hidden = false;
  });
  connect.addEventListener('submit', (event) => {
    event.preventDefault();
    open();
  });
  // Enter in one of several fields submits only where a form has a submit button, or one field.
  connect.append(element('button', { type: 'submit', hidden: true }, 'Connect'));
  composer.addEventListener('submit', (event) => {
    event.preventDefault();
    sendText();
  });
  text.addEventListener('keydown', (event) => {
    // While an input method composes a character, Enter is its own.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    sendText();
  });

  return {
    article,
    open,
    close: connection.close,
    /** Whether it can connect without being told more. */
    isComplete: fields.length === 0,

    /** @param {Purpose} now */
    describe(now) {
      isJson = now.isJson;
      setText(purpose, sentence(endpoint, now));
      composer.hidden = now.sinks.length === 0;
      text.placeholder = isJson ? 'JSON, or text' : 'Text';
      setText(empty, emptyText(now.sinks.includes(endpoint), fields.length > 0 && state === 'closed'));
    },

    /** Called once a second. */
    tick() {
      const perSecond = rate(messages.measure());
      setText(figures, `${count(messages.received)} received, ${perSecond}`);
    },
  };

  function open() {
    const values = Object.fromEntries(fields.map(({ name, input }) => [name, input.value.trim()]));
    const missing = fields.find(({ name }) => values[name] === '');
    if (missing !== undefined) {
      missing.input.focus();
      return;
    }
    const target = new URL(pathOf(pattern, values), location.href);
    target.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    connection.open(target.href);
  }

  function sendText() {
    if (text.value.trim() === '') return;
    const data = isJson && !isJsonText(text.value) ? JSON.stringify(text.value) : text.value;
    if (!connection.send(data)) return;
    show(data, true);
    text.value = '';
  }

  /**
   * @param {string | ArrayBuffer} data
   * @param {boolean} isSent
   */
  function show(data, isSent) {
    empty.hidden = true;
    messages.add(data, isSent);
  }
}

/**
 * @param {string} id
 * @param {string} name
 * @param {string} pattern
 */
function parameterField(id, name, pattern) {
  const input = element('input', { id: `${id}-${name}`, autocomplete: 'off', required: true });
  input.placeholder = name === 'path' ? pattern : name;
  return { name, input, label: element('label', {}, element('span', {}, name), input) };
}

/**
 * @param {string} endpoint
 * @param {Purpose} purpose
 */
function sentence(endpoint, { sinks, sources }) {
  const name = (/** @type {string} */ other) => (other === endpoint ? 'the other peers' : other);
  const out = sinks.length === 0 ? '' : `What you send goes to ${sinks.map(name).join(' and ')}.`;
  const into = sources.filter((source) => source !== endpoint);
  const from = into.length === 0 ? '' : `What arrives comes from ${into.join(' and ')}.`;
  return [out, from].filter(Boolean).join(' ') || 'No route leads here, and none starts here.';
}

/**
 * @param {boolean} isTalk whether peers of the endpoint hear each other
 * @param {boolean} isAsking whether it waits for its parameters
 */
function emptyText(isTalk, isAsking) {
  if (isAsking) return 'Fill in the path above, then connect.';
  return isTalk ? 'Nothing yet. Add a peer, and let the two talk.' : 'Nothing yet.';
}

/** @param {string} text */
function isJsonText(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    // Then it is text.
    return false;
  }
}
