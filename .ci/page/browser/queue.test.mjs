// The queue's engine on the bench: its promise, what an earlier life left, dead letters, trouble, and the nodes.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { Browser, text, until } from './browser.mjs';
import { QUEUES, QueueFake } from './queue-fake.mjs';
import { Server } from './server.mjs';

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SETTINGS = ['consumers.concurrency=10', 'resource.latency.mean=50ms'];

/** Opens the bench with a queue in a state, and closes both. */
async function opened(state, run, { allows, read_only: readOnly = false, ...how } = {}) {
  const fake = await QueueFake.start(state, readOnly ? [...SETTINGS, 'server.read_only=true'] : SETTINGS);
  const browser = await Browser.open(how);
  browser.allows = allows;
  try {
    const page = await browser.page(fake.url);
    await run(page, fake, browser);
  } finally {
    await browser.close(fake);
  }
}

/** What the Tab key reaches, from the head of the page to its end. */
async function stops(page) {
  const seen = new Set();
  await page.evaluate(() => document.querySelector('.skip').focus());
  for (let count = 0; count <= 70; count += 1) {
    const key = await page.evaluate(() => {
      const one = document.activeElement;
      return one === document.body ? '' : `${one?.tagName} ${one?.id} ${one?.textContent?.slice(0, 30)} ${one?.getAttribute('aria-label') ?? ''}`;
    });
    if (!key) break;
    seen.add(key);
    await page.keyboard.press('Tab');
  }
  return seen;
}

const shown = (page, selector) => page.locator(selector).filter({ visible: true }).allTextContents();
const line = (page) => shown(page, '#ledger .equation > span');
const rows = (page) => page.locator('#dead tbody tr').count();
const label = async (page, words) =>
  until(async () => (await shown(page, '.labels > div')).some((one) => one === words), 10, words);

test('the memory engine says nothing: no promise, no letters, no nodes, and no request for them', () =>
  opened('memory', async (page) => {
    const asked = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.reload();
    await page.locator('#link[data-state=live]').waitFor();
    await label(page, 'when full: reject');
    assert.deepEqual((await shown(page, '.labels > div')).filter((one) => /survive|loses|leased/.test(one)), []);
    assert.equal((await line(page)).length, 5, 'accepted, done, failed, dropped, held');
    assert.deepEqual(await shown(page, '#dead-open, #nodes-open'), []);
    await page.waitForTimeout(2500); // nodes would be asked for by now
    assert.deepEqual(asked.filter((path) => /api\/(queue|nodes)|dead\.js|nodes\.js/.test(path)), []);
  }));

test('a durable engine says what a 202 means, where its events are, and what it has recovered', () =>
  opened('disk', async (page) => {
    await label(page, 'disk · events survive a power cut');
    await label(page, '10 leased · 2 delayed · 1 settling');
    await until(async () => (await line(page)).includes('+ recovered 412'), 10, 'recovered');
    assert.match((await line(page)).join(' '), /^accepted 0 \+ recovered 412 done 412 failed 0 dropped 0 held 0$/);
    await page.click('a[href="#figures"]');
    await until(async () => (await shown(page, '#figures [data-bind="queue.payload_bytes"]'))[0] === '50\u202fKiB', 5, 'payloads');
  }));

test('a server that was killed with events in its file recovers them, and its dead letters are retried', async () => {
  const server = await Server.start(['queue.engine=disk', 'queue.attempts=1', 'resource.failure_rate=1', 'resource.latency.mean=1ms']);
  const browser = await Browser.open();
  browser.allows = /403 \(Forbidden\)/; // the first order has the old server’s token
  try {
    const page = await browser.page(server.url);
    await label(page, 'disk · events survive a power cut');
    await server.post('/api/pause');
    for (let sent = 0; sent < 5; sent += 1) assert.equal((await server.post('/pipelined', { order: sent })).status, 202);
    await server.kill();
    await server.restart();
    await until(async () => (await line(page)).includes('+ recovered 5'), 20, 'recovered');
    await until(async () => (await text(page, '#dead-open')) === '5 dead letters', 10, 'they fail');
    await page.click('#dead-open');
    await until(async () => (await rows(page)) === 5, 10, 'five letters');
    assert.match(await text(page, '#dead tbody tr'), /\{"order":0\}Retry$/);
    await page.click('#dead tbody button >> nth=0');
    await until(async () => (await text(page, '#dead .said')) === '✓ 1 letter accepted again', 5, 'retried');
    await until(async () => (await server.snapshot()).ledger.accepted === 1, 5, 'a new event');
    const { ledger } = await server.snapshot();
    assert.equal(ledger.accepted + ledger.recovered, ledger.done + ledger.failed + ledger.dropped + ledger.held);
  } finally {
    await browser.close(server);
  }
});

test('other promises: a file that is synced at an interval, and a stream of NATS', () =>
  opened('interval', async (page, fake) => {
    await label(page, 'disk · a kill loses the last 50ms');
    await label(page, '3 leased');
    Object.assign(fake.queue, QUEUES.jetstream.queue);
    await label(page, 'jetstream · events survive a kill');
  }));

