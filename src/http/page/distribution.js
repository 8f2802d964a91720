// @ts-check
// Percentile curves: from percentiles that were measured, imported or computed to the rows of a chart.
//
// Responsible for: the shapes in which a distribution arrives, and how far each is drawn. Of N times the
// longest stands in the middle of the last N-th (Hazen's plotting position); nothing is drawn beyond it.

/** @import { PredictedTimes, Timing } from './run.d.ts' */

/** @typedef {[percent: number, ms: number]} Reading */
/** @typedef {Reading[]} Distribution sorted by percentile */

/**
 * A percentile, and the milliseconds of each curve that has one there.
 * @template {string} Name
 * @typedef {{ t: number, of: Partial<Record<Name, number | null>> }} CurveRow
 */

const READ = [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 99.999];

/** @param {number} count */
const ofLongest = (count) => (count > 0 ? 100 * (1 - 0.5 / count) : 100);

/**
 * The distribution of `count` times, from percentiles read off their histogram; the last is the longest time.
 * @param {number[]} percents
 * @param {number[]} times milliseconds
 * @param {number} count
 * @returns {Distribution}
 */
export function ofReadings(percents, times, count) {
  return upToLongest(
    percents.map((percent, index) => [percent, times[index]]),
    count,
  );
}

/**
 * The distribution of a timing in a run's file: a histogram in microseconds, or a few points of one.
 * @param {Pick<Timing, 'count' | 'buckets_us' | 'points'> | null | undefined} timing
 * @returns {Distribution}
 */
export function ofTiming(timing) {
  if (timing?.points) return upToLongest(timing.points, timing.count ?? 0);
  const buckets = timing?.buckets_us ?? [];
  const count = buckets.reduce((sum, [, times]) => sum + times, 0);
  const last = buckets.at(-1);
  if (!count || !last) return [];
  let bucket = 0;
  let below = buckets[0][1]; // times in this bucket and those before
  /** @type {Distribution} */
  const read = READ.map((percent) => {
    while (below < (percent / 100) * count - 1e-6 && bucket < buckets.length - 1) {
      bucket += 1;
      below += buckets[bucket][1];
    }
    return [percent, buckets[bucket][0] / 1000];
  });
  return upToLongest([...read, [100, last[0] / 1000]], count);
}

/**
 * The distribution of a prediction, which has a few percentiles and no longest time.
 * @param {PredictedTimes | null | undefined} times
 * @returns {Distribution}
 */
export function ofPrediction(times) {
  return upToLongest(
    [
      [50, times?.p50_ms],
      [90, times?.p90_ms],
      [99, times?.p99_ms],
    ],
    0,
  );
}

/**
 * @param {[percent: number, ms: number | null | undefined][]} pairs
 * @param {number} count
 * @returns {Distribution}
 */
function upToLongest(pairs, count) {
  const last = ofLongest(count);
  /** @type {Distribution} */
  const drawn = [];
  for (const [percent, ms] of pairs) {
    if (typeof ms !== 'number' || !Number.isFinite(ms)) continue;
    if (percent < last || percent >= 100) drawn.push([Math.min(percent, last), ms]);
  }
  return drawn;
}

/**
 * A row for each percentile, or other place, that any of the curves has.
 * @template {string} Name
 * @param {Record<Name, [place: number, value: number | null][]>} curves
 * @returns {CurveRow<Name>[]}
 */
export function rowsOf(curves) {
  /** @type {Map<number, CurveRow<Name>>} */
  const rows = new Map();
  for (const name of /** @type {Name[]} */ (Object.keys(curves))) {
    for (const [t, value] of curves[name]) {
      /** @type {CurveRow<Name>} */
      const row = rows.get(t) ?? { t, of: /** @type {CurveRow<Name>['of']} */ ({}) };
      row.of[name] = value;
      rows.set(t, row);
    }
  }
  return [...rows.values()].sort((a, b) => a.t - b.t);
}
