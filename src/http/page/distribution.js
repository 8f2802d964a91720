// Percentile curves: from what is measured, told or computed to rows that a chart can draw.
//
// Responsible for: the four shapes in which we meet a distribution, and how far each may be drawn.
// Of N times the last percentile that means anything is the one of the longest: it stands in the middle
// of the last N-th (Hazen's plotting position), and nothing is drawn beyond it.
//
// A distribution here is a sorted list of pairs of a percentile and milliseconds.

const READ = [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 99.999];

const ofLongest = (count) => (count > 0 ? 100 * (1 - 0.5 / count) : 100);

/** Of percentiles that were read off a histogram of so many times; the last is the longest. */
export function ofReadings(percents = [], times = [], count = 0) {
  return points(
    percents.map((percent, index) => [percent, times[index]]),
    count,
  );
}

/** Of a timing in a run's file: a histogram in microseconds, or a few points of one. */
export function ofTiming(timing) {
  if (timing?.points) return points(timing.points, timing.count ?? 0);
  const buckets = timing?.buckets_us ?? [];
  const count = buckets.reduce((sum, [, times]) => sum + times, 0);
  if (!count) return [];
  let bucket = 0;
  let below = buckets[0][1]; // times up to and with this bucket
  const read = READ.map((percent) => {
    while (below < (percent / 100) * count - 1e-6 && bucket < buckets.length - 1) {
      bucket += 1;
      below += buckets[bucket][1];
    }
    return [percent, buckets[bucket][0] / 1000];
  });
  return points([...read, [100, buckets.at(-1)[0] / 1000]], count);
}

/** Of a prediction, which knows a few percentiles and no longest time. */
export function ofPrediction(times) {
  return points(
    [
      [50, times?.p50_ms],
      [90, times?.p90_ms],
      [99, times?.p99_ms],
    ],
    0,
  );
}

function points(pairs, count) {
  const last = ofLongest(count);
  const meant = pairs.filter(([percent, ms]) => Number.isFinite(ms) && (percent < last || percent >= 100));
  return meant.map(([percent, ms]) => [Math.min(percent, last), ms]);
}

/** One row a percentile that any of the curves has; `of` is the milliseconds by the curve's name. */
export function rowsOf(curves) {
  const rows = new Map();
  for (const [name, pairs] of Object.entries(curves)) {
    for (const [percent, ms] of pairs) {
      if (!rows.has(percent)) rows.set(percent, { t: percent, of: {} });
      rows.get(percent).of[name] = ms;
    }
  }
  return [...rows.values()].sort((a, b) => a.t - b.t);
}
