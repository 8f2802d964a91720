// @ts-check
// The words of the picture on a narrow screen, where its parts stand one above the other.
//
// Responsible for: the same figures as words.js, in fewer words.

import { MODES } from '../modes.js';
import { growing, rate, short, time, whole } from './say.js';
import { growthTone, promised, whereabouts } from './words.js';

/** @import { Figures, Layout } from './types.d.ts' */
/** @import { Labels } from './labels.js' */

const SEEN = 0.05;

/**
 * @param {Labels} say
 * @param {Layout} at
 * @param {Figures} f
 */
export function stackedWords(say, at, f) {
  const { columns, W } = at;
  const feet = [columns[0] - 10, W, 0]; // room for the name beside it
  MODES.forEach((mode, lane) => {
    const align = lane === 2 ? 'l' : 'r';
    say.put(`name${lane}`, feet[lane], 17, [[`mark ${mode}`, ''], mode], { look: 'h', align, term: mode });
    const arrives = [rate(f.arriving[lane]), /** @type {[string, string]} */ (['unit', ' /s'])];
    say.put(`rate${lane}`, feet[lane], 40, arrives, { look: 'm', align, term: 'arrival-rate' });
  });
  queue(say, at, f);
  workers(say, at, f);
}

/**
 * @param {Labels} say
 * @param {Layout} at
 * @param {Figures} f
 */
function queue(say, { basin: b, floor, trap }, f) {
  say.put('depth', b.x + 66, b.y + 56, whole(f.depth), { look: 'n', term: 'depth' });
  say.put('of', b.x + 68, b.y + 75, `of ${whole(f.capacity)} wait`, { look: 's wet', term: 'depth' });
  say.put('capacity', b.x + b.w - 8, b.y + 18, short(f.capacity), { look: 't wet', align: 'r', term: 'capacity' });
  const grows = growing(f.growth, f.rate, f.verdict.word);
  if (f.depth && grows && f.verdict.word !== 'FULL') {
    const look = grows[0] === '▲' ? `m ${growthTone(f)}` : 'm flow';
    if (f.depth < 1000) say.put('grows', b.x + b.w - 10, b.y + 52, grows, { look, align: 'r', term: 'growth' });
    else say.put('grows', b.x + 68, b.y + 100, grows, { look, term: 'growth' });
  }
  if (f.depth) {
    const right = f.policy === 'drop_oldest' ? trap.x - 6 : b.x + b.w - 10;
    const oldest = /** @type {[string, string]} */ (['ink', time(f.oldestQueued)]);
    say.put('oldest', right, floor - 10, ['oldest ', oldest], { look: 's wet', align: 'r', term: 'queue-oldest' });
  }
  const inside = /** @type {const} */ ({ look: 'm danger', align: 'r', term: 'turned-away' });
  if (f.waiting) {
    const words = [whole(f.waiting), /** @type {[string, string]} */ (['unit', ' wait at the rim'])];
    say.put('rim', b.x + b.w - 10, b.y + 104, words, { look: 'm', align: 'r', term: 'queue-waiting' });
  } else if (f.refused > SEEN) {
    say.put('lost', b.x + b.w - 10, b.y + 104, [rate(f.refused), ['unit', ' /s turned away']], inside);
  } else if (f.dropped > SEEN) {
    const isOldest = f.policy === 'drop_oldest';
    const words = isOldest ? ' /s fall out' : ' /s run over';
    const [x, y] = isOldest ? [trap.x - 6, floor + 26] : [b.x + b.w - 10, b.y + 104];
    say.put('lost', x, y, [rate(f.dropped), ['unit', words]], inside);
  }
  if (f.paused) say.put('paused', 82, floor + 26, 'paused', { look: 'hold h', term: 'pause' });
  if (f.engine === 'memory') return;
  const beside = /** @type {const} */ ({ look: 't', align: 'r', term: 'engine' });
  say.put('engine', b.x + b.w, floor + (f.paused ? 40 : 22), promised(f), beside);
  const elsewhere = f.paused ? '' : whereabouts(f); // there is room for one of the two lines
  if (elsewhere) say.put('elsewhere', b.x + b.w, floor + 40, elsewhere, { ...beside, term: 'leased' });
}

/**
 * @param {Labels} say
 * @param {Layout} at
 * @param {Figures} f
 */
function workers(say, { cells, rack, exits, H }, f) {
  const asks = f.door ? `, ${whole(f.door)} at the door` : f.asking ? `, ${whole(f.asking)} ask` : '';
  const words = f.concurrency || f.busy ? `${whole(f.busy)} of ${whole(f.concurrency)} busy${asks}` : '';
  const tone = f.verdict.blame === 'consumers' ? 'h danger' : 'h';
  say.put('consumers', cells.x, cells.y - 12, 'Consumers', { look: tone, term: 'consumers' });
  say.put('busy', cells.x, cells.y + cells.h + 18, words, { term: 'busy' });
  say.put('stepper', cells.x + cells.w, cells.y - 6, null, { look: 'stepper', align: 'r' });
  if (!f.concurrency && !f.busy) {
    const middle = { look: 'm danger', align: /** @type {const} */ ('c'), term: 'concurrency' };
    say.put('none', cells.x + cells.w / 2, cells.y + cells.h / 2, 'nothing takes events', middle);
  }
  const bound = f.limit === null ? ' inside' : ` of ${whole(f.limit)} inside`;
  const look = f.verdict.blame === 'resource' ? `h ${f.verdict.tone}` : 'h';
  const inside = `${whole(f.total)}${bound} · ${time(f.service)} each`;
  say.put('resource', rack.x, rack.y - 30, ['Resource ', ['unit', inside]], { look, term: 'in-use' });
  say.put('done', exits.done + 10, H - 4, [rate(f.done), ['unit', ' /s done']], { look: 'm', term: 'done-rate' });
  const failed = f.failed > SEEN ? 'm danger' : 'm';
  say.put('failed', exits.failed + 10, H - 4, [rate(f.failed), ['unit', ' /s failed']], {
    look: failed,
    term: 'failed-rate',
  });
}
