// The matches lab with a real server and real watchers, as a person would use it: play, watch, switch rungs, have a
// watcher read nothing, and crash the dispatcher.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Browser, text, until } from './browser.mjs';
import { Server } from './server.mjs';
import { Watchers } from './watchers.mjs';

const COUNT = 200; // a debug build does it easily

/** @type {Server} */
let server;
/** @type {Browser} */
let browser;
/** @type {import('playwright-core').Page} */
let page;
const watchers = new Watchers();

before(async () => {
  // A small buffer, so that a watcher that reads nothing is behind soon.
  server = await Server.start(['matches.send_buffer=1KiB']);
  browser = await Browser.open();
  browser.allows = /409 \(Conflict\)/;
  page = await browser.page(`${server.url}/matches`);
});
after(async () => {
  watchers.end();
  await browser.close(server);
});

const match = () => server.get('/api/matches/weir-sluice');
const isTrue = (what, about) => until(what, 30, about);
const count = (number) => number.toLocaleString('en');

test('a page that has just begun says that the match has not begun, and what to run', async () => {
  await isTrue(async () => (await text(page, '#when')).startsWith('not begun'), 'not begun');
  assert.equal(await text(page, '#f-watchers'), '0');
  assert.ok((await page.locator('#empty pre').allTextContents())[1].startsWith('weir load watch -c 10000 --url http'));
});

test('the limits of the machine are measured', async () => {
  await isTrue(async () => (await match()).machine !== null, 'the machine');
  const { machine } = await match();
  await isTrue(async () => (await text(page, '#fig-watchers .floor span')) === `machine ${count(machine.watchers)}`, 'the limit');
});

test('a play begins the match, and watchers are counted', async () => {
  await page.click('#play');
  await isTrue(async () => (await match()).match.period === 'first half', 'it plays');
  await watchers.join(server.address, COUNT);
  await isTrue(async () => (await text(page, '#f-watchers')) === String(COUNT), `${COUNT} watchers`);
  await isTrue(() => watchers.snapshots === COUNT, 'each has the status');
  await isTrue(async () => (await text(page, '#play')) === 'Pause', 'the button');
});

test('an event reaches all, and the feed says after which time the last had it', async () => {
  await isTrue(() => watchers.events > 3 * COUNT, 'events at the watchers');
  await isTrue(async () => (await text(page, '#word')) === 'DELIVERED', 'DELIVERED');
  await isTrue(async () => / (ms|µs)$/.test((await page.locator('#feed .spread').nth(1).textContent()).replace('\u202f', ' ')), 'a time');
  await isTrue(async () => /^event \d+/.test(await text(page, '#shown')), 'the replay');
  assert.equal(await text(page, '#squares'), 'a square each, in the order in which they are served');
});

test('the rate follows the slider', async () => {
  await page.locator('h1').click();
  await page.keyboard.press('+');
  await isTrue(async () => (await match()).match.rate === 5, 'five events a second');
});

test('a goal of the operator changes the score here, there and in the history', async () => {
  await page.click('#play');
  await isTrue(async () => !(await match()).match.playing, 'paused');
  const before = (await match()).match.score;
  for (let tries = 0; tries < 6 && (await match()).match.score[0] === before[0]; tries += 1) {
    await page.click('#goal-home');
    await page.waitForTimeout(400);
  }
  const { score } = (await match()).match;
  assert.equal(score[0], before[0] + 1);
  await isTrue(async () => (await text(page, '#goals')) === score.join(' : '), 'the score');
  const { events } = await server.get('/api/matches/weir-sluice/history');
  assert.equal(events.at(-1).kind, 'goal');
  assert.equal(await text(page, '#feed .what'), events.at(-1).text);
});

test('the ledger balances on the page, with the figures of the server and the counts of the watchers', async () => {
  await isTrue(async () => (await match()).ledger.behind === 0, 'nothing waits');
  const { ledger } = await match();
  assert.equal(ledger.unaccounted, 0);
  await isTrue(() => watchers.events === ledger.delivered, `${watchers.events} of ${ledger.delivered}`);
  for (const field of ['sent', 'delivered', 'dropped', 'closed'])
    await isTrue(async () => (await text(page, `#ledger [data-term=${field}] b`)) === count(ledger[field]), `${field} ${ledger[field]}`);
  assert.equal(await text(page, '#ledger .fine'), '✓ 0 unaccounted');
});

