// @ts-check
// The words of the picture, side by side: each stands at the part that it is about.
//
// Responsible for: which figures are said, and where. They change together, twice a second.

import { MODES } from '../modes.js';
import { LANE, level } from './layout.js';
import { boundOf, hasSlots, zones } from './resource.js';
import { growing, rate, short, time, whole } from './say.js';

/** @import { Box, Figures, Layout } from './types.d.ts' */
/** @import { Labels } from './labels.js' */

const SEEN = 0.05; // a rate below this is none
const NARROW = 290; // a basin in which growth stands below the depth

/** @type {Record<string, string>} */
const WHEN_FULL = {
  reject: 'when full: reject',
  wait: 'when full: wait',
  drop_newest: 'when full: drop the newest',
  drop_oldest: 'when full: drop the oldest',
};

/** What an accepted event survives, by the engine's safety. @type {Record<Figures['safety'], (sync: string) => string>} */
const PROMISES = {
  // A file that is synced at an interval.
  memory: (sync) => `a kill loses the last ${sync}`,
  process: () => 'events survive a kill',
  power_loss: () => 'events survive a power cut',
};

/**
 * What the words need beside figures.
 * @typedef {object} Drawn
 * @property {Box | null} lens
 * @property {number} each events that a square of the lens stands for
 * @property {number} standing heads at the serial channel
 * @property {number} crowd clients that a head at the rim stands for
 * @property {number} heads clients that a head at the serial channel stands for
 */

/**
 * @param {Labels} say
 * @param {Layout} at
 * @param {Figures} f
 * @param {Drawn} drawn
 */
export function wideWords(say, at, f, drawn) {
  inlets(say, at, f, drawn);
  queue(say, at, f, drawn);
  policy(say, at, f, drawn);
  consumers(say, at, f);
  resource(say, at, f);
}

/**
 * @param {Labels} say
 * @param {Layout} at
 * @param {Figures} f
 * @param {Drawn} drawn
 */
function inlets(say, { beds, inlet, rack }, f, drawn) {
  MODES.forEach((mode, lane) => {
    say.put(`name${lane}`, 0, beds[lane] - 21, [[`mark ${mode}`, ''], mode], { look: 'h', term: mode });
    const arrives = [rate(f.arriving[lane]), /** @type {[string, string]} */ (['unit', ' /s'])];
    say.put(`rate${lane}`, 16, beds[lane] + 1, arrives, { look: 'm', term: 'arrival-rate' });
    for (const tick of [10, 1000]) {
      say.put(`tick${lane} ${tick}`, inlet - 8, beds[lane] - level(tick) + 4, short(tick), { look: 'u', align: 'r' });
    }
  });
  if (drawn.standing) {
    const each = drawn.heads > 1 ? `, a head is ${drawn.heads}` : '';
    const words = ` ${f.clients === 1 ? 'client waits' : 'clients wait'} for an answer${each}`;
    say.put('stand', inlet + 22 + drawn.standing * 9.4, beds[0] - LANE.most - 2, [['ink', whole(f.clients)], words], {
      term: 'serial-clients',
    });
  }
  say.put('lane0', rack.x - 10, beds[0] + 12, 'the client waits for the work', { look: 't', align: 'r' });
  say.put('lane1', rack.x - 10, beds[1] + 12, 'answered at once: nothing holds it back', { look: 't', align: 'r' });
}

/**
 * @param {Labels} say
 * @param {Layout} at
 * @param {Figures} f
 * @param {Drawn} drawn
 */
