// @ts-check
// Tests of the pure parts of the matches page, run in a browser: squares, times, replays, ladders, words.
//
// Responsible for: the claims. unit.html runs them.

import { ticksTo } from '../labs/axis.js';
import { tomlOf } from '../labs/settings.js';
import { behindText } from '../matches/callout.js';
import { stepOf } from '../matches/controls.js';
import { memoryText } from '../matches/figures.js';
import { cornerOf, gridOf, squareAt, squareOf } from '../matches/grid.js';
import { endsOf, placeOf } from '../matches/ladder.js';
import { Replay } from '../matches/replay.js';
import { spreadText, whenText } from '../matches/scoreboard.js';
import { climbed, switched } from '../matches/settings.js';
import { dueTimes, reachedAt, splitOver, timeOf } from '../matches/times.js';
import { equal, narrow, near, test } from './claims.js';

/** @import { Match, MatchEvent, Rung } from '../matches/types.d.ts' */

/**
 * An event whose n-th watcher has it after n tenths of a millisecond.
 * @param {Partial<MatchEvent>} [differs]
 * @returns {MatchEvent}
 */
function event(differs = {}) {
  const reached = differs.reached ?? differs.sent ?? 1000;
  const points = Math.min(200, reached);
  const curve = Array.from(
    { length: points },
    (_, index) => (1 + (index * (reached - 1)) / Math.max(1, points - 1)) / 10,
  );
  const shards = [{ name: 'shard-0', transport: /** @type {'ws'} */ ('ws'), watchers: 1000, behind: 0 }];
  const rest = { seq: 7, kind: 'goal', elapsed_ms: 500, last_ms: 100, order: /** @type {'shards'} */ ('shards') };
  return { ...rest, sent: 1000, reached, curve, shards, behind: [], stalled_ms: 0, ...differs };
}

test('every watcher up to 10,000 has a square inside the field, and no two squares share a corner', () => {
  for (const shards of [[1], [3], [200], [9999], [10_000], [3500, 3500, 1500, 1500], [1, 0, 2], [5000, 1]]) {
    for (const [width, height, ratio] of [
      [760, 200, 1],
      [330, 220, 1],
      [1520, 400, 2],
      [1280, 380, 1.25],
    ]) {
      const grid = gridOf(shards, width, height, ratio);
      const total = shards.reduce((sum, count) => sum + count, 0);
      const corners = new Set();
      for (const band of grid.bands) {
        for (let index = 0; index < band.squares; index += 1) {
          const [x, y] = cornerOf(grid, band, index);
          if (x < 0 || y < 0 || x + grid.size > width || y + grid.size > height) equal([x, y, shards, width], 'inside');
          corners.add(`${x} ${y}`);
        }
      }
      equal([grid.squares, corners.size, grid.each], [total, total, 1]);
    }
  }
});

test('above 10,000 watchers a square stands for the same number of watchers, and few watchers have large squares', () => {
  equal(gridOf([19_000], 760, 200, 1).each, 2);
  equal(gridOf([19_000], 760, 200, 1).squares, 9500);
  equal(gridOf([35_000, 35_000], 760, 200, 1).each, 7);
  equal(gridOf([3], 760, 200, 1).size, 64);
  equal(gridOf([], 760, 200, 1).bands, []);
});

test('a place among all watchers has a square, and the square at its middle is the same', () => {
  const shards = [5000, 0, 3000];
  const grid = gridOf(shards, 760, 200, 1);
  for (const place of [0, 1, 4711, 4999, 5000, 7999]) {
    const found = squareOf(grid, shards, place);
    if (!found) return equal(place, 'found');
    const [x, y] = cornerOf(grid, found.band, found.index);
    equal(squareAt(grid, x + 1, y + 1), found);
    equal([found.band.shard, found.index], place < 5000 ? [0, place] : [2, place - 5000]);
  }
  equal(squareOf(grid, shards, 8000), null);
  equal(squareAt(grid, -1, 5), null);
});

