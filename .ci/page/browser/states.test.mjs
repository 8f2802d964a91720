// Each state of the verdict: the page, its title and the snapshot say the same word, and blame the same part.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Browser, text, until } from './browser.mjs';
import { Server } from './server.mjs';
import { STATES, enter } from './states.mjs';

for (const [name, state] of Object.entries(STATES)) {
  test(`${name.replace('_', ' ')}: snapshot, page and title say ${state.word}`, async () => {
    const server = await Server.start(state.settings);
    const browser = await Browser.open();
    try {
      const page = await browser.page(server.url);
      await enter(server, state);
      const said = async () => (await server.snapshot()).verdict.word === state.word;
      await until(said, 30, `the snapshot says ${state.word}`);
      await until(async () => (await text(page, '#word')) === state.word, 5, `the page says ${state.word}`);
      assert.equal(await page.title(), `${state.word} · Weir`);
      assert.equal(await text(page, '#badge b'), state.word);
      const { verdict } = await server.snapshot();
      assert.equal(verdict.blame, state.blame, `${verdict.cause} ${verdict.consequence}`);
      assert.notEqual(await text(page, '#cause'), '');
    } finally {
      await browser.close(server);
    }
  });
}
