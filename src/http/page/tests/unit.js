// @ts-check
// Tests of the page's pure parts, run in a browser: axes, scales, distributions, number formats, rates.
//
// Responsible for: the claims. unit.html runs them, and those of the bench (bench.js) and of the runs (runs.js).

import { LogNines, percentage, SinceBegin, UntilNow } from '../axes.js';
import { field } from '../bindings.js';
import { change, fieldText, tomlOf } from '../config-value.js';
import { ofPrediction, ofReadings, ofTiming, rowsOf } from '../distribution.js';
import { interval, sentence, signed } from '../figures.js';
import { format } from '../format.js';
import { joined } from '../readout.js';
import { longestGap, rates } from '../run-view.js';
import { linear, logarithmic, nice, scaleOf, used } from '../scales.js';
import { rowAt } from '../timeline.js';
import { equal, fail, narrow, near, test } from './claims.js';

// ---- format.js ----

test('a figure that is not known is a dash in every number format', () => {
  for (const name of /** @type {const} */ (['count', 'brief', 'rate', 'perSecond', 'ms', 'age', 'uptime', 'percent'])) {
    for (const unknown of [null, undefined, Number.NaN, Infinity]) equal(format[name](unknown), '–');
  }
});

test('counts are written in full, and briefly from ten thousand on', () => {
  equal([0, 7, 1234, 1e6].map(format.count), ['0', '7', '1,234', '1,000,000']);
  equal([9999, 1e4, 123_456, 1e6, 2.5e6].map(format.brief), [
    '9,999',
    ...['10_k', '123_k', '1_M', '2.5_M'].map(narrow),
  ]);
});

test('measured values have three digits, whole numbers none behind the point', () => {
  equal([0, 1.5, 12.345, 99.99, 123.4].map(format.rate), ['0', '1.50', '12.3', '100', '123']);
  equal(format.perSecond(4), narrow('4_/s'));
});

test('times have the unit that fits, down to the resolution of the server', () => {
  equal(
    [0, 0.0005, 0.013, 8.66, 500, 6520].map(format.ms),
    ['< 0.001_ms', '< 0.001_ms', '13.0_µs', '8.66_ms', '500_ms', '6.52_s'].map(narrow),
  );
  equal([0, 0.001, 1, 500, 1000].map(format.msTick), ['<1_µs', '1_µs', '1_ms', '500_ms', '1_s'].map(narrow));
  equal([130, 6500, 59_990, 60_000].map(format.age), ['130_ms', '6.5_s', '60.0_s', '1_min 0_s'].map(narrow));
  equal(
    [0, 59.9, 61, 3600, 7260].map(format.uptime),
    ['0_s', '59_s', '1_min 1_s', '1_h 0_min', '2_h 1_min'].map(narrow),
  );
});

test('a share that is not zero does not become zero', () => {
  equal([0, 0.001, 0.5, 1].map(format.percent), ['0_%', '<1_%', '50_%', '100_%'].map(narrow));
});

test('a limit that is not there is none', () => equal([null, 0, 5].map(format.limit), ['none', '0', '5']));

// ---- bindings.js, figures.js, readout.js ----

test('a dotted path leads to a field, and to nothing where it breaks off', () => {
  equal([field({ a: [{ b: 2 }] }, 'a.0.b'), field({ a: null }, 'a.b.c') ?? null], [2, null]);
});

test('differences have a sign and their unit once', () => {
  equal(
    [0, 0.1, -0.5, 12].map((value) => signed(value, '%')),
    ['+0.0_%', '+10.0_%', '−50.0_%', '+1,200_%'].map(narrow),
  );
  equal(interval([-0.1, 0.2], '%'), narrow('−10.0 to +20.0_%'));
  equal([interval([0.1, null], 'pt'), interval(null, '%')], [narrow('+10.0_pt or more'), '–']);
});

test('a sentence begins with a capital and ends with one stop', () => {
  equal(['', 'so it is', 'done.', 'really?'].map(sentence), ['', 'So it is.', 'Done.', 'Really?']);
});

test('values of one read-out have a common unit once', () => {
  equal(joined(['52 ms', '57 ms']), '52 / 57 ms');
  equal(joined(['999 ms', '1 s']), '999 ms / 1 s');
});

// ---- scales.js ----

test('nice numbers are 1, 2 or 5 times a power of ten', () => {
  equal(
    [0.3, 1, 1.1, 4, 7, 60].map((value) => nice(value)),
    [0.5, 1, 2, 5, 10, 100],
  );
  equal(
    [0.3, 1, 1.1, 4, 7, 60].map((value) => nice(value, 'down')),
    [0.2, 1, 1, 2, 5, 50],
  );
});

