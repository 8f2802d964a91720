// Every figure on the page against the snapshot, and the promises to people who see or move differently.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { Browser, until } from './browser.mjs';
import { Server } from './server.mjs';

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TABS = ['bench', 'figures', 'runs', 'components', 'configuration', 'glossary'];

const at = (value, path) => path.split('.').reduce((inner, key) => inner?.[key], value);

test('every whole number on the page is that of the snapshot', async () => {
  const server = await Server.start(['resource.latency.mean=3ms', 'queue.capacity=40', 'consumers.concurrency=2']);
  const browser = await Browser.open();
  try {
    const page = await browser.page(`${server.url}/#figures`);
    for (const query of ['mode=serial&clients=20&requests=300', 'mode=async&clients=20&requests=1300', 'mode=pipelined&clients=50&requests=400']) {
      await server.load(query);
      await until(async () => !(await server.get('/api/load')).running, 40, query);
    }
    const snapshot = await server.snapshot();
    assert.ok(snapshot.ledger.rejected > 0 && snapshot.ledger.held === 0, 'some were refused, none is held');
    const differing = async () => {
      const shown = await page.$$eval('[data-bind]', (all) => all.map((one) => [one.dataset.bind, one.textContent]));
      return shown.filter(([path, text]) => {
        const value = at(snapshot, path);
        return Number.isInteger(value) && /^[\d,\u202f\u2009 ]+$/.test(text) && Number(text.replace(/\D/g, '')) !== value;
      });
    };
    await until(async () => (await differing()).length === 0, 5, 'no figure differs');
    const checked = await page.$$eval('[data-bind]', (all) => all.filter((one) => /^[\d,]+$/.test(one.textContent)).length);
    assert.ok(checked > 15, `${checked} figures were compared`);
  } finally {
    await browser.close(server);
  }
});

for (const scheme of ['light', 'dark']) {
  test(`axe finds nothing serious on any tab in the ${scheme} theme`, async () => {
    const server = await Server.start(['resource.latency.mean=50ms']);
    const browser = await Browser.open({ scheme });
    try {
      await server.load('mode=pipelined&clients=10&requests=100');
      const page = await browser.page(server.url);
      for (const tab of TABS) {
        await page.goto(`${server.url}/#${tab}`);
        await page.waitForTimeout(500);
        await page.evaluate(AXE); // the page's own policy lets no other script in
        const { violations } = await page.evaluate(() => window.axe.run());
        const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
        const found = serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(', ')}`);
        assert.deepEqual(found, [], `#${tab}`);
      }
    } finally {
      await browser.close(server);
    }
  });
}

for (const width of [390, 768, 1280, 1920]) {
  test(`no tab scrolls sideways at ${width} px`, async () => {
    const server = await Server.start(['resource.latency.mean=50ms']);
    const browser = await Browser.open({ width });
    try {
      await server.load('mode=pipelined&clients=10&requests=50');
      const page = await browser.page(server.url);
      for (const tab of TABS) {
        await page.goto(`${server.url}/#${tab}`);
        await page.waitForTimeout(300);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, `#${tab} is ${wide} px too wide`);
      }
    } finally {
      await browser.close(server);
    }
  });
}

test('with reduced motion nothing moves, and the state is still said', async () => {
  const server = await Server.start(['resource.latency.mean=500ms']);
  const browser = await Browser.open({ motion: 'reduce' });
  try {
    const page = await browser.page(server.url);
    await server.load('mode=pipelined&rate=8&duration=60s');
    await until(async () => (await page.textContent('#word')) === 'OVERLOADED', 20, 'the word');
    const running = await page.evaluate(() => document.getAnimations().filter((one) => one.playState === 'running').length);
    assert.equal(running, 0);
  } finally {
    await browser.close(server);
  }
});

test('the last control of the bench is no more than forty tab stops away', async () => {
  const server = await Server.start();
  const browser = await Browser.open();
  try {
    const page = await browser.page(server.url);
    const seen = new Set();
    for (let stops = 0; stops <= 60; stops += 1) {
      await page.keyboard.press('Tab');
      const key = await page.evaluate(() => {
        const one = document.activeElement;
        return one === document.body ? '' : `${one?.tagName} ${one?.id} ${one?.textContent?.slice(0, 30)} ${one?.getAttribute('name') ?? ''} ${one?.getAttribute('aria-label') ?? ''}`;
      });
      if (!key) break;
      seen.add(key);
    }
    assert.ok(seen.size > 10 && seen.size <= 40, `${seen.size} stops`);
  } finally {
    await browser.close(server);
  }
});