test('a rung is switched while watchers are connected, and none is lost', async () => {
  const rung = page.locator('#rungs li').nth(3).locator('[role=switch]');
  assert.equal(await rung.getAttribute('aria-checked'), 'true');
  await rung.click();
  await isTrue(async () => (await match()).settings.writer === 'task', 'a task a watcher');
  await isTrue(async () => (await rung.getAttribute('aria-checked')) === 'false', 'the switch');
  await page.click('#play');
  await isTrue(async () => (await match()).event?.order === 'tasks', 'no order');
  await isTrue(async () => (await text(page, '#squares')) === 'a square each, tasks wake in no order', 'tasks');
  await rung.click();
  await isTrue(async () => (await match()).settings.writer === 'shards', 'shards');
  assert.equal(watchers.open, COUNT);
  assert.ok((await match()).marks.some(({ word }) => word.includes('writer')), 'a mark');
});

test('a watcher that reads nothing is shown with its name, and the others get their events', async () => {
  await page.click('#stop');
  await isTrue(() => watchers.all.every(({ ended }) => ended), 'the streams of the former match end');
  await server.post('/api/matches/weir-sluice/play?rate=100&events=100000');
  await isTrue(async () => (await match()).match.period === 'first half', 'it plays');
  await watchers.join(server.address, 20);
  watchers.joinSlow(server.address, 'slow');
  await isTrue(async () => (await text(page, '#callout b')) === 'slow', 'its name');
  await isTrue(async () => /BEHIND/.test(await text(page, '#word')), 'the verdict');
  assert.match(await text(page, '#callout'), /\(place \d+\) has read nothing for/);
  const { event } = await match();
  assert.ok(event.behind[0].place < 21, `place ${event.behind[0].place} of 21`);
  assert.equal(event.behind.length, 1);
  assert.equal(watchers.open, 20);
});

test('the ladder says what is on', async () => {
  await page.click('#climb');
  await isTrue(async () => /^RUNG \d/.test(await text(page, '#word')), 'the rung');
  const at = (await match()).ladder.at;
  await isTrue(async () => (await page.locator('#ladder tr.at .no').textContent()) === String(at), `rung ${at}`);
  await server.post('/api/matches/rung?rung=0&n=150&c=900&art_ms=12&last_ms=70&kb=137&run=r-1');
  await isTrue(async () => (await page.locator('#ladder .dot').count()) === 3, 'three dots');
  await page.locator('#ladder tbody tr').nth(6).locator('.act button').click();
  await isTrue(async () => (await match()).ladder.at === 2, 'rung 2');
  await page.locator('#ladder tbody tr').nth(1).locator('.act button').click();
  await isTrue(async () => (await match()).ladder.at === 7, 'rung 7');
  await page.click('#climb');
});

test('a crash of the dispatcher is shown; its watchers are closed, and the match goes on', async () => {
  const before = await match();
  await page.click('#more');
  await page.click('[data-crash=dispatcher]');
  const others = watchers.all.slice(COUNT);
  await isTrue(() => others.every(({ ended }) => ended), 'the watchers are closed');
  await isTrue(async () => (await match()).marks.some(({ kind }) => kind === 'crash'), 'a mark');
  await page.keyboard.press('Escape');
  await isTrue(async () => (await match()).now.watchers === 0, 'none is left');
  await watchers.join(server.address, 10);
  await isTrue(async () => (await text(page, '#f-watchers')) === '10', '10 watchers');
  const { match: now } = await match();
  assert.ok(now.next >= before.match.next, 'the match goes on');
  assert.match(await text(page, '#link'), /^connection kept/);
});

test('the stop event ends the streams; again begins a new match', async () => {
  await page.click('#stop');
  await isTrue(() => watchers.all.slice(-10).every(({ ended }) => ended), 'the streams end');
  await isTrue(async () => (await text(page, '#word')) === 'OVER', 'OVER');
  await page.click('#again');
  await isTrue(async () => (await text(page, '#when')).startsWith('not begun'), 'a new match');
  await isTrue(async () => (await text(page, '#goals')) === '0 : 0', '0 : 0');
});

test('another match has a page of its own', async () => {
  const added = JSON.parse((await server.post('/api/matches')).text).id;
  await page.click('[popovertarget=others]');
  await isTrue(async () => (await page.locator('#others li').count()) === 2, 'two matches');
  await page.locator('#others li a').nth(1).click();
  await page.waitForURL(`**/matches?match=${added}`);
  await page.locator('#link[data-state=live]').waitFor();
  await isTrue(async () => (await text(page, '#home')) !== '–', 'its teams');
});

test('a killed server is shown as lost, and its page works again after a restart', async () => {
  browser.allows = /403 \(Forbidden\)|404|WebSocket/;
  await page.goto(`${server.url}/matches`);
  await page.locator('#link[data-state=live]').waitFor();
  await server.kill();
  await page.locator('#link[data-state=lost]').waitFor({ timeout: 15_000 });
  assert.equal(await text(page, '#word'), 'LOST');
  await server.restart();
  await page.locator('#link[data-state=live]').waitFor({ timeout: 20_000 });
  await page.click('#play');
  await isTrue(async () => (await match()).match.playing, 'it plays again');
});
