// The rooms lab with a real server, as a person would use it: create, join, play, talk, kill each process under each
// setting, a thousand rooms, and a server that is restarted.

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
  server = await Server.start();
  browser = await Browser.open();
  browser.allows = /409 \(Conflict\)|503/;
  page = await browser.page(`${server.url}/rooms`);
});
after(() => browser.close(server));

const isTrue = (what, about) => until(what, 30, about);
const lab = (room = '') => server.get(`/api/rooms${room && `/${room}`}`);
const act = (room, move) => server.post(`/api/rooms/${room}/move`, move);
const seat = (number) => page.locator('.seat').nth(number);
const bars = () => page.locator('.seat .note').allTextContents();
const word = () => text(page, '#word');

/** Chooses a process in the tree, and kills it. */
async function kill(name) {
  const node = page.locator('#tree button.node.process', { hasText: new RegExp(`^${name}`) });
  if ((await node.getAttribute('aria-pressed')) !== 'true') await node.click();
  await page.locator('#killbar .kill').click();
}

/** Has the page set when a move is acknowledged. */
async function acknowledge(backup) {
  await page.check(`#backup [value=${backup}]`, { force: true });
  await isTrue(async () => (await lab()).backup === backup, backup);
}

test('a server begins with a village of empty rooms', async () => {
  await isTrue(async () => (await word()) === 'IDLE', 'IDLE');
  const { rooms } = await lab();
  await isTrue(async () => (await page.locator('.house').count()) === rooms.length, `${rooms.length} houses`);
  assert.ok(rooms.length > 0 && rooms.every(({ phase }) => phase === 'lobby'));
});

test('a room is created, joined by two seats, and begun when four players are there', async () => {
  await page.fill('#room-name', 'sun');
  assert.equal(await text(page, '#room-go'), 'Create');
  await page.click('#room-go');
  await isTrue(async () => (await word()) === 'LOBBY', 'LOBBY');
  for (const [number, name] of [[0, 'zoe'], [1, 'yan']]) {
    await seat(number).locator('.join input').fill(name);
    await seat(number).locator('.join button').click();
    await isTrue(async () => (await seat(number).locator('select').inputValue()) === name, `${name} sits`);
  }
  assert.equal(await seat(0).locator('.act').isVisible(), false, 'two are too few');
  for (const player of ['xia', 'wes']) assert.equal((await act('sun', { move: 'join', player })).status, 200);
  await seat(0).locator('.act.start').click();
  await isTrue(async () => (await word()) === 'NIGHT 1', 'NIGHT 1');
});

test('a night and a day are played from the seats, and no seat shows what its player may not know', async () => {
  const { open } = await lab('sun?seat=zoe');
  assert.equal(open.status.players.filter((player) => player.role).length, 0, 'roles are secret');
  const roles = await Promise.all(['zoe', 'yan', 'xia', 'wes'].map(async (name) => [name, (await lab(`sun?seat=${name}`)).open.seat.role]));
  const wolf = roles.find(([, role]) => role === 'werewolf')[0];
  const others = roles.map(([name]) => name).filter((name) => name !== wolf);
  // The werewolf sits at the first seat, a villager at the second.
  await seat(0).locator('select').selectOption(wolf);
  await seat(1).locator('select').selectOption(others[0]);
  await isTrue(async () => (await seat(0).locator('.role').textContent()) === 'werewolf', 'the werewolf');
  await isTrue(async () => (await seat(1).locator('.ask').textContent()) === 'You sleep.', 'a villager sleeps');
  assert.equal(await seat(1).locator('.people button:enabled').count(), 0);
  await seat(0).locator('.say:not(.join) input').fill('whom do I take');
  await seat(0).locator('.say:not(.join) button').click();
  await isTrue(async () => (await seat(0).locator('.last').textContent()).includes('whom do I take'), 'a whisper');
  await isTrue(async () => (await seat(1).locator('.last').textContent()).includes('a werewolf whispered'), 'a whisper as others read it');
  await seat(0).locator('.people button', { hasText: others[2] }).click();
  await isTrue(async () => (await word()) === 'DAY 1', 'DAY 1');
  await seat(1).locator('.people button', { hasText: wolf }).click();
  await isTrue(async () => (await seat(1).locator('.ask').textContent()) === `You vote against ${wolf}.`, 'a vote');
  assert.equal((await act('sun', { move: 'vote', player: others[1], target: wolf })).status, 200);
  await seat(0).locator('.people button', { hasText: others[0] }).click();
  await isTrue(async () => (await word()) === 'OVER', 'OVER');
  assert.match(await text(page, '#text'), /^The village has won/);
});

