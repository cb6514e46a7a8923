// A client that shares nothing with us: Debian's python3-websockets.

import { expect, test } from 'vitest';
import { runPython } from '../servers/python.ts';
import { describeWith } from '../servers/requires.ts';
import { connect } from './support/peer.ts';
import { serve } from './support/server.ts';

const client = `
import asyncio, sys, websockets
async def main():
    async with websockets.connect(sys.argv[1]) as socket:
        print('open')
        await socket.send('hello from Python')
        print(await socket.recv())
        await socket.send(bytes([0, 255, 1]))
        data = await socket.recv()
        print(type(data).__name__, len(data))
        print((await (await socket.ping())) is not None or 'pong')
asyncio.run(main())
`;

describeWith(['python3'], 'an independent client', () => {
  test('is served: text, binary, ping and close', async () => {
    await using araldo = await serve({
      plugins: [{ name: 'chat', id: 'endpoint-websocket', path: '/chat' }],
      routes: { chat: ['chat'] },
    });
    using ours = await connect(araldo.port, '/chat');
    await using python = runPython(client, { args: [`ws://127.0.0.1:${araldo.port}/chat`] });
    expect(await python.line()).toBe('open');
    expect(await ours.has(1)).toEqual(['hello from Python']);
    ours.send('hello from Node');
    expect(await python.line()).toBe('hello from Node');
    expect((await ours.has(2))[1]).toEqual(Buffer.from([0, 255, 1]));
    ours.send(Buffer.alloc(70_000));
    expect(await python.line()).toBe('bytes 70000');
    await python.line();
    expect(await python.end()).toBe(0);
  });
});
