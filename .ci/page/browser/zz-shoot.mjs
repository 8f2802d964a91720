import { Browser } from './browser.mjs';
import { FakeRooms } from './rooms-fake.mjs';
import { STATES } from './rooms-sim.mjs';
const [filter = '', sizes = 'wl', extra=''] = process.argv.slice(2);
for (const size of sizes.split(',')) {
  const [width,height]= size[0]==='w'?[1280,800]:size[0]==='p'?[1920,1080]:[390,844];
  const scheme=size[1]==='d'?'dark':'light';
  const browser = await Browser.open({scheme,width,height});
  for (const [state, at] of Object.entries(STATES)) {
    if (filter && !filter.split(',').includes(state)) continue;
    const fake = await FakeRooms.start(state);
    let url=`${fake.url}/rooms${at}`;
    if (extra==='alone') url+='&seat=ada';
    if (extra==='compare') url+='#compare';
    const page = await browser.page(url);
    await page.waitForTimeout(900);
    if (extra==='tree') await page.locator('.node.process', {hasText:'room'}).last().click();
    if (extra==='show' || size[0]==='p') { await page.keyboard.press('f'); await page.waitForTimeout(400); }
    if (extra==='measure') { await page.click('#compare'); await page.click('#measure'); await page.waitForTimeout(4000); }
    const s = await page.evaluate(()=>[document.documentElement.scrollWidth, document.documentElement.scrollHeight, document.querySelector('#lab').getBoundingClientRect().bottom, document.querySelector('.ledger-line').getBoundingClientRect().bottom]);
    console.log(state,size,s.map(Math.round).join(' '));
    await page.screenshot({path:`/tmp/shots/${state}-${size}${extra}.png`, fullPage: size[0]==='m'});
    await page.close(); await fake.end();
  }
  await browser.chromium.close(); console.log(browser.complaints.join('\n'));
}
