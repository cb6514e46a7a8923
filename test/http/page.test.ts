import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { exchange, get, serve, statuses } from './serve.ts';
import { endpointStatus, serverStatus } from './status.ts';

const folder = new URL('../../src/http/page/', import.meta.url);
const files = await readdir(folder);

describe('the page', () => {
  it('is HTML without inline code, under a policy that admits own files only', async () => {
    await using served = await serve();
    const answer = await fetch(`${served.url}/`);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('content-security-policy')).toContain(
      "default-src 'none'; script-src 'self'; style-src 'self'",
    );
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    const html = await answer.text();
    expect(html).not.toMatch(/<script(?![^>]*\ssrc=)/);
    expect(html).not.toMatch(/\s(style|on\w+)=/);
    expect(html).not.toMatch(/https?:\/\//);
  });

  it.each(files.filter((name) => name !== 'index.html'))('serves %s with its type', async (name) => {
    await using served = await serve();
    const answer = await fetch(`${served.url}/assets/${name}`);
    expect(answer.status).toBe(200);
    const types: Record<string, string> = {
      js: 'text/javascript; charset=utf-8',
      css: 'text/css; charset=utf-8',
      svg: 'image/svg+xml',
    };
    expect(answer.headers.get('content-type')).toBe(types[name.replace(/.*\./, '')]);
    expect(await answer.text()).toBe(await readFile(new URL(name, folder), 'utf8'));
  });

  it('refers to nothing that is not there', async () => {
    for (const name of files) {
      const text = await readFile(new URL(name, folder), 'utf8');
      for (const [, asset] of text.matchAll(/"\/assets\/([^"]+)"/g)) expect(files).toContain(asset);
      for (const [, module] of text.matchAll(/^import .* from '\.\/([^']+)'/gm))
        expect(files).toContain(module);
    }
  });

  it('is not sent again to whoever has it', async () => {
    await using served = await serve();
    const etag = (await fetch(`${served.url}/`)).headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]{22}"$/);
    const ask = async (known: string): Promise<number[]> =>
      statuses(await exchange(served.port, get('/', [`If-None-Match: ${known}`])));
    expect(await ask(etag)).toEqual([304]);
    expect(await ask('"another"')).toEqual([200]);
  });

  it('answers HEAD with headers only', async () => {
    await using served = await serve();
    const answer = await exchange(served.port, get('/').replace('GET', 'HEAD'));
    expect(statuses(answer)).toEqual([200]);
    expect(answer.split('\r\n\r\n')[1]).toBe('');
  });

  it.each([
    '/assets/',
    '/assets/nothing.js',
    '/assets/index.html',
    '/assets/..%2fpage.ts',
    '/assets/../page.ts',
    '/assets/%2e%2e/page.ts',
  ])('answers 404 to %s', async (path) => {
    await using served = await serve();
    expect(statuses(await exchange(served.port, get(path)))).toEqual([404]);
  });

  it('ignores a query', async () => {
    await using served = await serve();
    expect((await fetch(`${served.url}/?from=mail`)).status).toBe(200);
  });
});

describe('/status.json', () => {
  it('is the status of the server, with the paths on which WebSockets are accepted', async () => {
    const status = serverStatus({ endpoints: [endpointStatus({ listensOn: ['/chat'] })] });
    await using served = await serve({ status: { status: () => status } });
    served.server.host.onUpgrade('/chat', () => undefined);
    served.server.host.onRequest('/plain', () => undefined);
    const answer = await fetch(`${served.url}/status.json`);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await answer.json()).toEqual({ ...status, webSockets: ['/chat'] });
  });
});
