// @ts-check
// Tests of the pure parts of the lab pages, run in a browser: the last minute, differences of texts, axes, words.
//
// Responsible for: the claims. unit.html runs them.

import { difference } from '../jobs/code-sheet.js';
import { inputText, short, turnText } from '../jobs/words.js';
import { topOf, usual } from '../labs/axis.js';
import { Series } from '../labs/series.js';
import { equal, narrow, test } from './claims.js';

/**
 * A piece of history whose values are their own times, in tenths of a second.
 * @param {number} from
 * @param {number} count
 */
const piece = (from, count) => ({
  step_ms: 100,
  from_ms: 100 * from,
  rate: Array.from({ length: count }, (_, index) => from + index),
});

test('a series joins new points to the history, and keeps the last 600', () => {
  const series = new Series();
  series.take(60_000, piece(1, 600), []);
  series.take(60_100, piece(601, 1), []);
  series.take(60_300, piece(602, 2), []);
  equal(series.length, 600);
  equal([series.columns.rate[0], series.columns.rate.at(-1)], [4, 603]);
  equal(
    series.columns.rate.every((value, index) => 100 * (value ?? 0) === series.time(index)),
    true,
  );
});

test('points that come twice are kept once', () => {
  const series = new Series();
  series.take(1000, piece(1, 10), []);
  series.take(1200, piece(9, 4), []);
  equal(series.columns.rate, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

test('a gap, a whole history and a restarted server begin the series anew', () => {
  const series = new Series();
  series.take(1000, piece(1, 10), [{ at_ms: 500, kind: 'kill', word: 'kill #1' }]);
  series.take(2000, piece(15, 6), []);
  equal(series.columns.rate, [15, 16, 17, 18, 19, 20]);
  series.take(2100, piece(1, 21), []);
  equal([series.length, series.from], [21, 100]);
  equal(series.marks.length, 1);
  series.take(300, piece(1, 3), []);
  equal([series.length, series.marks.length], [3, 0]);
});

test('a mark that comes with each record is kept once, and the newest 40 are kept', () => {
  const series = new Series();
  const marks = Array.from({ length: 50 }, (_, index) => ({ at_ms: index, kind: 'kill', word: `kill #${index}` }));
  for (let record = 0; record < 3; record += 1) series.take(1000 + record, piece(1, 0), marks);
  equal([series.marks.length, series.marks[0].word], [40, 'kill #10']);
});

test('the difference of two texts takes away and adds as few lines as it can', () => {
  const lines = difference(['a', 'b', 'c', 'd'], ['a', 'x', 'c', 'd', 'e']);
  equal(lines, [
    ['same', 'a'],
    ['del', 'b'],
    ['ins', 'x'],
    ['same', 'c'],
    ['same', 'd'],
    ['ins', 'e'],
  ]);
  equal(difference([], ['a']), [['ins', 'a']]);
  equal(difference(['a'], []), [['del', 'a']]);
});

test('an axis ends above its largest value, at a figure whose ticks are round', () => {
  for (let value = 1; value < 2e5; value *= 1.37) {
    const top = topOf(value);
    equal([top >= value, top <= 2.6 * value], [true, true]);
  }
  equal([10, 10_000, 100_000].map(topOf), [12, 12_000, 120_000]);
});

test('a burst of a tenth of a second does not change the axis of a minute', () => {
  const minute = Array.from({ length: 600 }, (_, index) => (index === 300 ? 60_000 : 10_000));
  equal([usual(minute), usual([...minute, null]), usual([]), usual([null])], [10_000, 10_000, 0, 0]);
  equal(usual(Array.from({ length: 600 }, (_, index) => (index > 500 ? 20_000 : 10_000))), 20_000);
});

test('inputs have a real minus, turns and reductions few digits', () => {
  equal(['-1', '13', '-', 'a-1'].map(inputText), ['−1', '13', '-', 'a-1']);
  equal([57.04, 570, 5700].map(turnText), ['57_µs', '570_µs', '5.70_ms'].map(narrow));
  equal([40, 999, 13e9, 250e9].map(short), ['40', '999', narrow('13.0_G'), narrow('250_G')]);
});
