// The page of the rooms lab in every state, against a server without processes (rooms-fake.mjs).
// rooms-live.test.mjs does the rest with a real server.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { Browser, text, until } from './browser.mjs';
import { FakeRooms } from './rooms-fake.mjs';
import { STATES } from './rooms-sim.mjs';

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const plain = (words) => words.replaceAll('\u202f', ' ');

/** Opens a browser for several states, and checks at the end that nothing unexpected was said. */
async function browsing(options, act) {
  const browser = await Browser.open(options);
  browser.allows = options.allows;
  const open = async (state, seen, { at = STATES[state], frozen = false } = {}) => {
    const fake = await FakeRooms.start(state);
    fake.isFrozen = frozen;
    try {
      const page = await browser.page(`${fake.url}/rooms${at}`);
      await seen(page, fake);
      await page.close();
    } finally {
      // Also after a failure: a server that goes on keeps the run from ending.
      await fake.end();
    }
  };
  try {
    await act(open);
  } finally {
    await browser.close({ end: () => {} });
  }
}

/** Opens the page in one state. */
const opened = (state, options, act) => browsing(options, (open) => open(state, act, options));
const isTrue = (what, about) => until(what, 8, about);
const lines = async (page, seat) => (await page.locator('.seat').nth(seat).locator('.last li').allTextContents()).map(plain);

test('each state has its verdict on the page and in the title, and the ledger balances', () =>
  browsing({}, async (open) => {
    const words = {
      idle: 'IDLE', village: '12 ROOMS', nodes: '12 ROOMS', thousand: 'HELD', lobby: 'LOBBY', board: 'NIGHT 2', day: 'DAY 3', over: 'OVER', twelve: 'NIGHT 2',
      resumed: 'HELD', gap: '4 LOST', fresh: '412 LOST', 'backup-killed': 'HELD', dead: '12 ROOMS', 'read-only': 'DAY 3', hostile: 'NIGHT 2',
    };
    for (const state of Object.keys(STATES)) {
      const seen = async (page) => {
        await isTrue(async () => (await text(page, '#word')) === words[state], `${state}: ${words[state]}, found ${await text(page, '#word')}`);
        assert.equal(await page.title(), `${words[state]} · Weir`, state);
        assert.equal(await text(page, '#main .ledger .fine'), '✓ 0 unaccounted', state);
        assert.equal(await page.locator('img').count(), 0, 'foreign words stay words');
      };
      await open(state, seen, { frozen: true });
    }
  }));

test('a room is a house with a lit window for each living player, and opens on a click', () =>
  opened('village', { frozen: true }, async (page) => {
    assert.equal(await page.locator('.house').count(), 12);
    const moon = page.locator('.house').first();
    assert.equal(await moon.getAttribute('aria-label'), 'moon #412, night 2, 5 of 6 alive');
    assert.equal(await moon.locator('.pane.lit').count(), 5);
    assert.equal(await page.locator('#board').isVisible(), false);
    await moon.click();
    await isTrue(async () => (await text(page, '#room-title')) === 'moon', 'moon');
    assert.match(page.url(), /\?room=moon$/);
    await page.goBack();
    await isTrue(async () => !(await page.locator('#board').isVisible()), 'the village again');
  }));

test('the rooms of other nodes are links to the pages of their nodes', () =>
  browsing({}, async (open) => {
    await open('nodes', async (page) => {
      assert.equal(await page.locator('#far a').count(), 24);
      const first = page.locator('#far a').first();
      assert.equal(await first.textContent(), 'brook-100');
      assert.deepEqual(await page.locator('#far b').allTextContents(), ['At left', 'At right']);
      assert.equal(await first.getAttribute('href'), 'http://right.example:4000/rooms?room=brook-100');
      assert.equal(await page.locator('#far p').last().textContent(), 'and 1,210 more at other nodes');
      await page.fill('#room-name', 'brook-299');
      assert.equal(await text(page, '#room-go'), 'Open');
      await page.fill('#room-name', 'brook-99');
      assert.equal(await text(page, '#room-go'), 'Create');
    });
    await open('hostile', async (page) => assert.equal(await page.locator('#far a').count(), 0, 'only an address of the web is a link'));
    await open('village', async (page) => assert.equal(await page.locator('#far').isVisible(), false));
  }));

