// The jobs lab with a real server, as a person would use it: submit, look, kill, repair and swap, under load.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { Browser, text, until } from './browser.mjs';
import { Server } from './server.mjs';

const SUM = await readFile(new URL('../../../jobs/sum.wat', import.meta.url), 'utf8');
const REPAIRED = await readFile(
  new URL('../../../crates/weir-job-wasm/examples/sum_repaired.wat', import.meta.url),
  'utf8',
);
const FILE = { 'jobs/sum.wat': SUM };
const RATE = 200; // a debug build does it easily

/** @type {Server} */
let server;
/** @type {Browser} */
let browser;
/** @type {import('playwright-core').Page} */
let page;

before(async () => {
  server = await Server.start([], FILE);
  browser = await Browser.open();
  page = await browser.page(`${server.url}/jobs`);
});
after(async () => {
  await browser.close(server);
});

const jobs = () => server.get('/api/jobs');
const isTrue = (what, about) => until(what, 20, about);
const state = (name) => page.locator(`#answers [data-state=${name}]`);

/** Types a number and returns the words of its answer. */
async function submit(input, ended = 'done') {
  await page.fill('#n', input);
  await page.press('#n', 'Enter');
  const first = page.locator('#answers li').first();
  await isTrue(async () => (await first.getAttribute('data-state')) === ended, `${input} is ${ended}`);
  return (await first.textContent()).replaceAll('\u202f', ' ');
}

test('a page that has just begun says that nothing runs', async () => {
  await isTrue(async () => (await text(page, '#word')) === 'IDLE', 'IDLE');
  assert.equal(await text(page, '#f-rate'), '0');
});

test('the load follows the field and the slider, and the curves and figures follow the load', async () => {
  await page.fill('#workers', String(RATE));
  await page.press('#workers', 'Enter');
  await isTrue(async () => (await jobs()).load.workers === RATE, 'the load');
  await isTrue(async () => (await text(page, '#word')) === 'STEADY', 'STEADY');
  await isTrue(async () => Math.abs(Number(await text(page, '#f-rate')) - RATE) < RATE / 10, 'the rate');
  await page.locator('h1').click();
  await page.keyboard.press('+');
  await isTrue(async () => (await jobs()).load.workers === 300, 'the next step of the slider');
  await page.fill('#workers', String(RATE));
  await page.press('#workers', 'Enter');
  await isTrue(async () => (await jobs()).load.workers === RATE, 'the load again');
});

test('a load that makes no sense is refused in words', async () => {
  browser.allows = /400 \(Bad Request\)/;
  await page.fill('#workers', 'many');
  await page.press('#workers', 'Enter');
  await isTrue(async () => (await text(page, '#said')).startsWith('The load is unchanged'), 'the refusal');
  assert.equal((await jobs()).load.workers, RATE);
});

test('numbers are summed exactly, and an invalid number starts no job', async () => {
  assert.match(await submit('100'), /= 5050/);
  assert.match(await submit('200000'), /= 20000100000/);
  const before = (await jobs()).ledger;
  for (const input of ['', '12abc', '1.5', '1000000000000000000000000000000'])
    assert.match(await submit(input, 'invalid'), /invalid input.*no job was started/);
  const { ledger } = await jobs();
  assert.equal(ledger.refused, before.refused + 4);
});

test('13 traps: its stack is shown, and the connection stays open', async () => {
  const words = await submit('13', 'failed');
  assert.match(words, /trap: unreachable/);
  assert.match(words, /in .*sum/);
  assert.match(await text(page, '#link'), /^connection kept/);
});

test('a job that never ends is found, read, traced and killed with the page alone', async () => {
  await page.click('#try [value="-1"]');
  await isTrue(async () => (await text(page, '#word')) === 'ONE ROGUE', 'ONE ROGUE');
  await isTrue(async () => (await text(page, '#top .job')).includes('yours'), 'my job in the table');
  await page.click('#top .job .open');
  await isTrue(async () => (await page.locator('.trace .no').count()) === 50, 'fifty calls');
  assert.ok((await page.locator('.stack .name').allTextContents()).includes('calc_sum'));
  await page.click('#drawer .kill');
  await state('killed').first().waitFor();
  assert.match(await text(page, '#answers [data-state=killed] .more'), /your connection is open/);
  await isTrue(async () => (await text(page, '#drawer .said')).includes('killed'), 'the drawer says so');
  await page.keyboard.press('Escape');
  await isTrue(async () => (await jobs()).ledger.killed === 1, 'one killed');
  await isTrue(async () => (await text(page, '#top .gone')).includes('killed'), 'the row says so');
});

