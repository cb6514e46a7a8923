import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ServerStatus } from '../../src/http/status.ts';
import { serve } from '../http/serve.ts';
import { endpointStatus, legStatus, routeStatus, serverStatus } from '../http/status.ts';
import { launchChromium } from '../servers/chromium.ts';
import { describeWith } from '../servers/requires.ts';

const source = {
  received: 3,
  acked: 3,
  nacked: 0,
  rejected: 0,
  overrun: 0,
  stashed: 0,
  inFlight: 0,
  window: 1_024,
  isFull: false,
  holders: [],
};

const status: ServerStatus = serverStatus({
  endpoints: [
    endpointStatus({ name: 'chat', listensOn: ['/chat'], source }),
    endpointStatus({ name: 'ticker', listensOn: ['/ticker'], source }),
    endpointStatus({ name: 'rooms', listensOn: ['/rooms/:room'], source, marshal: 'marshal-json' }),
    endpointStatus({ name: 'prices', id: 'endpoint-mock', state: 'broken', lastError: 'connect-failed' }),
  ],
  routes: [
    routeStatus({ name: 'chat', from: ['chat'], legs: [legStatus({ sink: 'chat' })] }),
    routeStatus({ name: 'rooms', from: ['rooms'], legs: [legStatus({ sink: 'rooms' })] }),
    routeStatus({
      name: 'dear',
      from: ['prices'],
      steps: ['filter', 'map'],
      legs: [legStatus({ sink: 'ticker', isHolding: true })],
    }),
  ],
});

interface World extends AsyncDisposable {
  readonly page: Page;
  /** What the browser complained of: errors, and breaches of the content policy. */
  readonly complaints: string[];
  /** The peers of each endpoint, and what they sent. */
  readonly chat: WebSocketServer;
  readonly ticker: WebSocketServer;
  readonly rooms: WebSocketServer;
  readonly heard: string[];
}

