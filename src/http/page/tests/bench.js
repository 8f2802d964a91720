// @ts-check
// Tests of the bench's pure parts: rates, words, places, and the rows of the score.
//
// Responsible for: the claims. unit.html runs them.

import { along, layOut, lengthOf, level } from '../bench/layout.js';
import { Rates } from '../bench/rates.js';
import { zones } from '../bench/resource.js';
import * as say from '../bench/say.js';
import { ScoreRows } from '../bench/score-rows.js';
import { rowsOf } from '../bench/sluices.js';
import { equal, narrow, near, test } from './claims.js';

// ---- bench/rates.js, bench/say.js ----

test('rates of counters need a second, and a reset begins anew', () => {
  const rates = new Rates(2);
  for (const t of [0, 0.5]) rates.add(t, { done: t * 10 });
  equal(rates.of('done'), 0);
  for (const t of [1, 2, 3, 4]) rates.add(t, { done: t * 10 });
  near(rates.of('done'), 10);
  rates.add(5, { done: 0 });
  equal(rates.of('done'), 0);
});

test('the picture has fewer digits than the tables', () => {
  equal([0.01, 2.04, 9.94, 9.96, 123.4, 12_345].map(say.rate), ['0', '2', '9.9', '10', '123', '12,300']);
  equal([null, 0.0005, 0.5, 4.11, 42, 994].map(say.time), [
    '–',
    ...['0.5_ms', '500_ms', '4.1_s', '42_s', '16_min 34_s'].map(narrow),
  ]);
  equal([0, 59, 3600, 90_061].map(say.long), ['0_s', '59_s', '1_h', '1_d 1_h'].map(narrow));
});

test('growth has a sign of its own, and none if it is slow beside the pace', () => {
  equal(
    [
      say.growing(10, 20, 'FULL'),
      say.growing(-4, 20, 'FULL'),
      say.growing(0.3, 1, 'FULL'),
      say.growing(2, 100, 'FULL'),
    ],
    ['▲ +10/s', '▼ −4/s', '', ''],
  );
});

test('growth that the verdict speaks of is shown, however slow', () => {
  equal([say.growing(0.3, 1, 'OVERLOADED'), say.growing(0, 1, 'OVERLOADED')], ['▲ +0.3/s', '']);
  equal([say.growing(10, 20, 'DRAINING'), say.growing(-4, 20, 'DRAINING')], ['', '▼ −4/s']);
});

test('a long time is written in one unit where there is little room', () => {
  equal([14, 100, 138, 6000].map(say.brief), ['14_s', '100_s', '2.3_min', '1.7_h'].map(narrow));
});

// ---- bench/layout.js, bench/sluices.js, bench/resource.js ----

test('a tenfold of arrivals is a step of the water, and nothing is no water', () => {
  equal(level(0), 0);
  near(level(999) - level(99), 7.5);
  equal(level(1e9), 30);
});

test('a particle begins and ends where its path does', () => {
  const path = layOut(1248, 380).paths.feed(600, 200);
  equal([along(path, 0), along(path, 1)], [path[0], path[path.length - 1]]);
  equal(lengthOf(path) > 0, true);
});

test('no part of the picture stands on another, at any width from 980 units on', () => {
  for (let W = 980; W <= 1600; W += 20) {
    const { basin, cells, collector, rack, W: all } = layOut(W, 380);
    const edges = [0, basin.x, basin.x + basin.w, cells.x, cells.x + cells.w, collector, rack.x, rack.x + rack.w, all];
    equal(
      edges,
      [...edges].sort((a, b) => a - b),
    );
    equal(basin.w > 100 && cells.w > 100 && rack.w > 100, true);
  }
});

test('each of sixty sluices has a place of its own within the frame', () => {
  const at = layOut(1248, 380);
  for (const count of [1, 10, 13, 60]) {
    const row = rowsOf(at, count);
    const places = Array.from({ length: count }, (_, index) => row(index));
    equal(new Set(places.map(({ x, y }) => `${x} ${y}`)).size, count);
    equal(
      places.every(({ y }) => y > at.cells.y && y < at.cells.y + at.cells.h),
      true,
    );
  }
});

test('the zones of the open resource hold ten times as many each, and fill it', () => {
  const rack = { x: 0, y: 14, w: 204, h: 342 };
  const made = zones(rack);
  equal(
    made.map(({ to }) => to),
    [10, 100, 1000, 10_000],
  );
  near(made[0].foot, rack.y + rack.h);
  near(made[3].top, rack.y);
});

// ---- bench/score-rows.js ----

/** @param {number} t */
const row = (t, arrived = 0, finished = 0, depth = 0) =>
  /** @type {any} */ ({
    ...{ t, depth, held: 0, busy: 0, in_use: 0, concurrency: 1, heat: [] },
    arrived: [0, 0, arrived],
    finished: [0, 0, finished],
    response_ms: [null, null, null],
  });

test('what was let in is what came out and what is more inside; the rest did not get in', () => {
  const rows = [0, 1, 2, 3].map((t) => row(t, 50 * t, 20 * t, 10 * t));
  const last = new ScoreRows().between(rows, 0, 3).at(-1);
  equal([last?.arrived, last?.out, last?.accepted, last?.mode], [50, 20, 30, 2]);
});

test('a difference within the noise counts as let in', () => {
  const rows = [0, 1, 2, 3].map((t) => row(t, 100 * t, 99 * t));
  equal(new ScoreRows().between(rows, 0, 3).at(-1)?.accepted, 100);
});

test('the mode at work stays the one that was, while nothing moves', () => {
  const rows = [row(0), { ...row(1), arrived: [5, 0, 0] }, { ...row(8), arrived: [5, 0, 0] }];
  equal(
    new ScoreRows().between(rows, 0, 8).map(({ mode }) => mode),
    [2, 0, 0],
  );
});