test('a save is rehearsed, swapped in and taken back under load, and the connection is the same', async () => {
  await submit('13', 'failed');
  await server.write('jobs/sum.wat', REPAIRED);
  await page.locator('[data-order=swap]').waitFor({ timeout: 20_000 });
  const cells = await page.locator('.changes td').allTextContents();
  assert.ok(cells.some((cell) => cell === '91'), cells.join(' | '));
  await page.click('.code .cap button');
  await page.locator('.source .ins').first().waitFor();
  await page.keyboard.press('Escape');
  await page.click('[data-order=swap]');
  await isTrue(async () => (await text(page, '.code .tag.use')).startsWith('v2'), 'v2 in use');
  assert.match(await submit('13'), /= 91/);
  await submit('-1', 'failed');
  await page.click('[data-order=back]');
  await isTrue(async () => (await text(page, '.code .tag.use')).startsWith('v1'), 'v1 in use');
  await submit('13', 'failed');
  assert.match(await text(page, '#link'), /^connection kept/);
});

test('code that does not compile changes nothing and is reported with its place', async () => {
  await server.write('jobs/sum.wat', SUM.replace('i64.eq', 'i64.equal'));
  await isTrue(async () => (await page.locator('.code .problem').count()) > 0, 'the problem');
  assert.match(await text(page, '.code .problem'), /sum\.wat|line/);
  assert.match(await submit('100'), /= 5050/);
  await server.write('jobs/sum.wat', SUM);
  await isTrue(async () => (await page.locator('.code .problem').count()) === 0, 'no problem any more');
});

test('the ledger balances on the page, with the figures of the server', async () => {
  await page.fill('#workers', '0');
  await page.press('#workers', 'Enter');
  await isTrue(async () => (await jobs()).ledger.running === 0, 'all jobs have ended');
  const { ledger } = await jobs();
  for (const field of ['accepted', 'done', 'failed', 'killed', 'refused'])
    await isTrue(
      async () => (await text(page, `#ledger [data-term=${field}] b`)) === ledger[field].toLocaleString('en'),
      `${field} ${ledger[field]}`,
    );
  assert.equal(await text(page, '#ledger .fine'), '✓ 0 unaccounted');
});

test('reset sets the counters to zero', async () => {
  await page.click('#more');
  await page.click('#reset');
  await isTrue(async () => (await text(page, '#ledger [data-term=accepted] b')) === '0', 'zero');
  await page.keyboard.press('Escape');
});

test('hostile function names are text', async () => {
  const name = '<img src=x onerror=alert(1)>';
  // The id of a function cannot have spaces in the text format; the name section can.
  const hostile = SUM.replaceAll('$calc_sum', `$"${name}"`);
  const other = await Server.start([], { 'jobs/sum.wat': hostile });
  const their = await browser.page(`${other.url}/jobs`);
  try {
    await their.click('#try [value="-1"]');
    await their.locator('#top .job .open').click();
    await until(async () => (await text(their, '.stack .name')) === name, 20, 'the name as text');
    assert.equal(await their.locator('img').count(), 0);
    await their.click('#drawer .kill');
    await until(async () => (await text(their, '#drawer .said')).includes(name), 20, 'the name in the place of the kill');
  } finally {
    await their.close();
    await other.end();
  }
});

test('in isolation task one endless job stops the others, and the page still answers', async () => {
  const other = await Server.start(['jobs.load.workers=100'], FILE);
  const their = await browser.page(`${other.url}/jobs`);
  browser.allows = /409 \(Conflict\)/;
  try {
    await their.check('#isolation [value=task]', { force: true });
    await until(async () => (await other.get('/api/jobs')).isolation === 'task', 10, 'task');
    await their.click('#try [value="-1"]');
    await until(async () => (await text(their, '#word')) === 'STALLED', 20, 'STALLED');
    assert.equal(await text(their, '#f-yours'), '∞');
    await their.click('#top .job .end-it');
    await until(async () => (await text(their, '#top .job .end-it')) === 'no effect', 20, 'no effect');
    assert.match(await text(their, '#link'), /^connection kept/);
  } finally {
    await their.close();
    await other.end();
  }
});

test('a killed server is shown as lost, and its page works again after a restart', async () => {
  browser.allows = /403 \(Forbidden\)|WebSocket/;
  await server.kill();
  await page.locator('#link[data-state=lost]').waitFor({ timeout: 15_000 });
  assert.equal(await text(page, '#word'), 'LOST');
  assert.match(await text(page, '#link'), /trying again/);
  await server.restart();
  await page.locator('#link[data-state=live]').waitFor({ timeout: 20_000 });
  await isTrue(async () => (await text(page, '#word')) === 'IDLE', 'the word');
  await isTrue(async () => (await text(page, '#link')).startsWith('connected again'), 'connected again');
  assert.match(await submit('100'), /= 5050/);
});
