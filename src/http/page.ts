/** The page at `/`: its files, read once into memory and served with what keeps them harmless. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname } from 'node:path';
import { answerText } from './answer.ts';

interface Asset {
  readonly type: string;
  readonly body: Buffer;
  readonly etag: string;
}

/** Beside this file, in the sources and in what is built of them. */
const folder = new URL('./page/', import.meta.url);

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Own files only, no inline code, nobody frames it: a message that is shown can at worst look odd. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Serves `index.html` at `/`, and the files beside it under `/assets/`. Reads them at the first request. */
export function createPage(): (request: IncomingMessage, response: ServerResponse) => void {
  let loading: Promise<ReadonlyMap<string, Asset>> | undefined;

  return (request, response) => {
    loading ??= load();
    loading.then(
      (assets) => send(assets, request, response),
      (thrown: unknown) => {
        loading = undefined;
        answerText(response, {
          status: 500,
          text: `The files of the page could not be read: ${String(thrown)}`,
        });
      },
    );
  };
}

function send(assets: ReadonlyMap<string, Asset>, request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? '/').replace(/\?.*/s, '');
  const asset = assets.get(path);
  if (asset === undefined) return answerText(response, { status: 404, text: 'No such file.' });
  const headers = {
    'cache-control': 'no-cache',
    'content-security-policy': policy,
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    etag: asset.etag,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  };
  if (request.headers['if-none-match'] === asset.etag) {
    response.writeHead(304, headers);
    response.end();
    return;
  }
  response.writeHead(200, {
    ...headers,
    'content-type': asset.type,
    'content-length': asset.body.byteLength,
  });
  response.end(asset.body);
}

async function load(): Promise<ReadonlyMap<string, Asset>> {
  const names = (await readdir(folder)).filter((name) => extname(name) in types);
  const assets = await Promise.all(
    names.map(async (name): Promise<[string, Asset]> => {
      const body = await readFile(new URL(name, folder));
      const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
      const path = name === 'index.html' ? '/' : `/assets/${name}`;
      return [path, { type: types[extname(name)] ?? 'application/octet-stream', body, etag }];
    }),
  );
  return new Map(assets);
}
