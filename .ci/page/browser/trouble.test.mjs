// What goes wrong around a page: a refused edit, a server that is killed, many tabs, hostile names.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer, request as ask } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { Browser, text, until } from './browser.mjs';
import { Server } from './server.mjs';

test('a refused edit of the file is said with its place, and forgotten once it is mended', async () => {
  const server = await Server.start();
  const browser = await Browser.open();
  try {
    const page = await browser.page(server.url);
    const file = join(server.folder, 'config.toml');
    await writeFile(file, '[consumers]\nconcurrency = -3\n');
    const said = await until(async () => text(page, '#banner'), 15, 'the banner');
    assert.match(said, /config\.toml:2/);
    assert.equal((await server.snapshot()).consumers.concurrency, 1, 'the previous configuration is in force');
    await writeFile(file, '[consumers]\nconcurrency = 3\n');
    await until(async () => (await text(page, '#banner')) === '', 15, 'no banner');
    await until(async () => (await page.inputValue('#concurrency input')) === '3', 5, 'the new concurrency');
  } finally {
    await browser.close(server);
  }
});

test('a killed server is said to be lost, and its controls work again after a restart', async () => {
  const server = await Server.start();
  const browser = await Browser.open();
  browser.allows = /403 \(Forbidden\)/; // the first order has the old server’s token
  try {
    const page = await browser.page(server.url);
    await server.kill();
    await page.locator('#link[data-state=lost]').waitFor({ timeout: 15_000 });
    assert.equal(await text(page, '#word'), 'LOST');
    assert.ok(await page.locator('#load .go').isDisabled());
    await server.restart();
    await page.locator('#link[data-state=live]').waitFor({ timeout: 20_000 });
    await until(async () => (await text(page, '#word')) === 'IDLE', 10, 'the word');
    await page.click('#pause');
    await until(async () => (await server.snapshot()).paused, 10, 'paused with the new server’s token');
  } finally {
    await browser.close(server);
  }
});

test('eight tabs share one stream, and all of them are live', async () => {
  const server = await Server.start();
  const browser = await Browser.open();
  let streams = 0;
  let most = 0;
  // Counts the open streams on their way to the server.
  const proxy = createServer((from, to) => {
    const isStream = from.url === '/api/live';
    if (isStream) {
      streams += 1;
      most = Math.max(most, streams);
    }
    const [host, port] = server.address.split(':');
    const options = { host, port, path: from.url, method: from.method, headers: from.headers };
    const asked = ask(options, (answer) => {
      to.writeHead(answer.statusCode, answer.headers);
      answer.pipe(to);
    });
    asked.on('error', () => to.destroy());
    to.on('close', () => {
      if (isStream) streams -= 1;
      asked.destroy();
    });
    from.pipe(asked);
  });
  // A connection is the browser's to close.
  proxy.keepAliveTimeout = 0;
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  try {
    const url = `http://127.0.0.1:${proxy.address().port}/`;
    const pages = [];
    for (let tab = 0; tab < 8; tab += 1) pages.push(await browser.page(url));
    await server.post('/pipelined');
    for (const page of pages)
      await until(async () => (await text(page, '[data-bind="ledger.accepted"]')) === '1', 10, 'each tab shows the event');
    assert.equal(most, 1);
  } finally {
    // The pages end first: one that still asks would say that the proxy is gone.
    await browser.close(server).finally(() => {
      proxy.closeAllConnections();
      proxy.close();
    });
  }
});

test('a hostile name of a run is text', async () => {
  const server = await Server.start(['resource.latency.mean=1ms']);
  const browser = await Browser.open();
  try {
    const name = '<img src=x onerror=alert(1)>"\'';
    const url = ['--set', `server.listen=${server.address}`];
    await server.weir('load', 'serial', '-n', '50', '-q', '--name', name, ...url);
    const page = await browser.page(`${server.url}/#runs`);
    await until(async () => (await page.textContent('#runs')).includes(name), 10, 'the name');
    assert.equal(await page.locator('#runs img').count(), 0);
  } finally {
    await browser.close(server);
  }
});