test('seeded players fill a room and play', async () => {
  await page.click('#close');
  await page.locator('.house', { hasText: 'star' }).click();
  await isTrue(async () => (await text(page, '#room-title')) === 'star', 'star');
  await page.click('#play');
  await isTrue(async () => (await lab('star')).open.status.players.length === 6, 'six players');
  await isTrue(async () => /NIGHT|DAY/.test(await word()), 'a game');
  await isTrue(async () => (await page.locator('#thread .tick').count()) >= 8, 'a thread of moves');
  await isTrue(async () => (await seat(1).locator('.state').textContent()) === 'connected', 'the second seat listens');
  const { open } = await lab('star');
  assert.deepEqual(open.told.filter(({ how }) => how === 'browser').map(({ who }) => who).sort(), ['ada', 'ben']);
});

test('before: a killed room goes on with nothing lost, and no seat is disconnected', async () => {
  await kill('room');
  await isTrue(async () => (await word()) === 'HELD', 'HELD');
  assert.match(await text(page, '#text'), /^star was killed and went on at 2·\d+ after .*No acknowledged move is lost\.$/);
  await isTrue(async () => (await bars()).filter((bar) => /resumed at 2·\d+/.test(bar)).length === 2, 'both seats are told');
  assert.deepEqual(await page.locator('.seat .state').allTextContents(), ['never disconnected', 'never disconnected']);
  await isTrue(async () => (await page.locator('#told .pill.resumed').count()) >= 3, 'every watcher is told');
  assert.equal(await page.locator('#thread .lost-frame').count(), 0);
  await isTrue(async () => (await text(page, '#tree .hit small')).startsWith('life 2'), 'life 2');
});

test('a killed backup and a killed history do not stop the room', async () => {
  for (const part of ['backup', 'history']) {
    const { n } = (await lab('star')).open;
    await kill(part);
    await isTrue(async () => (await lab('star')).open.kill.what === part, part);
    await isTrue(async () => new RegExp(`^The ${part} of star was killed`).test(await text(page, '#text')), `${part} in the verdict`);
    await isTrue(async () => (await lab('star')).open.n > n + 1, 'the room goes on');
    assert.equal((await lab('star')).open.life, 2);
  }
});

test('after: what the backup had not taken is lost, in a red frame, and told', async () => {
  await acknowledge('after');
  await page.fill('#every', '1s');
  await page.keyboard.press('Enter');
  await page.locator('h1').click();
  await isTrue(async () => (await lab()).backup_every_ms === 1000, 'a second');
  await server.post('/api/rooms/star/play?rate=10');
  await isTrue(async () => {
    await kill('room');
    await page.waitForTimeout(1500);
    return ((await lab('star')).open.kill.lost_updates ?? 0) > 0;
  }, 'a loss');
  await isTrue(async () => /^\d+ LOST$/.test(await word()), 'LOST');
  await isTrue(async () => (await bars()).some((bar) => /room restarted: .* (are|is) lost/.test(bar)), 'a gap in a seat');
  await isTrue(async () => (await page.locator('#told .pill.gap').count()) >= 2, 'a gap at the watchers');
  const { ledger } = await lab();
  assert.ok(ledger.lost > 0);
  await server.post('/api/rooms/star/pause');
  await isTrue(async () => (await lab()).ledger.unaccounted === 0, 'the ledger balances');
  await isTrue(async () => (await text(page, '.ledger-line .fine')) === '✓ 0 unaccounted', 'also on the page');
});

