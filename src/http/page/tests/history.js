// @ts-check
// Tests of the page's history: its columns, and the timeline made from them.
//
// Responsible for: the claims. unit.html runs them.

import { pointsOf } from '../history.js';
import { Timeline } from '../timeline.js';
import { equal, test } from './claims.js';

/** @import { History, Point } from '../snapshot.d.ts' */

/**
 * A history whose points are a quarter of a second apart, and in which a pipelined request arrives in each.
 * @param {number} first the time of the first point, in quarters of a second
 * @param {number} count
 * @returns {History}
 */
function history(first, count) {
  const column = (/** @type {number} */ start, /** @type {number} */ step) =>
    Array.from({ length: count }, (_, index) => (index ? step : start));
  const none = () => ({ p50: Array(count).fill(null), p99: Array(count).fill(null) });
  const counts = () => [column(0, 0), column(0, 0), column(first, 1)];
  return /** @type {any} */ ({
    ...{ interval_ms: 250, t_ms: column(first * 250, 250), marks: [] },
    ...{ arrived: counts(), requests: counts(), finished: counts() },
    ...{ depth: column(7, 0), in_use: column(0, 0), busy: column(0, 0), held: column(0, 0) },
    ...{ concurrency: column(1, 0), heat: Array(count).fill([]) },
    wait_ms: [none(), none(), { p50: Array(count).fill(1.23), p99: Array(count).fill(4) }],
    response_ms: [none(), none(), none()],
  });
}

/**
 * The point of the stream at a time.
 * @param {number} quarter
 * @returns {Point}
 */
const live = (quarter) => pointsOf(history(quarter, 1))[0];

/** @param {Timeline} timeline */
const times = (timeline) => timeline.rows.map(({ t }) => t * 4);

// ---- history.js ----

test('columns of differences become points', () => {
  const points = pointsOf(history(40, 3));
  equal(
    points.map(({ t, arrived, depth }) => [t, arrived[2], depth]),
    [
      [10, 40, 7],
      [10.25, 41, 7],
      [10.5, 42, 7],
    ],
  );
  equal(points[1].wait_ms, [null, null, [1.23, 4]]);
});

test('the heat of a second begins with its first step, and steps without events are left out', () => {
  const [point] = pointsOf({ ...history(0, 1), heat: [[36, 5, 0, 2]] });
  equal(point.heat, [
    [36, 5],
    [38, 2],
  ]);
  equal(live(0).heat, []);
});

// ---- timeline.js ----

test('points of the stream follow those of the history, each once', () => {
  const timeline = new Timeline(() => Promise.reject());
  timeline.adopt(history(0, 8));
  for (const quarter of [7, 8, 8, 9]) timeline.append(live(quarter), quarter / 4);
  equal(times(timeline), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  equal(timeline.rows[9].in[2], 4);
});

test('a gap is asked for from its beginning, and filled', async () => {
  /** @type {number[]} */
  const asked = [];
  const timeline = new Timeline((since) => {
    asked.push(since);
    return Promise.resolve(history(since * 4 + 1, 10));
  });
  timeline.adopt(history(0, 4));
  timeline.append(live(4), 1);
  timeline.append(live(12), 3);
  timeline.append(live(13), 3.25);
  await timeline.load();
  await Promise.resolve();
  equal(asked[0], 1);
  equal(times(timeline).slice(0, 15), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
});

test('ten minutes are kept', () => {
  const timeline = new Timeline(() => Promise.reject());
  timeline.adopt(history(0, 2400));
  timeline.append(live(2400), 600);
  timeline.adopt(history(2401, 3));
  equal([timeline.rows.length, times(timeline)[0], times(timeline).at(-1)], [2400, 4, 2403]);
});
