import { describe, expect, it } from 'vitest';
import plugin from '../../../plugins/endpoint-websocket-client/index.ts';

async function problems(written: unknown): Promise<string[]> {
  const { issues = [] } = await plugin.options['~standard'].validate(written);
  return issues.map(({ path = [], message }) => `${path.map(String).join('.')}: ${message}`);
}

describe('endpoint-websocket-client › options', () => {
  it('need a URL of a WebSocket', async () => {
    expect(await problems({ url: 'ws://host/path?token=x' })).toEqual([]);
    expect(await problems({ url: 'wss://user:password@host' })).toEqual([]);
    for (const url of ['http://host', 'host', 'ws://host/#part', '', undefined]) {
      expect(await problems({ url })).toHaveLength(1);
    }
  });

  it('never repeat a URL that is wrong: it may hold a token', async () => {
    expect((await problems({ url: 'http://host?token=hunter22' })).join()).not.toContain('hunter22');
  });

  it('take headers that HTTP allows and the handshake does not write itself', async () => {
    const url = 'ws://host';
    expect(await problems({ url, headers: { authorization: 'Bearer x', 'X-Tenant': 'ä' } })).toEqual([]);
    for (const name of ['with space', '', 'Upgrade', 'host', 'Sec-WebSocket-Key']) {
      expect(await problems({ url, headers: { [name]: 'x' } })).toHaveLength(1);
    }
    for (const value of ['two\r\nlines', '\u0000', '€']) {
      expect(await problems({ url, headers: { 'x-a': value } })).toHaveLength(1);
    }
  });

  it('take each subprotocol once', async () => {
    const url = 'ws://host';
    expect(await problems({ url, subprotocols: ['a', 'b.c'] })).toEqual([]);
    expect(await problems({ url, subprotocols: ['a', 'a'] })).toHaveLength(1);
    expect(await problems({ url, subprotocols: ['a b'] })).toHaveLength(1);
  });

  it('take tls beside wss:// only', async () => {
    expect(await problems({ url: 'wss://host', tls: { ca: 'ca.pem' } })).toEqual([]);
    expect(await problems({ url: 'ws://host', tls: { ca: 'ca.pem' } })).toEqual([
      'tls: expected a url that begins with wss:// beside tls',
    ]);
  });

  it('make a source that pauses and a sink that confirms what the kernel has', async () => {
    const parsed = await plugin.options['~standard'].validate({ url: 'ws://host' });
    if (parsed.issues !== undefined) throw new Error('unexpected');
    expect(plugin.capabilities(parsed.value)).toEqual({
      source: {
        canPause: true,
        acks: false,
        redelivers: false,
        ordered: 'all',
        scope: 'local',
        carries: 'bytes',
        refusesAbove: 1024 * 1024,
      },
      sink: { confirms: 'flushed', reaches: 'system', carries: 'bytes' },
    });
  });
});