function queue(say, { basin: b, trap, outlet, floor }, f, { lens, each }) {
  const right = /** @type {const} */ ({ look: 't wet', align: 'r', term: 'capacity' });
  say.put('capacity', b.x + b.w - 10, b.y + 17, short(f.capacity), right);
  say.put('half', b.x + b.w - 10, b.y + b.h / 2 + 5, short(f.capacity / 2), right);
  say.put('depth', b.x + 56, b.y + 62, whole(f.depth), { look: 'n', term: 'depth' });
  say.put('of', b.x + 58, b.y + 82, `of ${whole(f.capacity)} wait`, { look: 's wet', term: 'depth' });
  const { word } = f.verdict;
  const isFull = word === 'FULL';
  const steady = f.depth && word !== 'DRAINING' ? 'steady' : '';
  const grows = growing(f.growth, f.rate, word) || steady;
  if (f.depth && grows && !isFull) {
    const look = grows[0] === '▲' ? `m ${growthTone(f)}` : grows[0] === '▼' ? 'm flow' : 's wet';
    if (b.w < NARROW || f.depth >= 10_000) say.put('grows', b.x + 58, b.y + 106, grows, { look, term: 'growth' });
    else say.put('grows', b.x + b.w - 40, b.y + 62, grows, { look, align: 'r', term: 'growth' });
  }
  if (f.depth) {
    const foot = f.policy === 'drop_oldest' ? trap.x - 8 : b.x + b.w - 14;
    const oldest = /** @type {[string, string]} */ (['ink', time(f.oldestQueued)]);
    say.put('oldest', foot, b.y + b.h - 10, ['oldest ', oldest], { look: 's wet', align: 'r', term: 'queue-oldest' });
  }
  if (lens) {
    const words = each === 1 ? 'the lowest 100, enlarged' : `the lowest ${whole(100 * each)}, ${each} a square`;
    say.put('lens', lens.x + 1, lens.y - 5, words, { look: 't', term: 'lens' });
  }
  if (f.paused) say.put('paused', outlet.x + 8, floor + 22, 'paused', { look: 'hold h', align: 'c', term: 'pause' });
  if (f.engine === 'memory') return;
  say.put('engine', 16, floor + 22, promised(f), { look: 's', term: 'engine' });
  const elsewhere = whereabouts(f);
  if (elsewhere) say.put('elsewhere', outlet.x - 24, floor + 22, elsewhere, { look: 's', align: 'r', term: 'leased' });
}

/**
 * The engine, and what an accepted event survives with it.
 * @param {Figures} f
 * @returns {import('./labels.js').Piece[]}
 */
export const promised = ({ engine, safety, sync }) => [['ink', engine], ` · ${PROMISES[safety](sync)}`];

/**
 * The held events that are not ready: "3 leased · 2 delayed".
 * @param {Figures} f
 */
export function whereabouts({ leased, delayed, settling }) {
  const parts = Object.entries({ leased, delayed, settling }).filter(([, count]) => count > 0);
  return parts.map(([name, count]) => `${whole(count)} ${name}`).join(' · ');
}

/**
 * Growth is to blame only where a person could mistake the state for a harmless one.
 * @param {Figures} f
 */
export const growthTone = ({ verdict }) =>
  verdict.tone === 'danger' ? 'danger' : verdict.tone === 'hold' ? 'hold' : 'ink';

/**
 * What a full queue does with the next event, written where it does it.
 * @param {Labels} say
 * @param {Layout} at
 * @param {Figures} f
 * @param {Drawn} drawn
 */
function policy(say, { yard, basin: b, floor, trap }, f, { crowd }) {
  say.put('policy', 16, b.y + 20, WHEN_FULL[f.policy] ?? f.policy, { look: 't', term: 'when-full' });
  const lost = (
    /** @type {number} */ x,
    /** @type {number} */ y,
    /** @type {number} */ value,
    /** @type {string} */ words,
    /** @type {'l' | 'r'} */ align,
  ) => say.put('lost', x, y, [rate(value), ['unit', ` /s ${words}`]], { look: 'm danger', align, term: 'turned-away' });
  if (f.waiting) {
    const rows = Math.ceil(f.waiting / crowd / Math.floor((yard.w - 6) / 10)); // as picture.js draws them
    const each = crowd > 1 ? `, a head is ${crowd}` : '';
    const top = floor - 14 - 16 * rows;
    const words = /** @type {[string, string]} */ (['unit', ` wait to be let in${each}`]);
    say.put('rim', b.x - 58, top, [whole(f.waiting), words], { look: 'm', align: 'r', term: 'queue-waiting' });
    if (f.refused > SEEN) lost(b.x - 58, top - 24, f.refused, 'give up', 'r');
  } else if (f.refused > SEEN) lost(yard.x, floor - 32, f.refused, 'turned away', 'l');
  if (f.policy === 'drop_newest' && f.dropped > SEEN) lost(b.x - 40, floor - 10, f.dropped, 'run over, told 202', 'r');
  if (f.policy === 'drop_oldest' && f.dropped > SEEN)
    lost(trap.x - 6, floor + 22, f.dropped, 'of the oldest fall out', 'r');
}

