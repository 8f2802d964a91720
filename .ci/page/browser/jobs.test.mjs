// The page of the jobs lab in every state, against a server that runs no job (jobs-fake.mjs): what takes minutes to
// reach with a real one, or cannot be undone. jobs-live.test.mjs does the rest with a real server.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { Browser, text, until } from './browser.mjs';
import { FakeJobs } from './jobs-fake.mjs';
import { STATES } from './jobs-sim.mjs';

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Opens the page in a state, and checks at the end that nothing unexpected was said. */
async function opened(state, options, act) {
  const fake = await FakeJobs.start(state);
  const browser = await Browser.open(options);
  browser.allows = options.allows;
  try {
    await options.before?.(fake);
    const page = await browser.page(`${fake.url}/jobs`);
    await act(page, fake);
  } finally {
    await browser.close(fake);
  }
}

for (const state of STATES) {
  test(`${state}: page and title show the verdict of the record, and the ledger balances`, () =>
    opened(state, {}, async (page, fake) => {
      const { verdict } = fake.sim.snapshot();
      await until(async () => (await text(page, '#word')) === verdict.word, 5, verdict.word);
      assert.equal(await page.title(), `${verdict.word} · Weir`);
      assert.notEqual(await text(page, '#text'), '');
      assert.equal(await text(page, '#ledger .fine'), '✓ 0 unaccounted');
      const shown = await page.locator('#top tbody tr.job').count();
      assert.equal(shown, Math.min(3, fake.sim.rogues.length), 'a row for each long job, at most three at first');
    }));
}

test('a hostile function name is text in the stack, in the trace and in the message of a kill', () =>
  opened('hostile', {}, async (page) => {
    await page.click('#top .open');
    await until(async () => (await text(page, '.stack .name')) === '<img src=x onerror=alert(1)>', 5, 'the name');
    await page.click('#drawer .kill');
    await until(async () => (await text(page, '#drawer .said')).includes('<img'), 5, 'the place of the kill');
    assert.equal(await page.locator('img').count(), 0);
  }));

test('a job is opened, read, traced and killed; its submitter and the table say so', () =>
  opened('steady', {}, async (page, fake) => {
    await page.click('#try [value="-1"]');
    await page.locator('#answers [data-state=running]').waitFor();
    await until(async () => (await text(page, '#top .job')).includes('yours'), 5, 'my job in the table');
    await page.keyboard.press('Escape');
    await page.locator('h1').click();
    await page.keyboard.press('o');
    await until(async () => (await page.locator('.trace .moves').count()) === 50, 5, 'fifty calls');
    assert.deepEqual(await page.locator('.stack .name').allTextContents(), ['calc_sum', 'sum']);
    await page.keyboard.press('k');
    await until(async () => (await text(page, '#drawer .said')).includes('killed in calc_sum < sum'), 5, 'the kill');
    assert.match(await text(page, '#answers [data-state=killed] .more'), /your connection is open/);
    await page.keyboard.press('Escape');
    await page.locator('#drawer').waitFor({ state: 'hidden' });
    assert.match(await text(page, '#top .gone'), /killed/);
    assert.equal(fake.sim.rogues.length, 0);
    assert.match(await text(page, '#link'), /^connection kept/);
  }));

for (const isolation of ['task', 'thread']) {
  test(`in isolation ${isolation} the page says why a job can be neither read nor killed`, () =>
    opened(isolation, { allows: /409 \(Conflict\)/ }, async (page) => {
      await page.click('#top .open');
      await until(async () => (await text(page, '#drawer .said')).includes('cannot be interrupted'), 5, 'why not');
      await page.click('#drawer .kill');
      await until(async () => (await text(page, '#drawer .said')).startsWith('Not killed'), 5, 'why not');
      await page.keyboard.press('Escape');
      await until(async () => (await text(page, '#top .end-it')) === 'no effect', 5, 'the row says so');
      assert.match(await text(page, '#why p'), isolation === 'task' ? /cannot pre-empt/ : /cannot end a thread/);
    }));
}

