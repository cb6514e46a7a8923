import { describe, expect, it } from 'vitest';
import { createFrameCounter } from '../../bench/generator/frame-counter.ts';
import { protocolOf } from '../../bench/generator/protocol.ts';

const payload = Buffer.from('x'.repeat(125));

/** What a NATS server is sent, out of its masked frames. */
function unmasked(frames: Buffer): string {
  let text = '';
  for (let at = 0; at < frames.byteLength; ) {
    const short = (frames[at + 1] as number) & 0x7f;
    const length = short < 126 ? short : frames.readUInt16BE(at + 2);
    const mask = at + (short < 126 ? 2 : 4);
    for (let place = 0; place < length; place += 1) {
      text += String.fromCharCode(
        (frames[mask + 4 + place] as number) ^ (frames[mask + (place % 4)] as number),
      );
    }
    at = mask + 4 + length;
  }
  return text;
}

describe('protocols of the generator', () => {
  it('know the size of a message as it arrives', () => {
    const webSocket = protocolOf({ kind: 'websocket', port: 1, path: '/' });
    expect(webSocket.deliveredSize(125)).toBe(127);
    expect(webSocket.deliveredSize(126)).toBe(130);
    const nats = protocolOf({ kind: 'nats', port: 1, subject: '{room}', echo: true });
    expect(nats.deliveredSize(125)).toBe(`MSG r0000 1 125\r\n${payload.toString()}\r\n`.length);
    const redis = protocolOf({ kind: 'redis', port: 1, channel: 'bench' });
    const pushed = `*3\r\n$7\r\nmessage\r\n$5\r\nbench\r\n$125\r\n${payload.toString()}\r\n`;
    expect(redis.deliveredSize(125)).toBe(pushed.length);
    expect(protocolOf({ kind: 'tally', port: 1 }).deliveredSize(125)).toBe(1);
  });

  it('send as many messages as they are asked for, a frame each', () => {
    const webSocket = protocolOf({ kind: 'websocket', port: 1, path: '/' });
    const frames = webSocket.messages(payload, 7, 0);
    expect(frames.byteLength).toBe(7 * (2 + 4 + 125));
  });

  it('send NATS its own protocol, to the room that is meant', () => {
    const nats = protocolOf({ kind: 'nats', port: 1, subject: '{room}', echo: true });
    const sent = unmasked(nats.messages(payload, 130, 12));
    expect(sent).toBe(`PUB r0012 125\r\n${payload.toString()}\r\n`.repeat(130));
  });

  it('ask a WebSocket server for the path of the room', () => {
    const webSocket = protocolOf({ kind: 'websocket', port: 1, path: '/out/{room}' });
    const [hello] = webSocket.handshake('subscribe', 7);
    expect(hello?.send.toString()).toMatch(/^GET \/out\/r0007 HTTP\/1\.1\r\n/);
  });

  it('subscribe only for those who read', () => {
    const nats = protocolOf({ kind: 'nats', port: 1, subject: 'all', echo: false });
    const said = (role: 'publish' | 'both'): string =>
      unmasked(nats.handshake(role, 0).at(-1)?.send ?? Buffer.alloc(0));
    expect(said('publish')).not.toContain('SUB');
    expect(said('both')).toContain('SUB all 1\r\n');
    expect(said('both')).toContain('"echo":false');
  });

  it('count bytes where a frame is a message, and payloads where it is not', () => {
    const chunk = Buffer.from([0x82, 3, 1, 2, 3]);
    expect(protocolOf({ kind: 'websocket', port: 1, path: '/' }).counter()(chunk, 5)).toBe(5);
    expect(createFrameCounter()(chunk, 5)).toBe(3);
  });
});