test('a thousand rooms are a canvas with curves, and a killed room is ringed', () =>
  opened('thousand', {}, async (page) => {
    assert.equal(await text(page, '#f-rooms'), '1,000');
    assert.equal(await page.locator('.house').count(), 0);
    const label = () => page.locator('#crowd canvas').getAttribute('aria-label');
    await isTrue(async () => /^1000 rooms, 1 just killed$/.test(await label()), 'a kill');
    assert.ok(await page.locator('#village-slot #score canvas').isVisible(), 'the curves are beside the crowd');
    await page.locator('#crowd canvas').hover({ position: { x: 25, y: 12 } });
    await isTrue(async () => (await text(page, '.tooltip b')) === 'r-1', 'the room under the pointer');
    await page.fill('#room-name', 'r-17');
    assert.equal(await text(page, '#room-go'), 'Open');
    await page.click('#room-go');
    await isTrue(async () => (await text(page, '#room-title')) === 'r-17', 'r-17');
    assert.ok(await page.locator('#pair-slot #tree').isVisible(), 'the tree is beside the room');
  }));

test('two seats show what each player may know', () =>
  opened('board', { frozen: true }, async (page) => {
    const [ada, ben] = [page.locator('.seat').nth(0), page.locator('.seat').nth(1)];
    await isTrue(async () => (await ben.locator('.role').textContent()) === 'villager', 'ben is a villager');
    assert.equal(await ada.locator('.role').textContent(), 'werewolf');
    assert.deepEqual(await lines(page, 0), ['#412you chose dot', '#411ben: who was it?', '#410night falls']);
    assert.deepEqual(await lines(page, 1), ['#412a werewolf chose', '#411you: who was it?', '#410night falls'].map((line) => line.replace('you:', 'ben:')));
    assert.equal(await ada.locator('.people [aria-pressed=true]').textContent(), 'dot');
    assert.equal(await ben.locator('.people button:enabled').count(), 0);
    assert.equal(await ben.locator('.say:not(.join)').isVisible(), false, 'a sleeper says nothing');
    assert.equal(await ben.locator('.ask').textContent(), 'You sleep.');
  }));

test('a game is joined, begun, played by night and by day, and talked through', () =>
  opened('lobby', {}, async (page, fake) => {
    const [first, second] = [page.locator('.seat').nth(0), page.locator('.seat').nth(1)];
    assert.equal(await first.locator('.ask').textContent(), '2 more players needed.');
    assert.equal(await first.locator('.act.start').isVisible(), false);
    for (const name of ['gil', 'fay']) {
      await second.locator('select').selectOption('');
      await second.locator('.join input').fill(name);
      await second.locator('.join button').click();
      await isTrue(async () => (await second.locator('select').inputValue()) === name, `${name} sits`);
    }
    await isTrue(async () => first.locator('.act.start').isVisible(), 'four are enough');
    await first.locator('.act.start').click();
    await isTrue(async () => (await text(page, '#word')) === 'NIGHT 1', 'night 1');
    await first.locator('.people button', { hasText: 'ben' }).click();
    await isTrue(async () => (await text(page, '#word')) === 'DAY 1', 'the werewolf has chosen');
    await first.locator('.say:not(.join) input').fill('it was fay');
    await first.locator('.say:not(.join) button').click();
    await isTrue(async () => (await lines(page, 1)).some((line) => line.endsWith('ada: it was fay')), 'the other seat reads it');
    await first.locator('.people button', { hasText: 'fay' }).click();
    await second.locator('.people button', { hasText: 'ada' }).click();
    await isTrue(async () => (await second.locator('.ask').textContent()) === 'You vote against ada.', 'a vote');
    await second.locator('.people button', { hasText: 'gil' }).click();
    await isTrue(async () => (await second.locator('.ask').textContent()) === 'You vote against gil.', 'another vote');
    await first.locator('.act').click();
    await isTrue(async () => ['NIGHT 2', 'OVER'].includes(await text(page, '#word')), 'the day ends');
    assert.ok(fake.made.size >= 7, `${fake.made.size} moves with a number of their own`);
  }));

