import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTls } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { cutLink, openLink } from '../../bench/generator/link.ts';
import { protocolOf } from '../../bench/generator/protocol.ts';
import { hasOpenssl, makeCertificate } from '../certificate.ts';

const head = 'HTTP/1.1 101 Switching Protocols\r\n\r\n';

/** Says yes to whatever it is told, and sends so many bytes with it and after it. */
function answers(socket: Socket): void {
  socket.on('error', () => undefined);
  socket.once('data', () => {
    socket.write(`${head}${'x'.repeat(127)}`);
    setTimeout(() => socket.write('x'.repeat(127 * 10_000)), 10);
  });
}

async function bytesCounted(server: Server, isSecure: boolean): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const wire = { kind: 'websocket', port, path: '/', isSecure } as const;
  const link = await openLink({ wire, protocol: protocolOf(wire), role: 'subscribe', room: 0 });
  await expect.poll(() => link.bytes).toBe(127 * 10_001);
  const closed = new Promise((resolve) => link.socket.once('close', resolve));
  cutLink(link);
  await closed;
  await new Promise((resolve) => server.close(resolve));
  return link.bytes;
}

describe('a link of the generator', () => {
  it('counts every byte after the handshake', async () => {
    expect(await bytesCounted(createServer(answers), false)).toBe(127 * 10_001);
  });

  it.skipIf(!hasOpenssl)('counts as many over TLS (with openssl)', async () => {
    using certificate = makeCertificate();
    const [cert, key] = [certificate.cert, certificate.key].map((file) => readFileSync(file));
    expect(await bytesCounted(createTls({ cert, key } as object, answers), true)).toBe(127 * 10_001);
  });
});
