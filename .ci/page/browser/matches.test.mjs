// The page of the matches lab in every state, against a server that has no watcher (matches-fake.mjs): what takes
// minutes to reach with a real one. matches-live.test.mjs does the rest with a real server.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { Browser, text, until } from './browser.mjs';
import { FakeMatches } from './matches-fake.mjs';
import { STATES } from './matches-sim.mjs';

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const plain = (words) => words.replaceAll('\u202f', ' ');

/** Opens a browser for several states, and checks at the end that nothing unexpected was said. */
async function browsing(options, act) {
  const browser = await Browser.open(options);
  browser.allows = options.allows;
  const open = async (state, seen, { at = '', before } = {}) => {
    const fake = await FakeMatches.start(state);
    try {
      await before?.(fake);
      const page = await browser.page(`${fake.url}/matches${at}`);
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

/** The colours of the middles of some squares of the field, which has 10,000. */
const colours = (page) =>
  page.evaluate(() => {
    const canvas = document.querySelector('#field canvas');
    const { data, width } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const found = new Map();
    for (let pixel = 0; pixel < data.length; pixel += 4) {
      if (data[pixel + 3] === 255) {
        const colour = `${data[pixel]},${data[pixel + 1]},${data[pixel + 2]}`;
        found.set(colour, (found.get(colour) ?? 0) + 1);
      }
    }
    return { width, found: [...found].sort((a, b) => b[1] - a[1]).slice(0, 4) };
  });

test('in each state page and title show the verdict of the record, and the ledger balances', () =>
  browsing({}, async (open) => {
    for (const state of STATES) {
      const seen = async (page, fake) => {
        const { verdict, match } = fake.sim.snapshot();
        await until(async () => (await text(page, '#word')) === verdict.word, 5, `${state}: ${verdict.word}`);
        assert.equal(await page.title(), `${verdict.word} · Weir`, state);
        assert.equal(await text(page, '#goals'), match.score.join(' : '), state);
        assert.equal(await text(page, '#ledger .fine'), '✓ 0 unaccounted', state);
        assert.equal(await page.locator('img').count(), 0, 'foreign words stay words');
      };
      await open(state, seen, { before: (fake) => (fake.isFrozen = true) });
    }
  }));

test('figures stand beside the limits of the machine, and say when those are not measured', async () => {
  await opened('delivered', {}, async (page) => {
    assert.equal(await text(page, '#f-watchers'), '10,000');
    assert.equal(plain(await text(page, '#fig-watchers .floor')), 'machine 19,20052 %');
    assert.equal(plain(await text(page, '#fig-art .floor')), 'machine 300 µs4.0 ×');
    assert.match(plain(await text(page, '#fig-last .floor')), /^machine 63.0 ms1\.\d\d ×$/);
    assert.match(await text(page, '.whose'), /server’s write.*watchers’ own clocks.*weir load watch/);
  });
  await opened('no-machine', {}, async (page) => {
    assert.equal(await text(page, '#fig-watchers .floor span'), 'machine: measuring …');
    assert.equal(await text(page, '#fig-watchers .floor b'), '');
  });
});

test('a page without watchers says what to run, with the address of its server', () =>
  opened('idle', {}, async (page, fake) => {
    const commands = await page.locator('#empty pre').allTextContents();
    assert.deepEqual(commands, [
      `weir match play --rate 2 --url ${fake.url}`,
      `weir load watch -c 10000 --url ${fake.url}`,
    ]);
    assert.equal(await page.locator('#empty .copy').count(), 2);
    assert.equal(await page.locator('#stop').isDisabled(), true);
    assert.equal(await page.locator('#goal-home').isDisabled(), true);
  }));

test('an event sweeps over the field, and at its end every square has it', () =>
  opened('delivered', { before: (fake) => (fake.isFrozen = true) }, async (page) => {
    await until(async () => (await page.evaluate(() => document.querySelector('#slowed').textContent)) === 'slowed 20×', 5, 'slow motion');
    await page.waitForTimeout(2500);
    const { found } = await colours(page);
    assert.equal(found[0][0], '29,78,216', `blue: ${JSON.stringify(found)}`);
    assert.ok(found[0][1] > 80_000, `${found[0][1]} blue pixels`);
    assert.ok((found[1]?.[1] ?? 0) < 1000, `nothing but blue: ${JSON.stringify(found)}`);
  }));

test('events that come faster than replays end do not pile up', () =>
  opened('playing', {}, async (page, fake) => {
    fake.sim.rate = 4;
    const shown = async () => Number(/^event (\d+)/.exec(await text(page, '#shown'))?.[1]);
    // Before the first replay, no event is named.
    const first = await until(shown, 8, 'an event');
    await page.waitForTimeout(6000);
    assert.ok((await shown()) > first + 3, 'replays follow the match');
    assert.ok(fake.sim.next - (await shown()) < 12, 'and are not left behind');
  }));

test('above 10,000 watchers a square stands for two, and the page says so', () =>
  opened('many', {}, async (page) => {
    assert.equal(await text(page, '#many'), '19,000 watchers');
    await until(async () => /^a square is 2 watchers/.test(await text(page, '#squares')), 5, 'two');
  }));

test('the watcher that is behind is called by its name, with what waits, what is lost and the gap', async () => {
  await opened('behind', {}, async (page) => {
    assert.match(plain(await text(page, '#callout')), /^w4711 \(place 4,711\) has read nothing for 32.0 s. 64 events wait for it; 12 older ones are dropped. When it reads again, it gets “gap 437–448”\.$/);
    assert.match(await page.locator('#ledger [data-term=dropped]').getAttribute('class'), /bad/);
  });
  await opened('twenty-behind', {}, async (page) => {
    assert.match(await text(page, '#callout small'), /19 more are behind/);
  });
  await opened('stalled', {}, async (page) => {
    assert.match(await text(page, '#callout'), /so all that come after it wait too/);
    assert.equal(await text(page, '#f-last + span'), 's');
  });
});

test('a rung is switched through the configuration, and off restores the value of rung 0', () =>
  opened('delivered', {}, async (page, fake) => {
    const rung = page.locator('#rungs li').nth(3).locator('[role=switch]');
    assert.equal(await rung.getAttribute('aria-checked'), 'true');
    await rung.click();
    await until(async () => (await rung.getAttribute('aria-checked')) === 'false', 5, 'off');
    assert.equal(fake.orders.at(-1), '/api/config?toml=matches.writer = "task"');
    await until(async () => (await text(page, '#squares')) === 'a square each, tasks wake in no order', 5, 'tasks');
    await page.locator('h1').click();
    await page.keyboard.press('4');
    await until(async () => (await rung.getAttribute('aria-checked')) === 'true', 5, 'on');
    assert.equal(fake.orders.at(-1), '/api/config?toml=matches.writer = "shards"');
  }));

test('the policy for a slow watcher is set', () =>
  opened('behind', {}, async (page, fake) => {
    await page.check('#behind [value=wait]', { force: true });
    await until(() => fake.sim.behind === 'wait', 5, 'wait');
  }));

test('play, pause, the rate, a goal, stop and again are orders to the server', () =>
  opened('delivered', {}, async (page, fake) => {
    const root = '/api/matches/weir-sluice';
    const ordered = (what) => until(() => fake.orders.includes(root + what), 5, `${what} in ${fake.orders}`);
    await page.click('#play');
    await ordered('/play?rate=2');
    await until(async () => (await text(page, '#play')) === 'Pause', 5, 'it plays');
    await page.locator('h1').click();
    await page.keyboard.press('+');
    await ordered('/play?rate=5');
    await until(async () => plain(await text(page, '#rate-now')) === '5 events/s', 5, 'the rate');
    await page.keyboard.press(' ');
    await ordered('/pause');
    await page.click('#goal-away');
    await until(async () => (await text(page, '#goals')) === '2 : 2', 5, 'a goal');
    await page.click('#stop');
    await until(async () => (await text(page, '#when')).includes('over'), 5, 'over');
    await page.click('#again');
    await until(async () => (await text(page, '#when')).includes('not begun'), 5, 'a new match');
    await page.click('#more');
    await page.click('[data-crash=dispatcher]');
    await ordered('/crash?part=dispatcher');
  }));

test('a refused order is reported in the words of the server', () =>
  opened('delivered', { allows: /409 \(Conflict\)/ }, async (page, fake) => {
    fake.refuses = 'player 9 of Weir is not on the pitch';
    await page.click('#goal-home');
    await until(async () => (await text(page, '#said')) === 'No goal: player 9 of Weir is not on the pitch', 5, 'why not');
    fake.refuses = '';
    await page.click('#goal-home');
    await until(async () => (await text(page, '#goals')) === '3 : 1', 5, 'another player scores');
    assert.match(fake.orders.at(-1), /player=10/);
  }));

test('the ladder has three columns with the walls of the machine, and its address is #ladder', () =>
  opened('ladder', { at: '#ladder' }, async (page, fake) => {
    assert.equal(await page.locator('#lab').isVisible(), false);
    assert.equal(await text(page, '#word'), 'RUNG 5');
    assert.equal(await text(page, '#wall-n'), 'descriptors 19,200');
    const rows = page.locator('#ladder tbody tr');
    assert.equal(await rows.count(), 9);
    assert.match(await rows.nth(0).textContent(), /^8four processes/);
    const values = await rows.nth(3).locator('.value').allTextContents();
    assert.deepEqual(values.map(plain), ['19,200', '30,100', '1.20 ms']);
    assert.equal(await rows.nth(3).locator('a').getAttribute('href'), './#run=r-0145');
    await rows.nth(6).locator('.act button').click();
    await until(() => fake.orders.at(-1)?.includes('matches.acceptors = 4'), 5, 'the climb');
    assert.ok(fake.orders.at(-1).includes('matches.writer = "task"'), fake.orders.at(-1));
    await page.click('#climb');
    assert.ok(await page.locator('#field canvas').isVisible());
    assert.equal(new URL(page.url()).hash, '');
    await page.goBack();
    assert.equal(await page.locator('#lab').isVisible(), false);
  }));

test('a ladder that is not measured says what to run', () =>
  opened('unmeasured', { at: '#ladder' }, async (page, fake) => {
    assert.match(await text(page, '#ladder-hint'), new RegExp(`weir match ladder --url ${fake.url}`));
    assert.equal(await text(page, '#ladder tbody tr:nth-child(4) .here'), 'not measured');
    assert.equal(await page.locator('#ladder .dot').count(), 0);
  }));

test('the other matches are listed', () =>
  opened('delivered', {}, async (page) => {
    await page.click('[popovertarget=others]');
    await until(async () => (await page.locator('#others li').count()) === 2, 5, 'two matches');
    assert.equal(await page.locator('#others li a').nth(1).getAttribute('href'), '?match=sluice-lockgate');
  }));

test('a match that the server does not have is named', async () => {
  const fake = await FakeMatches.start('delivered');
  const browser = await Browser.open();
  browser.allows = /404|WebSocket/;
  const page = await browser.page(`${fake.url}/matches?match=no-such`, { isLive: false });
  await until(async () => (await text(page, '#word')) === 'NO MATCH', 5, 'NO MATCH');
  assert.equal(await text(page, '#text'), 'This server has no match “no-such”.');
  await browser.close(fake);
});

test('refused connections are reported with their reason', () =>
  opened('refused', {}, async (page) => {
    assert.equal(await text(page, '#refused'), '312 connections refused: server.max_connections. 20,000 of at most 20,000 are open.');
  }));

test('a lost connection is shown, and it is restored', () =>
  opened('delivered', {}, async (page, fake) => {
    fake.drop();
    await page.locator('#link[data-state=lost]').waitFor();
    await until(async () => (await text(page, '#link')).startsWith('connected again'), 10, 'connected again');
    await until(async () => (await text(page, '#word')) === 'DELIVERED', 5, 'the word');
  }));

test('a read-only server has no control that it would refuse', () =>
  opened('read-only', {}, async (page) => {
    await until(async () => page.locator('#rate').isDisabled(), 5, 'no rate');
    for (const selector of ['#play', '#goal-home', '#reset', '#add', '#ladder .act button'])
      assert.equal(await page.locator(selector).first().isVisible(), false, selector);
    assert.equal(await page.locator('#rungs [role=switch]').first().isDisabled(), true);
    assert.match(await text(page, '#control'), /read-only/);
  }));

for (const scheme of ['light', 'dark']) {
  test(`axe finds nothing in the ${scheme} theme`, () =>
    browsing({ scheme }, async (open) => {
      for (const state of ['idle', 'delivered', 'twenty-behind', 'stalled', 'shards', 'refused', 'read-only', 'ladder']) {
        const seen = async (page) => {
          await page.evaluate(AXE); // the page's own policy lets no other script in
          await page.waitForTimeout(300);
          const { violations } = await page.evaluate(() => window.axe.run());
          const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(', ')}`);
          assert.deepEqual(found, [], state);
        };
        await open(state, seen, { at: state === 'ladder' ? '#ladder' : '' });
      }
    }));
}

for (const [width, height] of [[390, 844], [768, 1024], [1280, 800], [1920, 1080]]) {
  test(`nothing scrolls sideways at ${width} px, and no control or figure is cut off`, () =>
    browsing({ width, height }, async (open) => {
      for (const state of ['idle', 'twenty-behind', 'stalled', 'tasks', 'shards', 'ladder', 'unmeasured']) {
        const seen = async (page) => {
          await page.waitForTimeout(300);
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(wide <= 0, `${state} is ${wide} px too wide`);
          const cut = await page.evaluate(() =>
            [...document.querySelectorAll('button, .fig b, .callout, #ladder td, #ladder th, .floor span, .fig .of')]
              .filter((one) => one.checkVisibility() && !one.matches('.scale'))
              .filter((one) => getComputedStyle(one).display !== 'inline')
              .filter((one) => one.getBoundingClientRect().right > innerWidth || one.scrollWidth > one.clientWidth + 1)
              .map((one) => `${one.id || one.className} ${one.textContent}`),
          );
          assert.deepEqual(cut, [], state);
        };
        await open(state, seen, { at: ['ladder', 'unmeasured'].includes(state) ? '#ladder' : '' });
      }
    }));
}

test('at 1280 × 800 the ledger is on the first screen, and so is the last rung', () =>
  opened('delivered', {}, async (page) => {
    for (const selector of ['#ledger', '#rungs li:last-child']) {
      const box = await page.locator(selector).boundingBox();
      assert.ok(box.y + box.height <= 802, `${selector} ends at ${box.y + box.height}`);
    }
  }));

test('a presentation fits on a projector, without what the presenter operates', () =>
  opened('behind', { width: 1920, height: 1080 }, async (page) => {
    await page.keyboard.press('f');
    await page.waitForTimeout(500);
    const high = await page.evaluate(() => document.documentElement.scrollHeight);
    assert.ok(high <= 1080, `${high} px high`);
    for (const selector of ['#controls', '.aside', '#score', '#ledger'])
      assert.equal(await page.locator(selector).first().isVisible(), false, selector);
  }));

test('the last control is at most 40 tab stops away', () =>
  opened('behind', {}, async (page) => {
    let stops = 0;
    const isLast = () => page.evaluate(() => document.activeElement?.matches('#glossary summary'));
    do {
      await page.keyboard.press('Tab');
      stops += 1;
    } while (stops < 80 && !(await isLast()));
    console.log(`# ${stops} stops`);
    assert.ok(stops > 20 && stops <= 40, `${stops} stops`);
  }));

test('with reduced motion the picture stands still, and shows the event at its end', () =>
  opened('delivered', { motion: 'reduce', before: (fake) => (fake.isFrozen = true) }, async (page) => {
    await page.waitForTimeout(500);
    const picture = () => page.evaluate(() => document.querySelector('#field canvas').toDataURL());
    const before = await picture();
    await page.waitForTimeout(600);
    assert.equal(await picture(), before);
    const { found } = await colours(page);
    assert.equal(found[0][0], '29,78,216');
    assert.equal(await text(page, '#slowed'), '');
  }));

for (const state of ['playing', 'tasks', 'twenty-behind', 'many']) {
  test(`${state}: a frame with 10,000 squares takes less than 8 ms of script`, () =>
    opened(state, {}, async (page) => {
      await page.waitForTimeout(1000);
      const { times, long } = await page.evaluate(
        () =>
          new Promise((resolve) => {
            const long = [];
            new PerformanceObserver((list) => long.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask' });
            // Every callback of a frame runs between these two.
            const times = [];
            const real = window.requestAnimationFrame.bind(window);
            window.requestAnimationFrame = (callback) =>
              real((now) => {
                const begun = performance.now();
                callback(now);
                times.push(performance.now() - begun);
              });
            setTimeout(() => {
              window.requestAnimationFrame = real;
              resolve({ times, long });
            }, 6000);
          }),
      );
      const sorted = times.toSorted((a, b) => a - b);
      const at = (share) => sorted[Math.floor(share * (sorted.length - 1))].toFixed(2);
      console.log(`# ${times.length} frames: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms; ${long.length} long tasks`);
      assert.ok(times.length > 60, `${times.length} frames`);
      // On a busy machine a few frames are interrupted.
      assert.ok(Number(at(0.5)) < 3 && Number(at(0.95)) < 8, `p50 ${at(0.5)} ms, p95 ${at(0.95)} ms`);
    }));
}

test('nothing is drawn while the page is hidden', () =>
  opened('playing', {}, async (page) => {
    await page.waitForTimeout(500);
    const drawn = await page.evaluate(async () => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
      document.dispatchEvent(new Event('visibilitychange'));
      await new Promise((resolve) => setTimeout(resolve, 300));
      let count = 0;
      const { drawImage } = CanvasRenderingContext2D.prototype;
      CanvasRenderingContext2D.prototype.drawImage = function (...given) {
        count += 1;
        return drawImage.apply(this, given);
      };
      await new Promise((resolve) => setTimeout(resolve, 1500));
      return count;
    });
    assert.equal(drawn, 0);
  }));