test('a move whose outcome is unknown is sent again under its number, and made once', () =>
  opened('day', { allows: /503/ }, async (page, fake) => {
    fake.isUnsure = true;
    const before = fake.sim.rooms.get('moon').n;
    await page.locator('.seat').first().locator('.people button', { hasText: 'fay' }).click();
    await isTrue(() => fake.orders.filter((one) => one.endsWith('/move')).length === 2, 'sent twice');
    await page.waitForTimeout(300);
    assert.equal(fake.sim.rooms.get('moon').n, before + 1);
    assert.equal(await text(page, '#said'), '');
  }));

test('a refusal is shown in the words of the server', () =>
  opened('lobby', { allows: /409/ }, async (page) => {
    const second = page.locator('.seat').nth(1);
    await second.locator('select').selectOption('');
    await second.locator('.join input').fill('no name');
    await second.locator('.join button').click();
    await isTrue(async () => /“no name” is no name/.test(await text(page, '#said')), 'the refusal');
  }));

test('a process is chosen in the tree by keyboard, and killed', () =>
  opened('board', {}, async (page, fake) => {
    await page.locator('#tree .node', { hasText: 'backup' }).focus();
    await page.keyboard.press('Enter');
    await isTrue(async () => (await text(page, '#word')) === 'PREDICT', 'PREDICT');
    assert.match(await text(page, '#text'), /what will ada and ben see/);
    await page.keyboard.press('Enter');
    assert.equal(await text(page, '#killbar small'), 'choose a process to kill it');
    await page.locator('#tree .node.process', { hasText: /^room/ }).click();
    await page.locator('#killbar .kill').click();
    await isTrue(async () => (await text(page, '#word')) === 'HELD', 'HELD');
    assert.ok(fake.orders.includes('/api/rooms/moon/kill'));
    assert.match(plain(await text(page, '#text')), /^moon was killed and went on at 2·412 after 800 µs. No acknowledged move is lost.$/);
    await isTrue(async () => /room restarted: resumed at 2·412/.test((await lines(page, 0)).join()), 'the bar');
    assert.deepEqual(await page.locator('.seat .state').allTextContents(), ['never disconnected', 'never disconnected']);
    assert.match(await page.locator('#tree .hit').textContent(), /^roomlife 2/);
    await page.locator('#tree .node', { hasText: 'registry' }).click();
    await page.locator('#killbar .kill').click();
    await isTrue(async () => (await page.locator('#tree .node', { hasText: 'registry' }).textContent()) === 'registry12 names, 1×', 'its restart');
  }));