test('a linear scale begins at zero and ends at or above the largest value', () => {
  for (const max of [0, 1, 4, 7, 99, 207, 10_000]) {
    const { high, ticks, place } = linear(max);
    equal([place(0), place(high), ticks[0], ticks.at(-1)], [0, 1, 0, high]);
    if (high < max || ticks.length < 3 || ticks.length > 7) fail(`${max} gives ${ticks}`);
  }
});

test('a logarithmic scale rises with its values, and keeps its ticks within', () => {
  for (const [min, max, zero] of /** @type {[number, number, boolean][]} */ ([
    [0.2, 6520, false],
    [1, 50, true],
    [3, 4, false],
    [0, 0, true],
  ])) {
    const { high, ticks, place } = logarithmic(min, max, { unit: 0.001, zero });
    const places = ticks.map(place);
    equal(
      places,
      [...places].sort((a, b) => a - b),
    );
    if (high < max || places.some((at) => at < 0 || at > 1.001)) fail(`${min} to ${max} gives ${ticks}`);
    near(place(high), 1);
  }
});

test('a place for zero lies below the smallest value', () => {
  const { place, ticks } = logarithmic(1, 100, { unit: 1, zero: true });
  equal([place(0), ticks[0], ticks[1]], [0, 0, 1]);
  near(place(1), 0.12);
});

test('a series that was not used is not shown, unless it always is', () => {
  /** @param {string} name */
  const series = (name, always = false) => ({
    name,
    colour: name,
    always,
    get: (/** @type {{ t: number, of: Record<string, number | null> }} */ row) => row.of[name] ?? null,
  });
  const all = [series('a'), series('b'), series('c', true)];
  const rows = [
    { t: 0, of: { a: 3, b: 0 } },
    { t: 1, of: { a: 700, b: 0 } },
  ];
  equal(
    used({ scale: 'linear', series: all }, rows).map(({ name }) => name),
    ['a', 'c'],
  );
  equal(
    used({ scale: 'log', series: all }, rows).map(({ name }) => name),
    ['a', 'b', 'c'],
  );
  const near = { label: 'limit', get: () => 1500 };
  const far = { label: 'limit', get: () => 5000 };
  equal(scaleOf({ scale: 'linear', reference: near }, all, rows).high, 1500);
  equal(scaleOf({ scale: 'linear', reference: far }, all, rows).high, 800);
});

// ---- axes.js ----

test('the last two minutes end at the newest row', () => {
  const axis = new UntilNow();
  const rows = [10, 100, 150, 200].map((t) => ({ t }));
  equal(
    axis.fit(rows).map(({ t }) => t),
    [100, 150, 200],
  );
  equal([axis.place(200), axis.place(80), axis.invert(0.5), axis.rest], [1, 0, 140, 200]);
  equal(
    axis.ticks().map(([, text]) => text),
    ['−2:00', '−1:30', '−1:00', '−0:30', 'now'],
  );
  equal([axis.at(rows, 150.1), axis.at(rows, 5)], [2, -1]);
  equal(axis.fit([]), []);
});

test('the axis of a run has round ticks in a unit that fits', () => {
  const axis = new SinceBegin();
  /** @param {number} to */
  const ticks = (to) => {
    axis.fit([{ t: to }]);
    return axis.ticks().map(([, text]) => text);
  };
  equal(ticks(12), ['0_s', '2_s', '4_s', '6_s', '8_s', '10_s', '12_s'].map(narrow));
  equal(ticks(0.2), ['0_ms', '50_ms', '100_ms', '150_ms', '200_ms'].map(narrow));
  equal(ticks(600).at(-1), narrow('10_min'));
  equal(axis.at([{ t: 1 }, { t: 5 }], 4), 1);
});

test('each nine of a percentile is equally wide', () => {
  const axis = new LogNines();
  axis.fit([{ t: 50 }, { t: 99.9 }, { t: 100 }]);
  equal(axis.nines, 3);
  for (const [index, percent] of [0, 90, 99, 99.9, 100].entries()) near(axis.place(percent), Math.min(1, index / 3));
  near(axis.invert(axis.place(95)), 95);
  equal([50, 99, 99.95, 99.9917, 100].map(percentage), ['50_%', '99_%', '99.95_%', '99.9917_%', '100_%'].map(narrow));
});

// ---- distribution.js, run-view.js ----