test('names are listed with the node that owns each, and one is called with the number in the field', () =>
  opened('steady', { allows: /404/ }, async (page, fake) => {
    assert.equal(await page.locator('#names').isVisible(), false, 'no job has a name');
    const name = (name, node, generation, calls) => ({ name, node, url: `http://${node}`, generation, here: calls !== null, calls });
    fake.sim.names = [name('sum', 'left', 1, 1234), name('other', '<img src=x>', 2, null)];
    await page.locator('#names').waitFor();
    const rows = () => page.locator('#names li').evaluateAll((all) => all.map((row) => [...row.querySelectorAll('.mono, .place, .num, button')].map((cell) => cell.textContent)));
    assert.deepEqual(await rows(), [
      ['sum', 'here, generation 1', '1,234 calls', 'Call'],
      ['other', 'at <img src=x>, generation 2', '', 'Call'],
    ]);
    await page.fill('#n', '100');
    await page.locator('#names button').first().click();
    await until(async () => (await text(page, '#said')) === 'sum(100) = 5050, at left', 5, 'the answer');
    await until(async () => (await rows())[0][2] === '1,235 calls', 5, 'a call more');
    await page.locator('#names button').last().click();
    await until(async () => (await text(page, '#said')).startsWith('other not called'), 5, 'a refusal');
    fake.sim.names = fake.sim.names.slice(1);
    await until(async () => (await rows()).length === 1, 5, 'a name less');
    fake.sim.names = [];
    await page.locator('#names').waitFor({ state: 'hidden' });
  }));

test('a save is shown with its differences; swap and back change the version and keep the connection', () =>
  opened('rehearsal', {}, async (page, fake) => {
    assert.equal(await text(page, '.code .big'), '997 the same, 3 differ');
    assert.equal(await page.locator('.changes tbody tr').count(), 3);
    await page.click('[data-order=swap]');
    await until(async () => (await text(page, '.code .tag.use')) === 'v2 in use', 5, 'the new version');
    await page.click('#try [value="13"]');
    await until(async () => (await text(page, '#answers [data-state=done] .out')) === '= 91', 5, '91');
    await page.click('[data-order=back]');
    await until(async () => (await text(page, '.code .tag.use')) === 'v1 in use', 5, 'the former version');
    assert.equal(fake.sim.version, 1);
    assert.match(await text(page, '#link'), /^connection kept/);
    await page.click('.code .cap button');
    await page.locator('.source .ins').first().waitFor();
  }));

test('code that does not compile is reported with its place', () =>
  opened('refused', {}, async (page) => {
    assert.match(await text(page, '.code .problem'), /function calc_sum, line 7/);
    assert.equal(await page.locator('[data-order=swap]').count(), 0);
  }));

test('a lost connection is shown, its answers are given up, and it is restored', () =>
  opened('steady', {}, async (page, fake) => {
    await page.click('#try [value="-1"]');
    await page.locator('#answers [data-state=running]').waitFor();
    fake.drop();
    await page.locator('#link[data-state=lost]').waitFor();
    await page.locator('#answers [data-state=lost]').waitFor();
    await until(async () => (await text(page, '#link')).startsWith('connected again'), 10, 'connected again');
    await until(async () => (await text(page, '#word')) === 'ONE ROGUE', 5, 'the word');
    const points = await page.evaluate(() => document.querySelector('#score canvas').width);
    assert.ok(points > 0);
  }));

test('a read-only server has no control that it would refuse', () =>
  opened('one-rogue', { before: (fake) => (fake.sim.readOnly = true) }, async (page) => {
    await until(async () => page.locator('#workers').isDisabled(), 5, 'no field of the load');
    for (const selector of ['#top .end-it', '#reset', '.code .orders'])
      assert.equal(await page.locator(selector).isVisible(), false, selector);
    assert.match(await text(page, '#control'), /read-only/);
    await page.click('#try [value="13"]');
    await until(async () => (await text(page, '#answers .out')).startsWith('not sent'), 5, 'why it is not sent');
  }));