test('what a kill loses is in a red frame, struck out in the seats, and told to every watcher', () =>
  opened('gap', { frozen: true }, async (page) => {
    assert.equal(await page.locator('#thread .lost-frame').count(), 1);
    assert.equal(await page.locator('#thread .dot.gone').count(), 8);
    const numbers = await page.locator('#thread .number').allTextContents();
    assert.deepEqual(numbers.slice(-4), ['411', '412', '2·409', '2·410']);
    assert.equal(await page.locator('#thread svg').getAttribute('aria-label'), 'Moves #397 to 2·410, room killed, 4 of them lost'.replace('#397', `#${numbers[0]}`));
    assert.match((await lines(page, 0)).join('|'), /^2·410ben: again\?\|●room restarted: #409–412 are lost\|#412/);
    assert.equal(await page.locator('.seat s').count(), 2);
    assert.deepEqual(await page.locator('#told .pill').allTextContents(), Array(4).fill('gap 409–412'));
    assert.match(await text(page, '#ledger, .ledger-line'), /acknowledged 3,2\d\d=in the state/);
    assert.equal(await text(page, '#f-lost-here'), '4');
    assert.match(await page.locator('.house').first().getAttribute('aria-label'), /2·410/);
  }));

test('without a backup the state is fresh, and the backup has no dot', () =>
  opened('fresh', { frozen: true }, async (page) => {
    assert.equal(await page.locator('#thread .dot.backup').count(), 0);
    assert.match(await text(page, '#text'), /Its moves 1 to 412 were acknowledged, and nothing else had them/);
    assert.equal(await text(page, '#tree div.node:has-text("backup")'), 'backupnone');
  }));

test('the setting is changed like a setting of any lab, and so is the delay of the copy', () =>
  opened('board', { allows: /400/ }, async (page, fake) => {
    await page.check('#backup [value=after]', { force: true });
    await isTrue(() => fake.sim.backup === 'after', 'after');
    assert.equal(fake.orders.at(-1), '/api/config?toml=rooms.backup = "after"');
    await isTrue(() => page.locator('#every').isVisible(), 'the delay');
    await page.fill('#every', '40');
    await page.keyboard.press('Enter');
    await page.locator('#word').click();
    await isTrue(() => fake.sim.every === 40, '40 ms');
    await page.fill('#every', 'soon');
    await page.locator('#word').click();
    await isTrue(async () => /“soon” is no time/.test(await text(page, '#said')), 'no time');
    await page.locator('h1').click();
    await page.keyboard.press('3');
    await isTrue(() => fake.sim.backup === 'before', 'before');
    await isTrue(async () => (await page.locator('#thread .number').last().textContent()).startsWith('3·') || (await text(page, '.house .name span')).startsWith('3·'), 'a new life');
  }));

test('the load is moves a second in each room, and a switch kills a room a second', () =>
  opened('village', {}, async (page, fake) => {
    await page.locator('h1').click();
    for (let step = 0; step < 5; step += 1) await page.keyboard.press('+');
    await isTrue(() => fake.orders.at(-1) === '/api/rooms/play?prefix=&rate=5', 'the load');
    await isTrue(async () => plain(await text(page, '#load-now')) === '12 rooms, 5 moves/s each', 'its words');
    await page.check('#kills');
    await isTrue(() => fake.sim.kills >= 2, 'two kills');
    await page.uncheck('#kills');
    await isTrue(async () => (await page.locator('.house[data-stroke=held], .house[data-stroke=struck]').count()) > 0, 'a house that was struck');
    await page.locator('h1').click();
    for (let step = 0; step < 5; step += 1) await page.keyboard.press('-');
    await isTrue(() => fake.orders.at(-1) === '/api/rooms/pause?prefix=', 'no load');
  }));

test('rooms are created, filled with seeded players, and removed', () =>
  opened('idle', { allows: /409|400/ }, async (page, fake) => {
    assert.match(await text(page, '#no-rooms pre'), new RegExp(`^weir room create moon --url ${fake.url}$`));
    await page.fill('#room-name', 'Moon!');
    await page.click('#room-go');
    await isTrue(async () => /is no name of a room/.test(await text(page, '#said')), 'a bad name');
    await page.fill('#room-name', 'moon');
    await page.click('#room-go');
    await isTrue(async () => (await text(page, '#word')) === 'LOBBY', 'its lobby');
    await page.click('#play');
    await isTrue(() => fake.orders.includes('/api/rooms/moon/play?rate=1'), 'players');
    await isTrue(async () => (await text(page, '#play')) === 'Pause the players', 'a pause');
    await page.click('#more');
    await page.click('#remove');
    await isTrue(async () => page.locator('#no-rooms').isVisible(), 'no rooms');
    await page.locator('#no-rooms [data-do=twelve]').click();
    await isTrue(async () => (await page.locator('.house').count()) === 12, 'a village');
    await page.click('#more');
    await page.click('#many');
    await isTrue(async () => (await text(page, '#f-rooms')) === '1,012', '1,012 rooms');
    await page.click('#many');
    await isTrue(async () => (await text(page, '#f-rooms')) === '12', '12 rooms');
  }));

test('all three are compared: predicted, and measured in a room of its own', () =>
  opened('board', {}, async (page, fake) => {
    await page.click('#to-compare');
    await isTrue(async () => (await text(page, '#word')) === 'PREDICTED', 'PREDICTED');
    assert.deepEqual(await page.locator('.way h2 code').allTextContents(), ['none', 'after', 'before']);
    assert.equal(await text(page, '.way.now-used code'), 'before');
    assert.deepEqual(await page.locator('.way .source-of').allTextContents(), Array(3).fill('predicted'));
    await page.click('#measure');
    await until(async () => (await text(page, '#word')) === 'COMPARED', 30, 'COMPARED');
    const facts = await page.locator('.way dd:has(b)').allTextContents();
    assert.match(facts[0], /^all \d+$/);
    assert.equal(facts[4], '4');
    assert.equal(facts[8], '0');
    assert.match(facts[9], /^resumed/);
    assert.match(plain(await text(page, '#text')), /To lose nothing costs 2\.\d µs a move\.$/);
    assert.equal(fake.sim.backup, 'before', 'the setting is restored');
    assert.ok(!fake.sim.rooms.has('compare'), 'the room is removed');
    await page.goBack();
    assert.ok(await page.locator('#lab').isVisible());
  }));

test('the history of a room and the dead letters are shown on demand', () =>
  browsing({}, async (open) => {
    await open('gap', async (page) => {
      await page.locator('#history summary').click();
      await isTrue(async () => (await page.locator('#history-list li').count()) > 10, 'entries');
      assert.match(await text(page, '#history-list li'), /^2·410/);
    });
    await open('dead', async (page) => {
      assert.equal(await text(page, '#dead-count'), '2');
      await page.locator('#dead summary').click();
      await isTrue(async () => /heron/.test(await text(page, '#dead-list li')), 'the letter');
      assert.match(await text(page, '#dead-list li'), /index out of bounds.*3 attempts/);
    });
  }));

test('a seat in a tab of its own shows its player alone', () =>
  opened('board', { at: '?room=moon&seat=ben', frozen: true }, async (page) => {
    await isTrue(async () => (await page.locator('.seat .role').textContent()) === 'villager', 'ben');
    assert.equal(await page.locator('.seat').count(), 1);
    for (const selector of ['.side', '#controls', '#tree']) assert.equal(await page.locator(selector).isVisible(), false, selector);
    assert.ok((await lines(page, 0)).length > 6);
  }));

test('a room that the server does not have is named, and the village is shown', () =>
  opened('village', { at: '?room=nowhere', allows: /404|WebSocket/ }, async (page) => {
    await isTrue(async () => (await text(page, '#said')) === 'Game does not exist: nowhere', 'its name');
    await isTrue(async () => (await text(page, '#word')) === '12 ROOMS', 'the village');
  }));

test('a lost connection is shown, and it is restored in both seats', () =>
  opened('board', {}, async (page, fake) => {
    const state = page.locator('.seat .state').nth(1);
    await isTrue(async () => (await state.textContent()) === 'connected', 'connected');
    fake.drop();
    await page.locator('#link[data-state=lost]').waitFor();
    assert.equal(await text(page, '#word'), 'LOST');
    await until(async () => (await text(page, '#link')).startsWith('connected again'), 10, 'connected again');
    await isTrue(async () => (await text(page, '#word')) === 'NIGHT 2', 'the word');
    await isTrue(async () => (await state.textContent()) === 'connected again', 'connected again');
  }));

test('a read-only server has no control that it would refuse', () =>
  opened('read-only', {}, async (page) => {
    await isTrue(async () => page.locator('#load').isDisabled(), 'no load');
    for (const selector of ['#reset', '#play', '.act', '.say', '#killbar', '#measure'])
      assert.equal(await page.locator(selector).first().isVisible(), false, selector);
    assert.equal(await page.locator('.people button:enabled').count(), 0);
    assert.match(await text(page, '#control'), /read-only/);
  }));

for (const scheme of ['light', 'dark']) {
  test(`axe finds nothing in the ${scheme} theme`, () =>
    browsing({ scheme }, async (open) => {
      for (const state of [...Object.keys(STATES), 'compare']) {
        const seen = async (page) => {
          await page.evaluate(AXE); // the page's own policy lets no other script in
          await page.waitForTimeout(400);
          const { violations } = await page.evaluate(() => window.axe.run());
          const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(', ')}`);
          assert.deepEqual(found, [], state);
        };
        if (state === 'compare') await open('board', seen, { at: '#compare' });
        else await open(state, seen);
      }
    }));
}

for (const [width, height] of [[390, 844], [768, 1024], [1280, 800], [1920, 1080]]) {
  test(`nothing scrolls sideways at ${width} px, and no control or figure is cut off`, () =>
    browsing({ width, height }, async (open) => {
      for (const [state, at] of [['idle', ''], ['thousand', ''], ['village', ''], ['twelve'], ['gap'], ['fresh'], ['lobby'], ['board', '?room=moon&seat=ada'], ['board', '#compare']]) {
        const seen = async (page) => {
          await page.waitForTimeout(400);
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          const beyond = await page.evaluate(() =>
            [...document.querySelectorAll('body *')]
              .filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth)
              .map((one) => `${one.tagName} ${one.id} ${one.className}`),
          );
          assert.ok(wide <= 0, `${state} is ${wide} px too wide: ${beyond.join('; ')}`);
          const cut = await page.evaluate(() =>
            [...document.querySelectorAll('button, .fig b, .fig .of, .way dd, .pill, .seat h3')]
              .filter((one) => one.checkVisibility())
              .filter((one) => one.getBoundingClientRect().right > innerWidth || one.scrollWidth > one.clientWidth + 1)
              .map((one) => `${one.id || one.className} ${one.textContent}`),
          );
          assert.deepEqual(cut, [], `${state} ${at ?? ''}`);
        };
        await open(state, seen, { at: at ?? STATES[state] });
      }
    }));
}

test('at 1280 × 800 the ledger and the tree are on the first screen', () =>
  browsing({}, async (open) => {
    for (const state of ['village', 'board', 'gap', 'thousand']) {
      await open(state, async (page) => {
        await page.waitForTimeout(300);
        for (const selector of ['.ledger-line', ...(state === 'thousand' ? ['#score'] : ['#tree'])]) {
          const box = await page.locator(selector).boundingBox();
          assert.ok(box.y + box.height <= 802, `${state}: ${selector} ends at ${box.y + box.height}`);
        }
      });
    }
  }));

test('a presentation fits on a projector, without what the presenter operates', () =>
  browsing({ width: 1920, height: 1080 }, async (open) => {
    for (const state of ['village', 'thousand', 'gap']) {
      await open(state, async (page) => {
        await page.keyboard.press('f');
        await page.waitForTimeout(500);
        const high = await page.evaluate(() => document.documentElement.scrollHeight);
        assert.ok(high <= 1080, `${state} is ${high} px high`);
        for (const selector of ['#controls', '.ledger-line', '#killbar', '#room-form'])
          assert.equal(await page.locator(selector).first().isVisible(), false, `${state}: ${selector}`);
      });
    }
  }));

test('with reduced motion nothing moves by itself', () =>
  opened('gap', { motion: 'reduce', frozen: true }, async (page) => {
    const running = await page.evaluate(() => document.getAnimations().length);
    assert.equal(running, 0);
  }));

for (const state of ['thousand', 'board']) {
  test(`${state}: a frame takes less than 8 ms of script`, () =>
    opened(state, {}, async (page) => {
      await page.waitForTimeout(1000);
      const { times } = await page.evaluate(
        () =>
          new Promise((resolve) => {
            const times = [];
            const real = window.requestAnimationFrame.bind(window);
            window.requestAnimationFrame = (callback) =>
              real((now) => {
                const begun = performance.now();
                callback(now);
                times.push(performance.now() - begun);
              });
            setTimeout(() => resolve({ times }), 5000);
          }),
      );
      const sorted = times.toSorted((a, b) => a - b);
      const at = (share) => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(2);
      console.log(`# ${times.length} frames: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, longest ${at(1)} ms`);
      // A board without moves stands still, and draws nothing.
      if (state === 'thousand') assert.ok(times.length > 10, `${times.length} frames`);
      assert.ok(Number(at(0.5)) < 8, `p50 ${at(0.5)} ms`);
    }));
}