test('dead letters: listed a page at a time, retried one by one and all, with foreign words as text', () =>
  opened('dead', async (page, fake) => {
    await until(async () => (await text(page, '#dead-open')) === '23 dead letters', 10, 'the button');
    await page.click('#dead-open');
    await until(async () => (await rows(page)) === 10, 10, 'ten letters');
    const [first, hostile, empty, bytes, long] = await page.locator('#dead tbody tr').allTextContents();
    assert.match(first, /^4123the resource failed38\u202fB\{"order":412,"item":"a loaf of bread"\}Retry$/);
    assert.match(hostile, /<img src=x onerror=alert\(1\)> a reason/);
    assert.equal(await page.locator('#dead img').count(), 0);
    assert.match(empty, /the input is not a number0\u202fBnoneRetry$/);
    assert.match(bytes, /58\.6\u202fKiBbase64 iVBORw0KGgo/);
    assert.match(long, /an order in many lines and words .*…Retry$/);
    assert.equal(await text(page, '#dead .place'), '1 to 10 of 23');
    await page.click('#dead .turn button:text("Next")');
    await until(async () => (await text(page, '#dead .place')) === '11 to 20 of 23', 5, 'the second page');
    await page.click('#dead .turn button:text("Next")');
    await until(async () => (await rows(page)) === 3, 5, 'the third page');
    await page.click('#dead .turn button:text("First")');
    await until(async () => (await text(page, '#dead .place')) === '1 to 10 of 23', 5, 'the first page');
    await page.click('[aria-label="Retry event 426"]');
    await until(async () => (await text(page, '#dead .said')) === '✓ 1 letter accepted again', 5, 'one');
    assert.deepEqual(fake.orders, ['/api/queue/dead/retry {"id":426}']);
    await until(async () => (await text(page, '#dead-open')) === '22 dead letters', 5, 'the count');
    assert.ok(await page.evaluate(() => document.activeElement?.closest('#dead tbody') !== null), 'the focus stays in the list');
    await page.click('#dead button:text("Retry all")');
    await until(async () => (await text(page, '#dead .said')) === '✓ 22 letters accepted again', 5, 'all');
    assert.equal(fake.orders[1], '/api/queue/dead/retry {}');
    await until(async () => (await shown(page, '#dead .nothing')).length === 1, 5, 'an empty list says so');
    await page.keyboard.press('Escape');
    await until(async () => (await shown(page, '#dead, #dead-open')).length === 0, 5, 'no button without letters');
  }));

test('letters that die while the panel is open appear in it', () =>
  opened('one_dead', async (page, fake) => {
    await until(async () => (await text(page, '#dead-open')) === '1 dead letter', 10, 'the button');
    await page.click('#dead-open');
    await until(async () => (await rows(page)) === 1, 10, 'one letter');
    fake.letters.push({ ...fake.letters[0], id: 500, why: 'a later one' });
    await until(async () => (await rows(page)) === 2, 5, 'two letters');
  }));

test('deleting letters asks twice, and a refusal is said', () =>
  opened(
    'one_dead',
    async (page, fake) => {
      await page.click('#dead-open');
      const purge = page.locator('#dead .act > button').nth(1);
      await until(async () => (await rows(page)) === 1, 10, 'one letter');
      await purge.click();
      assert.equal(await purge.textContent(), 'Delete 1 letter?');
      assert.deepEqual(fake.orders, [], 'the first click only asks');
      await until(async () => (await purge.textContent()) === 'Delete all', 8, 'the question is over');
      fake.refuses = true;
      await purge.click();
      await purge.click();
      const refused = 'Nothing was deleted: the change was not stored: No space left on device';
      await until(async () => (await text(page, '#dead .said.alarm')) === refused, 5, refused);
      assert.equal(await rows(page), 1);
      fake.refuses = false;
      await purge.click();
      await purge.click();
      await until(async () => (await text(page, '#dead .said')) === '✓ 1 letter deleted', 5, 'deleted');
    },
    { allows: /503 \(Service Unavailable\)/ },
  ));

test('a page that may change nothing lists the letters, and has no button to retry or delete', () =>
  opened(
    'dead',
    async (page) => {
      await page.click('#dead-open');
      await until(async () => (await rows(page)) === 10, 10, 'ten letters');
      assert.deepEqual(await shown(page, '#dead button'), ['Next']);
    },
    { read_only: true },
  ));

for (const [state, words] of [
  ['full', /^New pipelined requests are refused\. Accepted events are kept\..*the disk is nearly full/s],
  ['away', /^New pipelined requests are refused\. Accepted events are kept\..*the queue cannot be reached: no answer from nats:/s],
]) {
  test(`trouble is said at the head of the page, and forgotten once it is over: ${state}`, () =>
    opened(state, async (page, fake) => {
      await until(async () => words.test(await text(page, '#banner')), 10, 'the banner');
      fake.queue.trouble = null;
      await until(async () => (await text(page, '#banner')) === '', 10, 'no banner');
    }));
}

