// @ts-check
// The laws play the other side within the process and in virtual time; the last test is over a real socket.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Endpoint, startServer, turnScheduler } from 'araldo';
import { endpointLaws } from 'araldo/testing';
import fc from 'fast-check';
import plugin from '../endpoint-lines.js';
import { createTransport } from '../transport.js';

/** What a case of the laws is played with: the two ends of its connection. */
/** @type {{ near?: import('node:stream').Duplex, far?: import('node:stream').Duplex, received: string[] }} */
let played = { received: [] };

/** @type {typeof plugin} */
const staged = {
  ...plugin,
  create: (_options, context) =>
    context.connect((port) => createTransport(port, { name: context.name, maxLine: 1024, dial })),
};

async function dial() {
  const [near, far] = duplexPair();
  let text = '';
  far.on('data', (chunk) => {
    const lines = (text + chunk).split('\n');
    text = lines.pop() ?? '';
    played.received.push(...lines);
  });
  played.near = near;
  played.far = far;
  return near;
}

const laws = endpointLaws('endpoint-lines', {
  plugin: staged,
  options: { url: 'tcp://127.0.0.1:7070' },
  payloads: fc.stringMatching(/^[ -~]{1,12}$/),
  world() {
    played = { received: [] };
    return {
      send: (payload) => played.far?.write(`${payload}\n`),
      received: () => played.received,
      stall: () => played.far?.pause(),
      resume: () => played.far?.resume(),
      break: () => played.near?.destroy(new Error('reset')),
    };
  },
});

for (const law of laws) test(law.name, () => law.check());

// The laws see what the endpoint emits and stashes; what its transport keeps, no law can look into.
test('endpoint-lines is felt by the other side when the gate is shut', async () => {
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const endpoint = new Endpoint(
    {
      name: 'station',
      id: plugin.id,
      instance: 'test',
      capabilities: plugin.capabilities({ url: new URL('tcp://127.0.0.1:7070'), 'max-line': 1024 }),
      scheduler: turnScheduler,
      log: silent,
      maxInFlight: 4,
      maxDeliveries: 5,
    },
    (port) => createTransport(port, { name: 'station', maxLine: 1024, dial }),
  );
  played = { received: [] };
  await endpoint.open(new AbortController().signal);
  endpoint.inbound.hold({ name: 'the test' });
  let taken = 0;
  // One line is read, and shuts the transport; the buffers of both ends fill, and no more is taken.
  for (let round = 0; round < 1_000; round += 1) {
    if (played.far?.writableNeedDrain === false && played.far.write(`${'x'.repeat(1_000)}\n`)) taken += 1;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(taken < 300, `${taken} of 1000 lines were taken`);
  await endpoint.close();
});

test('the package carries lines over a Unix-domain socket to a browser, and back', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'araldo-lines-'));
  const path = join(folder, 'station.sock');
  const station = createServer().listen(path);
  const connected = once(station, 'connection');
  const config = fileURLToPath(new URL('../araldo.yaml', import.meta.url));
  const env = { PORT: '0', LOG_LEVEL: 'fatal', STATION: `unix://${path}` };
  const server = await startServer(config, { env });
  try {
    const [socket] = await connected;
    const browser = new WebSocket(`${server.address.url.replace('http', 'ws')}station`);
    await once(browser, 'open');

    const shown = once(browser, 'message');
    socket.write('room=hall&cel');
    socket.write('sius=21.5\r\n');
    assert.equal((await shown)[0].data, '{"room":"hall","celsius":"21.5"}');

    const told = once(socket, 'data');
    browser.send('{"set":"hall","celsius":23}');
    assert.equal(String((await told)[0]), 'set=hall&celsius=23\n');
    browser.close();
  } finally {
    await server.stop();
    station.close();
    await rm(folder, { recursive: true });
  }
});
