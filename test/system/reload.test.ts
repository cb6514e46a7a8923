// Reloads as people do them: files that change, signals, the command, and peers that notice nothing.

import { copyFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasOpenssl, makeCertificate } from '../certificate.ts';
import { startRedis } from '../servers/redis.ts';
import { describeWith } from '../servers/requires.ts';
import { araldo, portOf, type Run } from './support/command.ts';
import { connect } from './support/peer.ts';
import { serve, until } from './support/server.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'araldo-system-reload-'));
  file = join(folder, 'araldo.yaml');
});
afterEach(() => rm(folder, { recursive: true }));

/** As editors do it: another file takes its place. */
async function write(text: string): Promise<void> {
  await writeFile(`${file}~`, text);
  await rename(`${file}~`, file);
}

const plugins = `
server-port: 0
plugins:
  - { name: in, id: endpoint-websocket, path: /in }
  - { name: out, id: endpoint-websocket, path: /out }
  - { name: left, id: endpoint-mock }
  - { name: right, id: endpoint-mock }
`;

describe('a reload', () => {
  it('leaves peers connected, and loses nothing of what they send, 20 times in a row', async () => {
    const yaml = (n: number) =>
      `${plugins}\nroutes:\n  in: { to: [out], via: [${n % 2 === 0 ? '' : "{ filter: 'true' }"}] }\n  left: [right]\n`;
    await write(yaml(0));
    await using test = await serve(file);
    using reader = await connect(test.port, '/out');
    using writer = await connect(test.port, '/in');
    let sent = 0;
    const sender = { isDone: false };
    const sending = (async () => {
      while (!sender.isDone) {
        for (let burst = 0; burst < 20; burst += 1) writer.send(String((sent += 1)));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    })();
    const before = test.server.endpoint('left');
    for (let n = 1; n <= 20; n += 1) {
      await write(yaml(n));
      expect(await test.server.reload()).toMatchObject({ result: 'applied', changed: 1, kept: 5 });
    }
    sender.isDone = true;
    await sending;
    expect(await reader.has(sent)).toEqual(Array.from({ length: sent }, (_, place) => String(place + 1)));
    expect(test.server.endpoint('left')).toBe(before);
    await until('all is counted', () => {
      const route = test.server.status().routes.find(({ name }) => name === 'in');
      return route?.received === sent && route.forwarded === sent;
    });
    expect(test.server.status().endpoints.map(({ peers }) => peers?.connected)).toEqual([
      1,
      1,
      undefined,
      undefined,
    ]);
    expect(await test.metric('araldo_reloads_total', { result: 'applied' })).toBe(20);
  });

  it('is asked for by SIGHUP, by the command and by --watch, and a broken file changes nothing', async () => {
    const yaml = (routes: string) => `server-port: 0\nplugins:
  - { name: a, id: endpoint-mock }\n  - { name: b, id: endpoint-mock }\n  - { name: c, id: endpoint-mock }\n${routes}`;
    await write(yaml('routes: { a: [b] }'));
    await using run: Run = araldo(folder, 'run', '--watch');
    const port = await portOf(run);
    const sinks = async (): Promise<string> => {
      const status = (await (await fetch(`http://127.0.0.1:${port}/status.json`)).json()) as {
        routes: { name: string; legs: { sink: string }[] }[];
      };
      return status.routes
        .map(({ name, legs }) => `${name}: ${legs.map(({ sink }) => sink).join()}`)
        .join('; ');
    };
    await until('it has started', async () => (await sinks()) === 'a: b');
    await new Promise((resolve) => setTimeout(resolve, 600));
    await write(yaml('routes: { a: [c] }'));
    await until('it has seen another file', async () => (await sinks()) === 'a: c');

    await write(yaml('routes: { a: [nobody] }'));
    await until('it says what is wrong', () => /not reloaded: /.test(run.out.stderr));
    run.child.kill('SIGHUP');
    await until('it says so again', () => (run.out.stderr.match(/not reloaded/g)?.length ?? 0) >= 2);
    expect(await sinks()).toBe('a: c');
    await using broken = araldo(folder, 'reload', '--port', String(port));
    expect(await broken.code).toBe(78);
    expect(broken.out.stderr).toContain('1 problem; nothing was reloaded');

    await write(yaml('routes: { a: [b], b: [c] }'));
    await using asked = araldo(folder, 'reload', '--port', String(port));
    expect([await asked.code, asked.out.stderr]).toEqual([0, '']);
    expect(asked.out.stdout).toMatch(/^reloaded: /);
    await until('both routes run', async () => (await sinks()) === 'a: b; b: c');
    const page = await fetch(`http://127.0.0.1:${port}/admin/reload`, { method: 'POST' });
    expect(page.status).toBe(403);
    expect(run.child.exitCode).toBeNull();
  });

  it.skipIf(!hasOpenssl)('reads the certificate again', async () => {
    using first = makeCertificate();
    using second = makeCertificate();
    const use = async (one: typeof first): Promise<void> => {
      await copyFile(one.key, join(folder, 'key.pem'));
      await copyFile(one.cert, join(folder, 'cert.pem'));
    };
    await use(first);
    await write(`${plugins}\nserver-tls: { cert: cert.pem, key: key.pem }\nroutes: { in: [out] }\n`);
    await using test = await serve(file);
    const before = await fingerprintOf(test.port);
    await use(second);
    expect(await test.server.reload()).toMatchObject({ result: 'unchanged' });
    expect(await fingerprintOf(test.port)).not.toBe(before);
  });
});

describeWith(['redis-server'], 'a durable route', () => {
  it('loses nothing when it changes under load', async () => {
    await using redis = await startRedis();
    const outside = new Redis(redis.url);
    const yaml = (n: number) => `
server-port: 0
plugins:
  - { name: orders, id: endpoint-redis-stream, url: "${redis.url}", stream: orders, group: g, max-in-flight: ${64 + n} }
  - { name: archive, id: endpoint-redis-stream, url: "${redis.url}", stream: archive }
routes:
  orders: { to: [{ to: archive, buffer: ${100 + n} }] }
`;
    try {
      await write(yaml(0));
      await using test = await serve(file);
      let sent = 0;
      const sender = { isDone: false };
      const sending = (async () => {
        while (!sender.isDone) await outside.xadd('orders', '*', 'payload', String((sent += 1)));
      })();
      for (let n = 1; n <= 5; n += 1) {
        await write(yaml(n));
        expect(await test.server.reload()).toMatchObject({ result: 'applied' });
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      sender.isDone = true;
      await sending;
      const got = new Set<string>();
      await until(`all ${sent} have come`, async () => {
        for (const [, fields] of await outside.xrange('archive', '-', '+')) got.add(fields[1] ?? '');
        return got.size === sent;
      });
      await until('all is acknowledged', async () => {
        const pending = (await outside.xpending('orders', 'g')) as [number];
        return pending[0] === 0;
      });
    } finally {
      outside.disconnect();
    }
  });
});

function fingerprintOf(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = request(
      { port, host: '127.0.0.1', path: '/livez', rejectUnauthorized: false, agent: false },
      (answer) => {
        const { fingerprint256 } = (answer.socket as TLSSocket).getPeerCertificate();
        answer.resume().on('end', () => resolve(fingerprint256));
      },
    );
    asking.on('error', reject).end();
  });
}
