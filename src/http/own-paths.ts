/** The server's own pages: probes for everybody, what it knows of itself only on loopback. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isLoopback } from './address.ts';
import { type AskReload, createAdminReload } from './admin-reload.ts';
import { answerJson, answerText, type Refusal } from './answer.ts';
import { createReadyz, livez } from './health.ts';
import type { ConnectionCounts } from './metrics-families.ts';
import { createPage } from './page.ts';
import type { Status } from './status.ts';

export interface OwnPathsOptions {
  /** The address that the server listens on. */
  readonly host: string;
  readonly status: Status;
  /** The paths on which WebSockets are accepted. */
  readonly upgrades: { readonly patterns: readonly string[] };
  readonly connections: ConnectionCounts;
  /** Nobody can ask for a reload where it is absent. */
  readonly reload?: AskReload | undefined;
}

type Page = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Whether a remote address is loopback's says nothing: behind a proxy all are. So what is not for everybody
 * is shown only by a server that *listens* on loopback.
 */
export function createOwnPaths(options: OwnPathsOptions): (pathname: string) => Page | undefined {
  const { host, status } = options;
  const isPrivate = isLoopback(host);
  const page = createPage();
  const always = new Map<string, Page>([
    ['/livez', livez],
    ['/readyz', createReadyz(status)],
  ]);
  const onLoopback = new Map<string, Page>([
    ['/', page],
    ['/metrics', createMetrics(options)],
    ['/status.json', createStatusJson(options)],
    ...(options.reload === undefined ? [] : [['/admin/reload', createAdminReload(options.reload)] as const]),
  ]);

  return (pathname) => {
    const open = always.get(pathname);
    if (open !== undefined) return open;
    const isAsset = pathname.startsWith('/assets/');
    const found = isAsset ? page : onLoopback.get(pathname);
    if (found === undefined || isPrivate) return found;
    return (_request, response) => answerText(response, notHere(host));
  };
}

/** The metrics client is loaded by the first scrape: most runs have none, and start faster without it. */
function createMetrics({ status, connections }: OwnPathsOptions): Page {
  let render: Promise<() => Promise<{ type: string; text: string }>> | undefined;
  return (_request, response) => {
    render ??= import('./metrics.ts').then(({ createMetrics }) => createMetrics(status, connections));
    render
      .then((scrape) => scrape())
      .then(
        ({ type, text }) => {
          response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' });
          response.end(text);
        },
        (thrown: unknown) => {
          render = undefined;
          answerText(response, { status: 500, text: `The metrics could not be read: ${String(thrown)}` });
        },
      );
  };
}

function createStatusJson({ status, upgrades }: OwnPathsOptions): Page {
  return (_request, response) => {
    answerJson(response, 200, { ...status.status(), webSockets: upgrades.patterns });
  };
}

function notHere(host: string): Refusal {
  return {
    status: 403,
    text:
      `This server listens on ${host}, where others can reach it; its page, status and metrics are shown ` +
      'only by one that listens on loopback (server-host: 127.0.0.1).',
  };
}
