// The first minute of a new user: `npm start`, two tabs, and they talk.

import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { launchChromium } from '../servers/chromium.ts';
import { describeWith } from '../servers/requires.ts';
import { portOf, start } from '../system/support/command.ts';

const checkout = fileURLToPath(new URL('../..', import.meta.url));

const chat = (page: Page) => page.getByRole('article', { name: 'chat', exact: true });

async function say(page: Page, text: string): Promise<void> {
  await chat(page).getByLabel('Message to chat').fill(text);
  await chat(page).getByLabel('Message to chat').press('Enter');
}

describeWith(['chromium'], 'npm start', () => {
  test('ends in a page on which two tabs chat, and prices arrive', async () => {
    const env = { ...process.env, PORT: '0' };
    await using server = start('npm', ['start'], { cwd: checkout, env, detached: true });
    const port = await portOf(server);
    await using browser = await launchChromium();
    const tabs = await browser.newContext();
    const [ada, bob] = [await tabs.newPage(), await tabs.newPage()];
    for (const page of [ada, bob]) {
      await page.goto(`http://127.0.0.1:${port}/`);
      await chat(page).getByText('connected', { exact: true }).waitFor();
    }

    await say(ada, 'Hello, Bob. <b>Not bold</b>');
    await chat(bob).getByRole('log').getByText('Hello, Bob. <b>Not bold</b>').waitFor();
    await say(bob, 'Hello, Ada');
    await chat(ada).getByRole('log').getByText('Hello, Ada').waitFor();
    // What one says is not sent back to it: each has received one message.
    for (const page of [ada, bob])
      await chat(page)
        .getByText(/^1 received/)
        .waitFor();
    const ticker = bob.getByRole('article', { name: 'ticker', exact: true });
    await ticker.getByRole('log').getByText('ARD').first().waitFor();

    // As a terminal does: npm and the server both get it.
    process.kill(-(server.child.pid ?? 0), 'SIGINT');
    expect(await server.code).toBe(0);
  });
});