test('the comparison says which figures are predicted, and which were measured here', () =>
  opened('one-rogue', {}, async (page) => {
    await page.click('#compare');
    const sources = async () => page.locator('.source-of').allTextContents();
    await until(async () => /^measured/.test((await sources())[2]), 5, 'fuel is measured');
    assert.match((await sources())[0], /^predicted/);
    await page.click('#compare');
    assert.ok(await page.locator('#core canvas').isVisible());
  }));

for (const scheme of ['light', 'dark']) {
  test(`axe finds nothing in the ${scheme} theme`, async () => {
    for (const state of ['idle', 'one-rogue', 'ten-rogues', 'task', 'rehearsal', 'refused', 'killed']) {
      await opened(state, { scheme }, async (page) => {
        const check = async (what) => {
          await page.evaluate(AXE); // the page's own policy lets no other script in
          const { violations } = await page.evaluate(() => window.axe.run());
          const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(', ')}`);
          assert.deepEqual(found, [], what);
        };
        await page.click('#try [value="13"]');
        await page.locator('#answers li').waitFor();
        await check(state);
        if (state !== "one-rogue") return;
        await page.click('#top .open');
        await page.locator('.trace .moves').first().waitFor();
        await check('drawer');
        await page.keyboard.press('Escape');
        await page.click('#compare');
        await check('compare');
      });
    }
  });
}

for (const [width, height] of [[390, 844], [768, 1024], [1280, 800], [1920, 1080]]) {
  test(`nothing scrolls sideways at ${width} px, and no control is cut off`, async () => {
    for (const state of ['one-rogue', 'ten-rogues', 'thread', 'rehearsal']) {
      await opened(state, { width, height }, async (page) => {
        await page.click('#try [value="999999999"]');
        const fits = async (what) => {
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(wide <= 0, `${what} is ${wide} px too wide`);
          const cut = await page.evaluate(() =>
            [...document.querySelectorAll('button, input, .fig b')]
              .filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth)
              .map((one) => one.id || one.textContent),
          );
          assert.deepEqual(cut, [], what);
        };
        await fits(state);
        await page.click('#top .job .open');
        await page.locator('#drawer .kill').waitFor({ state: 'attached' });
        await page.waitForTimeout(300);
        await fits(`${state}, drawer`);
        await page.keyboard.press('Escape');
        await page.click('#compare');
        await fits(`${state}, compare`);
      });
    }
  });
}

test('the last control is at most 40 tab stops away', () =>
  opened('one-rogue', {}, async (page) => {
    let stops = 0;
    const isLast = () => page.evaluate(() => document.activeElement?.matches('#glossary summary'));
    do {
      await page.keyboard.press('Tab');
      stops += 1;
    } while (stops < 60 && !(await isLast()));
    console.log(`# ${stops} stops`);
    assert.ok(stops > 20 && stops <= 40, `${stops} stops`);
  }));

test('with reduced motion the picture stands still, and the state is described', () =>
  opened('one-rogue', { motion: 'reduce' }, async (page) => {
    await page.waitForTimeout(500);
    const picture = () => page.evaluate(() => document.querySelector('#core canvas').toDataURL());
    const before = await picture();
    await page.waitForTimeout(400);
    assert.equal(await picture(), before);
    assert.equal(await text(page, '#word'), 'ONE ROGUE');
  }));

test('with a 100 % busy core and ten rogues a frame takes less than 2 ms of script', () =>
  opened('ten-rogues', {}, async (page) => {
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable');
    const script = async () => {
      const { metrics } = await session.send('Performance.getMetrics');
      return 1000 * metrics.find(({ name }) => name === 'ScriptDuration').value;
    };
    const count = () =>
      page.evaluate(
        () =>
          new Promise((resolve) => {
            let frames = 0;
            const end = performance.now() + 4000;
            const frame = () => {
              frames += 1;
              if (performance.now() < end) requestAnimationFrame(frame);
              else resolve(frames);
            };
            frame();
          }),
      );
    await page.waitForTimeout(1000);
    const before = await script();
    const frames = await count();
    const each = ((await script()) - before) / frames;
    console.log(`# ${each.toFixed(2)} ms of script a frame, ${frames} frames in 4 s`);
    assert.ok(frames > 60 && each < 2, `${each.toFixed(2)} ms in each of ${frames} frames`);
  }));
