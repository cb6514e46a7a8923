// A real browser for one test: Debian's chromium, headless, with a fresh profile.

import { type Browser, chromium, type LaunchOptions } from 'playwright-core';
import { find } from './find.ts';

/** Quiet, and able to run as root. */
export const chromiumFlags: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/**
 * Launches chromium with a user-data-dir of its own, removed when it closes: `await using browser = await
 * launchChromium()` or `await browser.close()`. It ends with the test process at the latest.
 *
 * @param options of playwright; `args` are added to the flags above
 */
export async function launchChromium(options: LaunchOptions = {}): Promise<Browser> {
  const executablePath = find('chromium');
  if (executablePath === undefined) throw new Error('chromium is not installed');
  return chromium.launch({ executablePath, ...options, args: [...chromiumFlags, ...(options.args ?? [])] });
}