test('none: the state is fresh after a kill', async () => {
  await acknowledge('none');
  const { n } = (await lab('star')).open;
  await kill('room');
  await isTrue(async () => (await lab('star')).open.n === 0, 'a fresh state');
  await isTrue(async () => (await word()) === `${n.toLocaleString('en')} LOST`, `${n} LOST`);
  await isTrue(async () => (await page.locator('#tree div.node', { hasText: 'backup' }).count()) === 1, 'no backup to kill');
  await acknowledge('before');
});

test('the registry is killed and restarted, and the room is still found', async () => {
  const before = (await lab()).tree.find(({ name }) => name === 'registry').restarts;
  await kill('registry');
  await isTrue(async () => (await lab()).tree.find(({ name }) => name === 'registry').restarts === before + 1, 'a restart');
  assert.equal((await server.ask('GET', '/api/rooms/star')).status, 200);
});

test('a seat in a tab of its own sees the moves of the others', async () => {
  await act('star', { move: 'join', player: 'zoe' });
  const own = await browser.page(`${server.url}/rooms?room=star&seat=zoe`);
  await isTrue(async () => (await own.locator('.seat .state').textContent()) === 'connected', 'connected');
  await act('star', { move: 'join', player: 'yan' });
  await isTrue(async () => (await own.locator('.seat .last').textContent()).includes('yan joined'), 'yan joined');
  await own.locator('.say:not(.join) input').fill('hello');
  await own.keyboard.press('Enter');
  await isTrue(async () => (await page.locator('.seat .last').first().textContent()).includes('zoe: hello'), 'the other page reads it');
  await own.close();
});

test('all three settings are measured, and the setting is restored', async () => {
  await page.click('#to-compare');
  await page.click('#measure');
  await until(async () => (await word()) === 'COMPARED', 60, `COMPARED: ${await text(page, '#measure-says')}`);
  const facts = await page.locator('.way dd:has(b)').allTextContents();
  assert.match(facts[0], /^all \d+$/, 'none');
  assert.equal(facts[8], '0', 'before');
  await isTrue(async () => (await lab()).backup === 'before', 'restored');
  await isTrue(async () => (await server.ask('GET', '/api/rooms/compare')).status === 404, 'its room is removed');
  await page.click('#to-compare');
});

test('a thousand rooms play while one a second is killed, and nothing is lost', async () => {
  await page.click('#close');
  await page.click('#more');
  await page.click('#reset');
  await page.click('#many');
  await isTrue(async () => (await lab()).now.rooms >= 1000, '1,000 rooms');
  await isTrue(async () => page.locator('#crowd canvas').isVisible(), 'the crowd');
  await page.locator('h1').click();
  for (let step = 0; step < 2; step += 1) await page.keyboard.press('+');
  await isTrue(async () => (await lab()).now.moves_s > 200, 'moves');
  const { kills, } = (await lab()).now;
  await page.check('#kills');
  await isTrue(async () => (await lab()).now.kills >= kills + 4, 'kills');
  await page.uncheck('#kills');
  const lost = (await lab()).ledger.lost;
  await page.locator('h1').click();
  for (let step = 0; step < 2; step += 1) await page.keyboard.press('-');
  await isTrue(async () => (await lab()).now.moves_s === 0, 'no load');
  assert.equal((await lab()).ledger.lost, lost);
  await page.click('#more');
  await page.click('#many');
  await isTrue(async () => (await lab()).now.rooms < 60, 'removed');
});

test('a killed server is shown as lost, and its page works again after a restart', async () => {
  browser.allows = /403 \(Forbidden\)|404|WebSocket|503/;
  await page.goto(`${server.url}/rooms`);
  await page.locator('#link[data-state=live]').waitFor();
  await server.kill();
  await page.locator('#link[data-state=lost]').waitFor({ timeout: 15_000 });
  assert.equal(await word(), 'LOST');
  await server.restart();
  await page.locator('#link[data-state=live]').waitFor({ timeout: 20_000 });
  await isTrue(async () => (await word()) === 'IDLE', 'rooms live in memory alone');
  assert.equal((await server.ask('GET', '/api/rooms/sun')).status, 404);
  await page.fill('#room-name', 'sun');
  await page.click('#room-go');
  await isTrue(async () => (await server.ask('GET', '/api/rooms/sun')).status === 200, 'a room again');
});