test('a curve is read in both directions', () => {
  const one = event();
  near(timeOf(one, 1), 0.1);
  near(timeOf(one, 500), 50);
  near(timeOf(one, 1000), 100);
  equal(timeOf(one, 1001), Infinity);
  equal(
    [0, 0.1, 49.95, 100, 500].map((ms) => reachedAt(one, ms)),
    [0, 1, 499, 1000, 1000],
  );
  equal([reachedAt({ curve: [], reached: 0 }, 5), timeOf({ curve: [], reached: 0 }, 1)], [0, Infinity]);
  near(timeOf({ curve: [4], reached: 1 }, 1), 4);
});

test('shards walk at the same time; a shard that stands has the watchers that are missing', () => {
  const shards = [500, 500];
  const grid = gridOf(shards, 760, 200, 1);
  const due = dueTimes(event(), grid, shards, new Set());
  equal([due[0], due[499]], [due[500], due[999]]);
  equal(Math.abs(due[499] - 100) < 0.2, true);
  const rows = [0, 1].map((behind, index) => ({
    name: `shard-${index}`,
    transport: /** @type {'ws'} */ ('ws'),
    watchers: 500,
    behind,
  }));
  const stands = dueTimes(
    event({ reached: 700, shards: rows, last_ms: null, stalled_ms: 8000 }),
    grid,
    shards,
    new Set(),
  );
  const has = (/** @type {number} */ from) => stands.slice(from, from + 500).filter(Number.isFinite).length;
  equal([has(0), has(500)], [500, 200]);
});

test('a watcher that is behind has no time, and the others keep theirs', () => {
  const grid = gridOf([1000], 760, 200, 1);
  const rows = [{ name: 'shard-0', transport: /** @type {'ws'} */ ('ws'), watchers: 1000, behind: 1 }];
  const due = dueTimes(event({ reached: 999, shards: rows }), grid, [1000], new Set([471]));
  equal([due[471], due.filter(Number.isFinite).length], [Infinity, 999]);
  const tasks = dueTimes(event({ reached: 999, shards: rows, order: 'tasks' }), grid, [1000], new Set([471]));
  equal([tasks[471], tasks.filter(Number.isFinite).length], [Infinity, 999]);
  equal(
    [...tasks].some((time, index) => index > 0 && time < tasks[index - 1]),
    true,
  );
});

test('watchers that came after the event have no time', () => {
  const grid = gridOf([4000], 760, 200, 1);
  equal(dueTimes(event(), grid, [4000], new Set()).filter(Number.isFinite).length, 1000);
  equal(splitOver(10, [3, 3, 4]), [3, 3, 4]);
  equal(
    splitOver(5, [1, 1, 1]).reduce((sum, one) => sum + one, 0),
    5,
  );
});

test('a replay takes at most 1.5 seconds, ends, and is followed by the newest event alone', () => {
  const replay = new Replay();
  equal(replay.take(event(), 1000), true);
  equal([replay.slow, replay.elapsed(1600)], [10, 60]);
  equal(replay.take(event({ seq: 8 }), 1500), false);
  equal(replay.take(event({ seq: 9 }), 1900), false);
  equal(replay.event?.seq, 7);
  equal(replay.advance(2400), true);
  equal([replay.event?.seq, replay.elapsed(2400), replay.moves(2500)], [9, 0, true]);
  equal([replay.moves(6000), replay.advance(6000)], [false, false]);
});

test('an event that is still going out is waited for, and shown as far as it is when that takes long', () => {
  const replay = new Replay();
  const open = event({ reached: 300, last_ms: null });
  equal([replay.take(open, 0), replay.take(open, 200), replay.take(open, 260)], [false, false, true]);
  const still = new Replay();
  still.still = true;
  equal([still.take(event(), 0), still.elapsed(1), still.moves(1)], [true, Infinity, false]);
  equal([still.take(event({ seq: 8 }), 10), still.event?.seq], [true, 8]);
});

test('of many events a second, none of them complete when it is seen, one is shown all the same', () => {
  const replay = new Replay();
  replay.take(event(), 0);
  for (let seq = 8; seq < 100; seq += 1) replay.take(event({ seq, reached: 300, last_ms: null }), 2000 + 10 * seq);
  equal((replay.event?.seq ?? 0) > 30, true);
  const complete = new Replay();
  complete.take(event({ seq: 1 }), 0);
  complete.take(event({ seq: 2 }), 900);
  complete.take(event({ seq: 3, reached: 300, last_ms: null }), 1000);
  equal([complete.advance(5000), complete.event?.seq], [true, 2]);
});

