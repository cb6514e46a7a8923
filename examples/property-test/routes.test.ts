// The routes of araldo.yaml, with the real steps and policies; sockets are modelled, and time is virtual.
import { fileURLToPath } from 'node:url';
import { checkLaws, laws, loadRelay, virtualRelay } from 'araldo/testing';
import { expect, test } from 'vitest';

const configuration = await loadRelay({ file: fileURLToPath(new URL('araldo.yaml', import.meta.url)) });
const relayOf = () => virtualRelay({ configuration });

test('an edit is open while its author types, and done when readers have the last one', async () => {
  const relay = await relayOf();
  const first = relay.send('edits', { document: 'plan', text: 'W' });
  const last = relay.send('edits', { document: 'plan', text: 'We ship' });
  await relay.advance(499);
  expect([first.fate, last.fate]).toEqual(['acked', 'open']);
  await relay.advance(1);
  expect(last.fate).toBe('acked');
  expect(relay.received('readers').map(({ payload }) => payload)).toEqual([
    { document: 'plan', text: 'We ship', words: 2 },
  ]);
});

test('readers who stall lose no draft, and nothing is left open when they read on', async () => {
  const relay = await relayOf();
  relay.sink('readers').stall();
  for (let place = 0; place < 2_000; place += 1) relay.send('edits', { document: `d${place}`, text: 'x' });
  await relay.advance(60_000);
  expect(await relay.settle()).toEqual([]);
  expect(relay.received('readers')).toHaveLength(2_000);
});

// A law alone: a failure throws, with a seed and a path that repeat it, and a timeline of the smallest case.
test('no edit is acked before readers have it', { timeout: 60_000 }, async () => {
  await laws.noEarlyAck(relayOf);
});

// All of them at once, as `araldo test --properties` does.
test('every law holds', { timeout: 60_000 }, async () => {
  const results = await checkLaws(relayOf, { numRuns: 50 });
  expect(results.flatMap(({ broken }) => broken?.message ?? [])).toEqual([]);
});