/**
 * @param {Labels} say
 * @param {Layout} at
 * @param {Figures} f
 */
function consumers(say, { cells, floor }, f) {
  const isBlamed = f.verdict.blame === 'consumers';
  say.put('consumers', cells.x, cells.y - 14, 'Consumers', { look: isBlamed ? 'h danger' : 'h', term: 'consumers' });
  say.put('stepper', cells.x + cells.w, cells.y - 8, null, { look: 'stepper', align: 'r' });
  if (f.concurrency || f.busy) {
    /** @type {import('./labels.js').Piece[]} */
    const words = [['ink', whole(f.busy)], ` of ${whole(f.concurrency)} busy`];
    if (f.door) words.push(', ', ['ink', whole(f.door)], ' at the door');
    else if (f.asking) words.push(', ', ['ink', whole(f.asking)], f.asking === 1 ? ' asks' : ' ask');
    say.put('busy', cells.x, floor + 22, words, { term: 'busy' });
  }
  if (!f.concurrency && !f.busy) {
    const middle = { look: 'm danger', align: /** @type {const} */ ('c'), term: 'concurrency' };
    say.put('none', cells.x + cells.w / 2, cells.y + cells.h / 2, 'nothing takes events', middle);
  }
}

/**
 * @param {Labels} say
 * @param {Layout} at
 * @param {Figures} f
 */
function resource(say, { rack, exits }, f) {
  const x = rack.x + rack.w + 28;
  const isBlamed = f.verdict.blame === 'resource' && f.verdict.tone === 'danger';
  say.put('resource', x, 24, 'Resource', { look: 'h', term: 'resource' });
  say.put('inside', x - 2, 62, whole(f.total), { look: isBlamed ? 'n danger' : 'n', term: 'in-use' });
  const bound = f.limit === null ? 'inside, no limit' : `of ${whole(f.limit)} inside`;
  say.put('limit', x, 80, bound, { term: 'limit' });
  say.put('mean', x, 98, `${time(f.service)} each`, { term: 'mean-service' });
  if (f.door) say.put('door', x, 116, [['ink', whole(f.door)], ' at the door'], { term: 'resource-waiting' });
  if (!hasSlots(f)) {
    const made = zones(rack);
    for (const { to, top } of made) say.put(`zone${to}`, rack.x + 5, top - 2, short(to), { look: 't', term: 'crowd' });
    const bound = boundOf(f);
    if (f.total > bound) {
      const zone = made.find(({ to }) => bound < to) ?? made[made.length - 1];
      const y = zone.foot - Math.floor((bound - zone.from) / zone.columns) * zone.dy + 5;
      say.put('bound', x, y, f.concurrency >= 10 ? '10 × the pool' : 'too many', {
        look: 's danger strong',
        term: 'crowd',
      });
    }
  }
  const flows = (
    /** @type {string} */ key,
    /** @type {number} */ y,
    /** @type {number} */ value,
    /** @type {string} */ look,
  ) => say.put(key, x, y, [rate(value), ['unit', ` /s ${key}`]], { look, term: `${key}-rate` });
  flows('done', exits.done - 9, f.done, 'm');
  flows('failed', exits.failed - 9, f.failed, f.failed > SEEN ? 'm danger' : 'm');
}