/** @type {Rung[]} */
const RUNGS = [{ writer: 'task', backlog: 128 }, { backlog: 4096 }, { writer: 'shards' }].map((settings, rung) => ({
  rung,
  name: `rung ${rung}`,
  key: '',
  settings: /** @type {Record<string, string | number>} */ (settings),
  on: true,
  original: '',
  n: null,
  c: null,
  art_ms: null,
  last_ms: null,
  kb: null,
  run: null,
  effect: 'unmeasured',
  words: '',
}));

test('a switch that is off restores the values of rung 0, and a climb sets all of them', () => {
  equal(tomlOf('matches', switched(RUNGS, 2, true)), 'matches.writer = "shards"');
  equal(tomlOf('matches', switched(RUNGS, 2, false)), 'matches.writer = "task"');
  equal(tomlOf('matches', switched(RUNGS, 1, false)), 'matches.backlog = 128');
  equal(tomlOf('matches', climbed(RUNGS, 1)), 'matches.writer = "task"\nmatches.backlog = 4096');
  equal(tomlOf('matches', climbed(RUNGS, 2)), 'matches.writer = "shards"\nmatches.backlog = 4096');
});

test('a column of the ladder is logarithmic, and better towards the right', () => {
  near(placeOf(10, [1, 100], false), 0.5);
  near(placeOf(10, [1, 100], true), 0.5);
  equal([placeOf(1, [1, 100], true), placeOf(100, [1, 100], false)], [1, 1]);
  equal(endsOf([null, 19_200, 40_000], [1000, 20_000]), [1000, 50_000]);
});

test('ticks are round and reach the largest value in two to five steps', () => {
  equal(ticksTo(70), [0, 20, 40, 60, 80]);
  equal(ticksTo(141), [0, 50, 100, 150]);
  for (let most = 0.003; most < 1e5; most *= 1.7) {
    const ticks = ticksTo(most);
    equal((ticks.at(-1) ?? 0) >= most * 0.999, true);
    equal(ticks.length >= 3 && ticks.length <= 6, true);
  }
});

test('words of memory, of minutes and of an event that is going out', () => {
  equal([1542, 137_767].map(memoryText), [', 1,542_B each', ', 138_kB each'].map(narrow));
  equal(memoryText(null), '');
  equal(whenText({ minute: 67, period: 'second half' }), '67′ · second half');
  equal(whenText({ minute: 0, period: 'not begun' }), 'not begun');
  const item = { seq: 7, kind: 'goal', minute: 1, text: '', last_ms: null };
  equal(spreadText({ ...item, last_ms: 70 }, event())[0], narrow('70.0_ms'));
  equal(spreadText(item, event({ reached: 300, last_ms: null }))[0], 'going out');
  equal(spreadText(item, event({ reached: 300, last_ms: null, stalled_ms: 5 }))[0], 'stands');
  equal(spreadText({ ...item, seq: 8 }, event())[0], 'published');
  equal([0.1, 2, 3, 400].map(stepOf), [0, 4, 4, 9]);
});

test('the words of a watcher that is behind name what waits, what is lost and the gap', () => {
  const one = {
    user: 'w1',
    place: 1,
    events: 64,
    dropped: 12,
    gap: /** @type {[number, number]} */ ([437, 448]),
    for_ms: 32_000,
  };
  const match = /** @type {Match} */ ({ behind: 'drop_oldest', event: event() });
  equal(
    behindText(one, match),
    narrow(
      'has read nothing for 32.0_s. 64 events wait for it; 12 older ones are dropped. When it reads again, it gets “gap 437–448”.',
    ),
  );
  equal(
    behindText({ ...one, events: 1, dropped: 0, gap: null }, match),
    narrow('has read nothing for 32.0_s. 1 event waits for it.'),
  );
  const stands = /** @type {Match} */ ({ behind: 'wait', event: event({ stalled_ms: 9 }) });
  equal(
    behindText(one, stands),
    narrow('has read nothing for 32.0_s. The sender waits for it, so all that come after it wait too.'),
  );
});
