// Peers that never read, or read again and again: what they cost the others. Ratios of one run, never a time.

import { randomBytes } from 'node:crypto';
import { createConnection, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { MockEndpoint } from '../../plugins/endpoint-mock/index.ts';
import type { PeerCounts } from '../../src/core/transport.ts';
import { serve, type TestServer, until } from './support/server.ts';

interface RawPeer {
  readonly socket: Socket;
  bytes: number;
}

/** A peer on a bare socket: it counts bytes, and does not read while it is paused. */
async function rawPeer(port: number, path: string): Promise<RawPeer> {
  const socket = createConnection({ port, host: '127.0.0.1', noDelay: true });
  const key = randomBytes(16).toString('base64');
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
  );
  const peer: RawPeer = { socket, bytes: 0 };
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('data', () => resolve());
  });
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    peer.bytes += chunk.byteLength;
  });
  return peer;
}

const PAYLOAD = 'x'.repeat(1_000);
const FRAME = PAYLOAD.length + 4;

/**
 * Emits for a while, as fast as the gate allows. Returns how many messages there were, and the most memory.
 * Reading costs this process as well, so the peers that read are compared in messages, not in time.
 */
async function pump(
  araldo: TestServer,
  ms: number,
  eachTurn: () => void,
): Promise<{ messages: number; rss: number }> {
  const source = araldo.server.endpoint<MockEndpoint>('source');
  const end = performance.now() + ms;
  let messages = 0;
  let rss = 0;
  while (performance.now() < end) {
    for (let chunk = 0; chunk < 50 && source.inbound.gate.isOpen; chunk += 1) {
      source.emit(PAYLOAD);
      messages += 1;
    }
    eachTurn();
    rss = Math.max(rss, process.memoryUsage.rss());
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { messages, rss };
}

function relay() {
  return serve({
    plugins: [
      { name: 'source', id: 'endpoint-mock' },
      { name: 'peers', id: 'endpoint-websocket', path: '/peers' },
    ],
    routes: { source: ['peers'] },
  });
}

async function connectAll(port: number, count: number): Promise<RawPeer[]> {
  const peers: RawPeer[] = [];
  for (let number = 0; number < count; number += 1) peers.push(await rawPeer(port, '/peers'));
  return peers;
}

/** Emits while some peers do something every turn; returns the messages of the last two thirds of the time. */
async function steady(araldo: TestServer, eachTurn: () => void): Promise<number> {
  await pump(araldo, 200, eachTurn);
  return (await pump(araldo, 400, eachTurn)).messages;
}

const nothing = (): void => undefined;

describe('slow peers of a hundred', () => {
  test('one that never reads gets its policy, the others all messages, and memory stays bounded', async () => {
    await using araldo = await relay();
    const peers = await connectAll(araldo.port, 100);
    const usual = await steady(araldo, nothing);
    const before = process.memoryUsage.rss();
    peers[0]?.socket.pause();
    let emitted = 0;
    let most = 0;
    const counts = (): PeerCounts | undefined => araldo.server.endpoint('peers').peers;
    const start = peers.map(({ bytes }) => bytes);
    for (let round = 0; round < 40 && counts()?.refused['too-slow'] === undefined; round += 1) {
      const { messages, rss } = await pump(araldo, 250, nothing);
      emitted += messages;
      most = Math.max(most, rss);
    }
    expect(counts()).toMatchObject({ connected: 99, lagging: 0, refused: { 'too-slow': 1 }, lost: {} });
    const after = await steady(araldo, nothing);
    await until('the route is at rest', () => araldo.server.status().routes[0]?.legs[0]?.held === 0);

    for (const [place, { bytes }] of peers.entries()) {
      if (place > 0) expect(bytes - (start[place] ?? 0)).toBeGreaterThan(emitted * FRAME);
    }
    // Its own buffer of 1 MiB, the kernel's, and what the collector has not looked at yet.
    expect(most - before).toBeLessThan(150 * 1024 * 1024);
    // A noisy machine: the figure itself is the bench's business.
    expect(after / usual).toBeGreaterThan(0.25);
    for (const { socket } of peers) socket.destroy();
  });

  test('ten that stall and recover again and again cost the others no message', async () => {
    await using araldo = await relay();
    const peers = await connectAll(araldo.port, 100);
    const flapping = peers.slice(0, 10);
    let turns = 0;
    const { messages } = await pump(araldo, 1_500, () => {
      turns += 1;
      for (const [place, { socket }] of flapping.entries()) {
        if (turns % 100 === place * 10) socket.pause();
        if (turns % 100 === place * 10 + 9) socket.resume();
      }
    });
    for (const { socket } of flapping) socket.resume();
    await until('all others have all', () => peers.slice(10).every(({ bytes }) => bytes >= messages * FRAME));
    const [leg] = araldo.server.status().routes[0]?.legs ?? [];
    expect(leg).toMatchObject({ delivered: messages, held: 0, discarded: {} });
    for (const { socket } of peers) socket.destroy();
  });
});