test('nodes are a table with a sum, and a silent one is said to be silent', () =>
  opened('jetstream', async (page, fake) => {
    await until(async () => (await text(page, '#nodes-open')) === 'one of 3 nodes', 10, 'the link');
    await page.click('#nodes-open');
    const table = async () => (await page.locator('#nodes tr').allTextContents()).slice(1);
    await until(async () => (await table()).length === 4, 5, 'three nodes and the sum');
    const [first, second, third, all] = await table();
    assert.equal(first, 'bench-1 (this one)40,10041240,0000012500now');
    assert.match(second, /^bench-239,900039,90000100-100/);
    assert.match(third, /12\.4\u202fs ago, silent$/);
    assert.equal(all, 'all nodes88,00041287,50000512400');
    assert.equal(await page.locator('#nodes a').first().getAttribute('href'), 'http://10.0.0.2:4000');
    fake.nodes = fake.nodes.slice(0, 1);
    await until(async () => (await shown(page, '#nodes')).length === 0, 8, 'no table for one node');
  }));

for (const scheme of ['light', 'dark']) {
  test(`axe finds nothing serious in any state in the ${scheme} theme`, async () => {
    for (const state of Object.keys(QUEUES)) {
      await opened(
        state,
        async (page, fake) => {
          if (fake.letters.length) {
            await page.click('#dead-open');
            await until(async () => (await rows(page)) > 0, 10, 'letters');
          }
          for (const tab of fake.nodes.length ? ['bench', 'figures'] : ['bench']) {
            await page.evaluate((hash) => location.replace(`#${hash}`), tab);
            await page.waitForTimeout(700);
            await page.evaluate(AXE); // the page's own policy lets no other script in
            const { violations } = await page.evaluate(() => window.axe.run());
            const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
            const found = serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(', ')}`);
            assert.deepEqual(found, [], `${state} #${tab}`);
          }
        },
        { scheme },
      );
    }
  });
}

for (const [width, height] of [
  [390, 844],
  [768, 1024],
  [1280, 800],
  [1920, 1080],
]) {
  test(`no state scrolls sideways at ${width} × ${height}, nor does its panel`, async () => {
    for (const state of ['disk', 'dead', 'away']) {
      await opened(
        state,
        async (page, fake) => {
          const beyond = async (selector) =>
            page.$eval(selector, (one) => one.scrollWidth - one.clientWidth);
          assert.equal(await beyond('html'), 0, state);
          if (!fake.letters.length) return;
          await page.click('#dead-open');
          await until(async () => (await rows(page)) === 10, 10, 'letters');
          assert.equal(await beyond('#dead'), 0, state);
          const box = await page.locator('#dead').boundingBox();
          assert.ok(box.x >= 0 && box.x + box.width <= width && box.y >= 0 && box.y + box.height <= height, 'the panel is on the screen');
        },
        { width, height },
      );
    }
  });
}

test('the words of the engine stand on no other words, from 1000 pixels up and on a phone', async () => {
  for (const [width, height] of [
    [390, 844],
    [1000, 800],
    [1280, 800],
    [1920, 1080],
  ]) {
    await opened(
      'disk',
      async (page, fake) => {
        await fake.server.load('mode=pipelined&rate=300&duration=30s');
        await fake.server.post('/api/pause');
        await label(page, 'paused');
        const boxes = await page.$$eval('.labels > *', (all) =>
          all.filter((one) => !one.hidden).map((one) => ({ text: one.textContent, ...one.getBoundingClientRect().toJSON() })),
        );
        const engine = boxes.filter(({ text: words }) => /survive|loses|leased/.test(words));
        assert.equal(engine.length, width < 1000 ? 1 : 2);
        for (const one of engine) {
          const meets = (other) => other !== one && one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
          assert.deepEqual(boxes.filter(meets).map(({ text: words }) => words), [], `${one.text} at ${width}`);
        }
      },
      { width, height },
    );
  }
});

test('the last control of the bench is no more than forty tab stops away, with letters and nodes', () =>
  opened('dead', async (page, fake) => {
    fake.queue.engine = 'jetstream';
    fake.nodes = structuredClone(QUEUES.jetstream.nodes);
    await until(async () => (await shown(page, '#nodes-open')).length === 1, 10, 'the link');
    const seen = [...(await stops(page))];
    assert.ok(seen.length > 10 && seen.length <= 40, `${seen.length} stops: ${seen.join('; ')}`);
    await page.click('#dead-open');
    await until(async () => (await rows(page)) === 10, 10, 'letters');
    const open = [...(await stops(page))];
    const last = open.findIndex((one) => one.startsWith('BUTTON  Next'));
    assert.ok(last > 10 && last < 40, `${last} stops to the last button of the panel: ${open.join('; ')}`);
    assert.equal(open.filter((one) => one.includes('Retry event')).length, 1, 'one stop for the buttons of all rows');
    await page.locator('#dead tbody button').first().focus();
    await page.keyboard.press('ArrowDown');
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
    assert.equal(await focused(), 'Retry event 419');
    await page.keyboard.press('End');
    assert.equal(await focused(), 'Retry event 475');
  }));
