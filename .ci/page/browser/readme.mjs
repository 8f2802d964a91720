// The pictures of the README, of a real server under a real load.
//   node browser/readme.mjs FOLDER [NAME]
// With a name it takes only the pictures whose names begin with it.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Browser, until } from './browser.mjs';
import { Server } from './server.mjs';
import { STATES, enter } from './states.mjs';

const [, , folder, only = ''] = process.argv;
const SUM = new URL('../../../jobs/sum.wat', import.meta.url);

/** Takes one picture, once `ready` is true. */
async function picture(name, scheme, server, path, ready) {
  const browser = await Browser.open({ scheme });
  const page = await browser.page(server.url + path);
  await ready(page);
  await page.screenshot({ path: join(folder, `${name}.png`) });
  await browser.close(server);
}

if ('overloaded'.startsWith(only)) {
  const overloaded = await Server.start(STATES.overloaded.settings);
  await picture('overloaded', 'light', overloaded, '/', async (page) => {
    await overloaded.load('mode=pipelined&rate=16&duration=20s');
    await page.waitForTimeout(21_000);
    await until(async () => !(await overloaded.get('/api/load')).running, 10, 'the first load ends');
    await enter(overloaded, STATES.overloaded);
    await page.waitForTimeout(20_000);
  });
}

if ('frozen'.startsWith(only)) {
  const frozen = await Server.start(STATES.frozen.settings);
  await picture('frozen', 'dark', frozen, '/', async (page) => {
    await enter(frozen, STATES.frozen);
    await until(async () => (await page.textContent('#word')) === 'FROZEN', 30, 'FROZEN');
    await page.waitForTimeout(4000);
  });
}

if (only === '' || only.startsWith('jobs')) {
  for (const scheme of ['light', 'dark']) {
    const jobs = await Server.start(['jobs.load.workers=10000'], { 'jobs/sum.wat': await readFile(SUM, 'utf8') });
    await picture(`jobs-${scheme}`, scheme, jobs, '/jobs', async (page) => {
      await page.waitForTimeout(25_000);
      for (const input of ['100', '13']) {
        await page.click(`#try [value="${input}"]`);
        await page.waitForTimeout(9000);
      }
      await page.click('#try [value="-1"]');
      await page.waitForTimeout(14_000);
      await page.click('#try [value="100"]');
      await until(async () => (await page.textContent('#word')) === 'ONE ROGUE', 30, 'ONE ROGUE');
      await page.waitForTimeout(1000);
    });
  }
}

if (only === '' || only.startsWith('matches')) {
  const watchers = Number(process.env.WATCHERS ?? 10_000);
  for (const scheme of ['light', 'dark']) {
    const matches = await Server.start(['matches.acceptors=4', 'matches.supervisors=8']);
    const root = '/api/matches/weir-sluice';
    const now = async () => matches.get(root);
    await matches.post(`${root}/play?rate=1&events=60`);
    const load = matches.weir('load', 'watch', '-c', String(watchers), '-d', '60s', '--no-save', '-q', '--url', matches.url);
    load.catch(() => {}); // the server ends first
    await picture(`matches-${scheme}`, scheme, matches, '/matches', async (page) => {
      await until(async () => (await now()).now.watchers >= watchers, 60, `${watchers} watchers`);
      await page.waitForTimeout(20_000);
      await until(async () => /half$/.test((await now()).match.period) || (await now()).match.minute > 46, 60, 'a half');
      await matches.post(`${root}/pause`);
      await page.waitForTimeout(3000);
      // A goal, and the picture of it halfway.
      const { score } = (await now()).match;
      for (const player of [9, 10, 11, 7, 8, 6]) {
        await matches.post(`${root}/event?kind=goal&side=home&player=${player}`);
        if ((await now()).match.score[0] > score[0]) break;
      }
      await until(async () => Number(/^event ([\d,]+)/.exec(await page.textContent('#shown'))?.[1].replace(',', '')) === (await now()).match.next - 1, 10, 'the goal');
      await page.waitForTimeout(550);
    });
  }
}

if ('rooms'.startsWith(only)) {
  for (const scheme of ['light', 'dark']) {
    const rooms = await Server.start();
    await rooms.post('/api/rooms/play?prefix=&rate=3');
    await picture(`rooms-${scheme}`, scheme, rooms, '/rooms?room=moon', async (page) => {
      await page.waitForTimeout(8000);
      await rooms.post('/api/rooms/pause?prefix=');
      await rooms.post('/api/rooms/moon/kill', { what: 'room' });
      await rooms.post('/api/rooms/moon/play?rate=2');
      await page.waitForTimeout(2200);
    });
  }
}

if ('runs'.startsWith(only)) {
  const runs = await Server.start(['resource.latency.mean=20ms', 'resource.latency.distribution=exponential']);
  const at = ['--set', `server.listen=${runs.address}`];
  for (const consumers of [2, 4, 8]) {
    await runs.post(`/api/concurrency?value=${consumers}`);
    await runs.weir('load', 'pipelined', '--rate', '90', '-d', '8s', '-q', '--name', `${consumers} consumers`, ...at);
  }
  const listed = (await runs.get('/api/runs')).runs.map((run) => run.id).reverse();
  const [first, ...others] = listed;
  const address = `/#run=${first}${others.map((id) => `&with=${id}`).join('')}`;
  await picture('runs', 'light', runs, address, async (page) => {
    await page.getByRole('button', { name: 'event response' }).click();
    await page.getByRole('button', { name: 'depth' }).click();
    await page.waitForTimeout(1500);
  });
}