describeWith(['chromium'], 'the page in a browser', () => {
  let browser: Browser;
  /** The same for all, one after the other: a new one takes three times as long. */
  let page: Page;
  let complaints: string[] = [];
  beforeAll(async () => {
    browser = await launchChromium();
    page = await browser.newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() !== 'log') complaints.push(message.text());
    });
  });
  afterAll(() => browser.close());

  it('shows the routes and the endpoints of the server', async () => {
    await using world = await visit();
    const { page } = world;
    await page.getByRole('status').getByText('Running, 1 of 4 endpoints not open').waitFor();
    const route = page.getByRole('list').filter({ has: page.getByRole('heading', { name: 'dear' }) });
    expect(await route.getByRole('listitem').getByText('filter').count()).toBe(1);
    await page.getByText('It waits for ticker.').waitFor();
    const row = page.getByRole('row', { name: 'prices' });
    expect(await row.getByRole('cell').first().textContent()).toBe('mock');
    expect(await row.textContent()).toContain('broken: connect-failed');
    expect(world.complaints).toEqual([]);
  });

  it('lets two peers talk', async () => {
    await using world = await visit();
    const { page } = world;
    const one = page.getByRole('article', { name: 'chat', exact: true });
    await one.getByText('connected', { exact: true }).waitFor();
    await one.getByRole('button', { name: 'Add a peer' }).click();
    const two = page.getByRole('article', { name: 'chat 2' });
    await two.getByText('connected', { exact: true }).waitFor();

    await one.getByLabel('Message to chat').fill('Hello');
    await one.getByLabel('Message to chat').press('Enter');
    await two.getByRole('log').getByText('Hello').waitFor();
    await two.getByLabel('Message to chat 2').fill('Hello yourself');
    await two.getByRole('button', { name: 'Send' }).click();
    await one.getByRole('log').getByText('Hello yourself').waitFor();
    await one.getByText(/^1 received/).waitFor();
    expect(await one.getByLabel('Message to chat').inputValue()).toBe('');
    expect(world.complaints).toEqual([]);
  });

  it('offers nothing to send where no route starts', async () => {
    await using world = await visit();
    const ticker = world.page.getByRole('article', { name: 'ticker' });
    await ticker.getByText('What arrives comes from prices.').waitFor();
    expect(await ticker.getByRole('button', { name: 'Send' }).isVisible()).toBe(false);
  });

  it('asks for the parameters of a path, and sends text as JSON where JSON is spoken', async () => {
    await using world = await visit();
    const rooms = world.page.getByRole('article', { name: 'rooms' });
    await rooms.getByText('not connected').waitFor();
    await rooms.getByLabel('room', { exact: true }).fill('blue room');
    await rooms.getByLabel('room', { exact: true }).press('Enter');
    await rooms.getByText('connected', { exact: true }).waitFor();
    expect(world.heard).toEqual(['/rooms/blue%20room']);
    for (const text of ['plain', '{"a": 1}']) {
      await rooms.getByLabel('Message to rooms').fill(text);
      await rooms.getByLabel('Message to rooms').press('Enter');
    }
    await expect.poll(() => world.heard.slice(1)).toEqual(['"plain"', '{"a": 1}']);
  });

  it('shows markup as the text it is', async () => {
    await using world = await visit();
    const { page } = world;
    await page.getByRole('article', { name: 'ticker' }).getByText('connected', { exact: true }).waitFor();
    const markup = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    say(world.ticker, markup);
    say(world.ticker, JSON.stringify({ [markup]: markup }));
    say(world.ticker, JSON.stringify({ nested: { [markup]: [markup] } }));
    const log = page.getByRole('log', { name: 'Messages of ticker' });
    await expect.poll(() => log.getByRole('listitem').count()).toBe(3);
    expect(await log.locator('img, script').count()).toBe(0);
    expect(await log.getByRole('listitem').first().textContent()).toContain(markup);
    expect(await page.title()).toBe('araldo');
    expect(world.complaints).toEqual([]);
  });

  it('shows JSON with spaces and lines, and all else as it is', async () => {
    await using world = await visit();
    await world.page
      .getByRole('article', { name: 'ticker' })
      .getByText('connected', { exact: true })
      .waitFor();
    const shown: [sent: string, text: string][] = [
      ['{"a":1,"b":null,"c":"x"}', '{ "a": 1, "b": null, "c": "x" }'],
      ['{"a":{"b":[1]}}', '{ "a": { "b": [ 1 ] } }'],
      ['[1,"two"]', '[ 1, "two" ]'],
      ['{}', '{}'],
      ['{no json', '{no json'],
      ['plain text', 'plain text'],
    ];
    for (const [sent] of shown) say(world.ticker, sent);
    const texts = world.page.getByRole('log', { name: 'Messages of ticker' }).locator('.text');
    await expect
      .poll(async () => (await texts.allTextContents()).map((text) => text.replace(/\s+/g, ' ').trim()))
      .toEqual(shown.map(([, text]) => text));
  });

  it('keeps 200 messages, the newest, and stays alive under 10,000 a second', async () => {
    await using world = await visit();
    const { page } = world;
    const ticker = page.getByRole('article', { name: 'ticker' });
    await ticker.getByText('connected', { exact: true }).waitFor();
    // Read aloud again when it is calm: on a slow machine that is before anybody here could look.
    await page.evaluate(noteLive);
    for (let batch = 0; batch < 100; batch += 1) {
      for (let index = 0; index < 100; index += 1) {
        say(world.ticker, JSON.stringify({ symbol: 'ARD', n: batch * 100 + index }));
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await page.getByRole('article', { name: 'chat' }).getByLabel('Message to chat').fill('still here');
    await ticker.getByText(/^10,000 received/).waitFor();
    const rows = ticker.getByRole('log').getByRole('listitem');
    await expect.poll(() => rows.last().textContent()).toContain('9999');
    expect(await rows.count()).toBe(200);
    expect(await rows.first().textContent()).toContain('9800');
    expect(await page.evaluate('globalThis.lives')).toContain('off');
  });

  it('connects again by itself, and not after it was told to disconnect', async () => {
    await using world = await visit();
    const chat = world.page.getByRole('article', { name: 'chat' });
    await chat.getByText('connected', { exact: true }).waitFor();
    for (const peer of world.chat.clients) peer.close(1013, 'too slow');
    await chat.getByText(/lost: 1013 too slow; again in/).waitFor();
    await chat.getByText('connected', { exact: true }).waitFor();
    await chat.getByRole('button', { name: 'Disconnect' }).click();
    await chat.getByText('not connected').waitFor();
    await expect.poll(() => world.chat.clients.size).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(world.chat.clients.size).toBe(0);
  });

  it('fits a phone', async () => {
    await using world = await visit({ width: 390, height: 844 });
    await world.page.getByRole('article', { name: 'ticker' }).waitFor();
    const isWider = 'document.documentElement.scrollWidth > document.documentElement.clientWidth';
    expect(await world.page.evaluate(isWider)).toBe(false);
  });

  async function visit(viewport = { width: 1_200, height: 900 }): Promise<World> {
    const served = await serve({ status: { status: () => status } });
    const heard: string[] = [];
    const mount = (pattern: string): WebSocketServer => {
      const peers = new WebSocketServer({ noServer: true });
      served.server.host.onUpgrade(pattern, ({ request, socket, head }) => {
        peers.handleUpgrade(request, socket, head, (peer) => peers.emit('connection', peer, request));
      });
      return peers;
    };
    const [chat, ticker, rooms] = [mount('/chat'), mount('/ticker'), mount('/rooms/:room')];
    chat.on('connection', (peer: WebSocket) => {
      peer.on('message', (data: Buffer) => say(chat, data.toString(), peer));
    });
    rooms.on('connection', (peer: WebSocket, request: { url: string }) => {
      heard.push(request.url);
      peer.on('message', (data: Buffer) => heard.push(data.toString()));
    });

    complaints = [];
    await page.setViewportSize(viewport);
    await page.goto(served.url);
    return {
      page,
      complaints,
      chat,
      ticker,
      rooms,
      heard,
      async [Symbol.asyncDispose]() {
        await page.goto('about:blank');
        await served.server.close();
      },
    };
  }
});

function say(peers: WebSocketServer, text: string, except?: WebSocket): void {
  for (const peer of peers.clients) if (peer !== except) peer.send(text);
}

/** Runs in the page: keeps what `aria-live` becomes. */
const noteLive = `
  globalThis.lives = [];
  new MutationObserver((changes) => {
    for (const { target } of changes) globalThis.lives.push(target.getAttribute('aria-live'));
  }).observe(document.body, { attributeFilter: ['aria-live'], subtree: true });`;
