// Still pictures of benches in states drawn at random, without the verdict's words, and their key.
//
// Responsible for: the draw. A reader who has not seen the key names the state and the part to blame in each
// picture; the number of right answers measures how clear the picture is without words.
//   node browser/drawn.mjs SEED COUNT FOLDER

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Browser, until } from './browser.mjs';
import { Server } from './server.mjs';
import { enter } from './states.mjs';

const [seed, count, folder] = [Number(process.argv[2]), Number(process.argv[3]), process.argv[4]];

/** A small generator with a seed: mulberry32, by Tommy Ettinger. */
function generator(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const random = generator(seed);
const between = (low, high) => low * (high / low) ** random();
const pick = (all) => all[Math.floor(random() * all.length)];
const rate = (value) => Math.max(0.5, Number(value.toPrecision(2)));

/** @returns {import('./states.mjs').State} */
function drawn() {
  const consumers = Math.round(between(2, 80));
  const service = Math.round(between(100, 1500)) / 1000;
  const work = consumers / service; // events a second
  const settings = [`consumers.concurrency=${consumers}`, `resource.latency.mean=${service * 1000}ms`];
  const open = (share, mode = 'pipelined') => `mode=${mode}&rate=${rate(share * work)}&duration=90s`;
  const full = (policy) => ({
    word: 'FULL',
    blame: 'basin',
    settings: [...settings, `queue.capacity=${Math.round(between(0.5 * work, 2 * work)) + 5}`, `queue.when_full=${policy}`, 'queue.wait_timeout=20s'],
    load: open(between(1.5, 3)),
  });
  const limit = Math.max(1, Math.round(consumers * between(0.2, 0.6)));
  return pick([
    () => ({ word: 'IDLE', blame: null, settings }),
    () => ({ word: 'STARVED', blame: null, settings, load: open(between(0.08, 0.4)) }),
    () => ({ word: 'BALANCED', blame: null, settings, load: open(between(0.7, 0.88)) }),
    () => ({ word: 'OVERLOADED', blame: 'consumers', settings, load: open(between(1.3, 3)) }),
    () => ({
      word: 'OVERLOADED',
      blame: 'resource',
      settings: [...settings, `resource.max_concurrent=${limit}`],
      load: open((limit / consumers) * between(1.3, 2.5)),
    }),
    () => ({ word: 'DRAINING', blame: null, settings, load: `mode=pipelined&clients=50&requests=${Math.round(work * between(8, 20))}` }),
    () => full('reject'),
    () => full('wait'),
    () => full('drop_newest'),
    () => full('drop_oldest'),
    () => ({
      word: 'FROZEN',
      blame: 'resource',
      settings: [...settings, 'resource.freeze_every=14s', 'resource.freeze_for=12s'],
      load: open(between(0.5, 1.5)),
    }),
    () => ({ word: 'PAUSED', blame: 'gate', settings, load: open(between(0.3, 2)), act: (server) => server.post('/api/pause') }),
    () => ({ word: 'NO CONSUMERS', blame: 'consumers', settings: ['consumers.concurrency=0'], load: 'mode=pipelined&rate=9&duration=60s' }),
    () => ({
      word: 'UNPROTECTED',
      blame: 'resource',
      settings: ['consumers.concurrency=5', 'resource.latency.mean=500ms'],
      load: `mode=async&rate=${Math.round(between(300, 1500))}&duration=60s`,
    }),
    () => ({ word: 'HELD BACK', blame: null, settings, load: `mode=serial&clients=${Math.round(between(3, 90))}&duration=60s` }),
    () => ({
      word: 'AT WORK',
      blame: null,
      settings: ['consumers.concurrency=5', 'resource.latency.mean=500ms'],
      load: `mode=async&rate=${Math.round(between(8, 80))}&duration=60s`,
    }),
  ])();
}

await mkdir(folder, { recursive: true });
const key = [];
for (let number = 1; number <= count; number += 1) {
  const state = drawn();
  const scheme = pick(['light', 'dark']);
  const server = await Server.start(state.settings);
  const browser = await Browser.open({ scheme });
  const page = await browser.page(server.url);
  await enter(server, state);
  const said = async () => (await server.snapshot()).verdict.word === state.word;
  await until(said, 40, `${state.word} ${state.settings} ${state.load}`);
  await page.waitForTimeout(1500 + 3500 * random());
  const { verdict } = await server.snapshot();
  const name = `${String(number).padStart(2, '0')}.png`;
  await page.locator('.picture').screenshot({ path: join(folder, name) });
  key.push({ name, word: verdict.word, blame: verdict.blame, scheme, cause: verdict.cause, settings: state.settings, load: state.load ?? '' });
  await browser.close(server);
}
await writeFile(join(folder, '..', 'key.json'), JSON.stringify(key, null, 1));