test('a curve ends at the longest time, half an N-th before 100 %', () => {
  equal(ofReadings([0, 50, 99, 100], [1, 2, 3, 4], 10), [
    [0, 1],
    [50, 2],
    [95, 4],
  ]);
  equal(ofReadings([50, 100], [1, 2], 0), [
    [50, 1],
    [100, 2],
  ]);
  equal(ofReadings([0, 50], [], 0), []);
});

test('percentiles are read off the buckets of a histogram', () => {
  const timing = {
    count: 4,
    buckets_us: /** @type {[number, number][]} */ ([
      [1000, 2],
      [3000, 1],
      [9000, 1],
    ]),
  };
  const curve = new Map(ofTiming(timing));
  equal([curve.get(50), curve.get(70), curve.get(80), curve.get(87.5)], [1, 3, 9, 9]);
  equal([ofTiming(null), ofTiming({ count: 0, buckets_us: [] })], [[], []]);
  equal(
    ofTiming({
      count: null,
      points: [
        [50, 2],
        [99, 3],
      ],
    }),
    [
      [50, 2],
      [99, 3],
    ],
  );
  equal(ofPrediction({ p50_ms: 1, p90_ms: null, p99_ms: 3 }), [
    [50, 1],
    [99, 3],
  ]);
});

test('curves share rows by percentile', () => {
  equal(
    rowsOf({
      A: [
        [99, 3],
        [50, 1],
      ],
      B: [[50, 2]],
    }),
    [
      { t: 50, of: { A: 1, B: 2 } },
      { t: 99, of: { A: 3 } },
    ],
  );
});

test('counts within intervals are rates, and a short last interval joins the one before', () => {
  const series = { interval_s: 1, t: [1, 2, 2.1], columns: { ok: [10, 20, 1], refused: [0, 4, 0] } };
  const found = rates(series, ['ok', 'refused', 'failed']);
  equal(found.slice(0, 2), [
    [0, 10],
    [1, 10],
  ]);
  near(Number(found[2][1]), 25 / 1.1);
  equal(
    [
      rates(undefined, ['ok']),
      longestGap([
        [0, 1],
        [2, 1],
        [2.5, null],
      ]),
    ],
    [[], 2],
  );
});

// ---- timeline.js ----

/** @param {number} t */
const point = (t, done = 0, busy = 0, held = 0) =>
  /** @type {any} */ ({
    t,
    busy,
    held,
    depth: 0,
    in_use: 0,
    concurrency: 1,
    arrived: /** @type {[number, number, number]} */ ([0, 0, done]),
    requests: /** @type {[number, number, number]} */ ([0, 0, done]),
    finished: /** @type {[number, number, number]} */ ([0, 0, done]),
    wait_ms: /** @type {[null, null, null]} */ ([null, null, null]),
    response_ms: /** @type {[null, null, null]} */ ([null, null, null]),
  });

test('rates are over the last second, and unknown in the first', () => {
  const points = [0, 1, 2, 3, 4, 5, 6].map((quarter) => point(quarter / 4, quarter * 2));
  equal(rowAt(points, 3).in, [null, null, null]);
  equal(
    [rowAt(points, 4).in, rowAt(points, 6).out],
    [
      [0, 0, 8],
      [0, 0, 8],
    ],
  );
});

// ---- config-value.js ----

test('a value of the configuration stands in its field without quotes, and goes back as it came', () => {
  for (const [kind, toml, text] of /** @type {const} */ ([
    ['integer', '10000', '10000'],
    ['integer', '18446744073709551615', '18446744073709551615'],
    ['number', '0.5', '0.5'],
    ['duration', '"500ms"', '500ms'],
    ['boolean', 'true', 'true'],
    ['choice', '"drop_oldest"', 'drop_oldest'],
    ['text', '"a \\"b\\" # c"', 'a "b" # c'],
    ['list', '["a.example", "b.example"]', 'a.example, b.example'],
    ['list', '[]', ''],
  ])) {
    equal([fieldText({ kind }, toml), tomlOf({ kind }, text)], [text, toml]);
  }
});

test('what is no number goes to the server as text, which says what it expected', () => {
  for (const text of ['', 'many', '3 4', '1\nx = 2', '007', '1_', '0x10']) {
    equal(tomlOf({ kind: 'integer' }, text), JSON.stringify(text));
  }
  equal(
    [' 1_000 ', '-5', '1e3'].map((text) => tomlOf({ kind: 'integer' }, text)),
    ['1_000', '-5', '1e3'],
  );
  equal(
    change([
      { name: 'a.b', toml: '1' },
      { name: 'c.d', toml: '"x"' },
    ]),
    'a.b = 1\nc.d = "x"\n',
  );
});
