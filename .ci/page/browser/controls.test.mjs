// Each control of the bench, pressed as a person would: it does what it says, and the page shows it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Browser, text, until } from './browser.mjs';
import { Server } from './server.mjs';

/** @type {Server} */
let server;
/** @type {Browser} */
let browser;
/** @type {import('playwright-core').Page} */
let page;

before(async () => {
  server = await Server.start(['resource.latency.mean=200ms']);
  browser = await Browser.open();
  browser.allows = /400 \(Bad Request\)/; // of what is typed wrongly below
  page = await browser.page(server.url);
});
after(async () => {
  await browser.close(server);
});

const isTrue = (what, about) => until(what, 15, about);

test('Pause pauses, and Resume resumes', async () => {
  await page.click('#pause');
  await isTrue(async () => (await server.snapshot()).paused, 'paused');
  await isTrue(async () => (await text(page, '#pause')).startsWith('Resume'), 'the button says Resume');
  await page.click('#pause');
  await isTrue(async () => !(await server.snapshot()).paused, 'resumed');
  await isTrue(async () => (await text(page, '#pause')).startsWith('Pause'), 'the button says Pause');
});

test('plus, minus and a typed number change the concurrency', async () => {
  const concurrency = async () => (await server.snapshot()).consumers.concurrency;
  await page.click('[aria-label="Concurrency: one more"]');
  await isTrue(async () => (await concurrency()) === 2, 'two consumers');
  await page.click('[aria-label="Concurrency: one less"]');
  await isTrue(async () => (await concurrency()) === 1, 'one consumer');
  await page.fill('#concurrency input', '7');
  await page.press('#concurrency input', 'Enter');
  await isTrue(async () => (await concurrency()) === 7, 'seven consumers');
  await page.fill('#concurrency input', 'many');
  await page.press('#concurrency input', 'Enter');
  await isTrue(async () => (await text(page, '#concurrency .said')) !== '', 'a word about "many"');
  assert.equal(await concurrency(), 7);
  await page.press('#concurrency input', 'Escape');
});

test('a load is predicted, simulated, started, measured and kept', async () => {
  await page.click('#load-open');
  await page.check('#load [value=pipelined]');
  await page.fill('#load [name=amount]', '35');
  await isTrue(async () => (await text(page, '#load-expects')).includes('all done after 1.0'), 'a prediction');
  const cells = (name) => page.locator(`#expected td.${name}`).allTextContents();
  await isTrue(async () => (await cells('simulated')).includes('1.0\u202fs'), 'a simulation');
  await page.click('#load .go');
  await isTrue(async () => (await server.snapshot()).ledger.done === 35, '35 events done');
  await isTrue(async () => (await text(page, '#load-said')).startsWith('The last load’s run is'), 'the outcome');
  await isTrue(async () => (await cells('measured')).some((cell) => /^1\.\d\u202fs$/.test(cell)), 'a measurement');
  const { runs } = await server.get('/api/runs');
  assert.equal(runs[0].load, 'closed, 50 clients, 35 requests');
});

test('a load that makes no sense is refused in words', async () => {
  await page.click('#load-open');
  await page.fill('#load [name=clients]', 'fifty');
  await page.click('#load .go');
  await isTrue(async () => (await text(page, '#load .said')).includes('fifty'), 'the refusal names the value');
  await page.fill('#load [name=clients]', '50');
  await page.keyboard.press('Escape');
});

test('Stop ends a load', async () => {
  await server.load('mode=async&rate=20&duration=60s');
  await page.locator('#load-stop').waitFor();
  await page.click('#load-stop');
  await isTrue(async () => !(await server.get('/api/load')).running, 'no load');
});

test('Empty queue drops what waits, and Reset zeroes the counters', async () => {
  await server.post('/api/pause');
  for (let n = 0; n < 12; n += 1) await server.post('/pipelined');
  await isTrue(async () => (await server.snapshot()).ledger.held >= 12, 'twelve events wait');
  await page.click('#more');
  await page.click('#purge');
  assert.match(await text(page, '#purge'), /^Drop \d+ events\?$/, 'the first click only asks');
  await page.click('#purge');
  await isTrue(async () => (await server.snapshot()).queue.queued === 0, 'an empty queue');
  assert.ok((await server.snapshot()).ledger.dropped > 0);
  await server.post('/api/resume');
  await isTrue(async () => (await server.snapshot()).ledger.held === 0, 'nothing held');
  if (!(await page.locator('#reset').isVisible())) await page.click('#more');
  await page.click('#reset');
  await isTrue(async () => (await server.snapshot()).ledger.accepted === 0, 'counters at zero');
  await page.keyboard.press('Escape');
});

test('keys do what the list of keys says', async () => {
  await page.locator('h1').click();
  await page.keyboard.press('p');
  await isTrue(async () => (await server.snapshot()).paused, 'p pauses');
  await isTrue(async () => (await text(page, '#pause')).startsWith('Resume'), 'the button says Resume');
  await page.keyboard.press('p');
  await isTrue(async () => !(await server.snapshot()).paused, 'p resumes');
  const before = (await server.snapshot()).consumers.concurrency;
  await page.keyboard.press('+');
  await isTrue(async () => (await server.snapshot()).consumers.concurrency === before + 1, '+ adds a consumer');
  await page.keyboard.press('2');
  assert.ok(await page.isChecked('#load [value=async]'));
  await page.keyboard.press('f');
  await page.locator('html.present').waitFor();
  assert.equal(await page.locator('.score').isVisible(), false);
  await page.keyboard.press('f');
  await page.keyboard.press(' ');
  await page.locator('.bench.stopped').waitFor();
  await page.keyboard.press(' ');
  await page.keyboard.press('?');
  await page.locator('#keys').waitFor();
  await page.keyboard.press('Escape');
});

test('dragging over the score selects a stretch of time', async () => {
  await page.goto(`${server.url}/#bench`);
  await server.load('mode=pipelined&rate=20&duration=4s');
  await isTrue(async () => (await server.snapshot()).ledger.done > 40, 'a load to select');
  const box = await page.locator('.score canvas').boundingBox();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.85, box.y + 60, { steps: 5 });
  await page.mouse.up();
  await page.locator('.score .picked').waitFor();
  assert.notEqual(await text(page, '.score .picked span'), '');
  await page.click('.score .unpick');
  await page.locator('.score .picked').waitFor({ state: 'hidden' });
});
