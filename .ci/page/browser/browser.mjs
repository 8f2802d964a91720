// A browser with one or more pages of Weir.
//
// Responsible for: opening pages, and the promises that hold for every page: nothing on the console, no
// error of a script, no request to another host.

import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const ARGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-sync'];
const QUIET = ['--disable-background-networking', '--disable-component-update', '--disable-quic'];

export class Browser {
  /** @type {string[]} what should not have happened */
  complaints = [];

  static async open({ scheme = 'light', width = 1280, height = 800, motion = 'no-preference' } = {}) {
    const browser = new Browser();
    browser.chromium = await chromium.launch({ executablePath: '/usr/bin/chromium', args: [...ARGS, ...QUIET] });
    browser.context = await browser.chromium.newContext({
      viewport: { width, height },
      colorScheme: scheme,
      reducedMotion: motion,
    });
    return browser;
  }

  /** Opens a page and waits until it is live. */
  async page(url, { isLive = true } = {}) {
    const page = await this.context.newPage();
    const { host } = new URL(url);
    page.on('console', (message) => {
      // A browser reports a connection that broke by itself.
      const isBroken = /ERR_CONNECTION|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE/.test(message.text());
      const isExpected = this.allows?.test(message.text());
      if (!isBroken && !isExpected) this.complaints.push(`console: ${message.text()} ${message.location().url}`);
    });
    page.on('pageerror', (error) => this.complaints.push(`error: ${error.message}`));
    page.on('dialog', (dialog) => this.complaints.push(`dialog: ${dialog.message()}`));
    page.on('request', (request) => {
      const { host: asked, protocol } = new URL(request.url());
      if (protocol !== 'data:' && protocol !== 'blob:' && asked !== host)
        this.complaints.push(`asked ${request.url()}`);
    });
    await page.goto(url);
    if (isLive) await page.locator('#link[data-state=live]').waitFor();
    return page;
  }

  /** Ends the browser and the server, then says what should not have happened. */
  async close(server) {
    await this.chromium.close();
    await server.end();
    assert.deepEqual(this.complaints, []);
  }
}

/** Waits until `what` returns something true, and returns it. */
export async function until(what, seconds = 20, about = what) {
  const end = Date.now() + 1000 * seconds;
  let last;
  while (Date.now() < end) {
    last = await what();
    if (last) return last;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`not within ${seconds} s: ${about}`);
}

/** The text of an element. */
export const text = async (page, selector) => (await page.locator(selector).first().textContent())?.trim() ?? '';
