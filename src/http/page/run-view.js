// @ts-check
// What is drawn of a run: its percentile curves on both clocks, its series over time, its marks, its audit.
//
// Responsible for: which of a run's figures each of these is, for runs of every origin.

import { ofPrediction, ofTiming } from './distribution.js';
import { MODES } from './modes.js';

/** @import { Distribution } from './distribution.js' */
/** @import { Check, Run, Series, Timing } from './run.d.ts' */
/** @import { Mark } from './snapshot.d.ts' */

/** @typedef {[t: number, value: number | null]} Value null where it is not known */

/** @typedef {Record<'count' | 'mean' | 'p50' | 'p90' | 'p99' | 'max', number | null>} ClockTimes times in milliseconds */

/**
 * @typedef {object} View
 * @property {Distribution} answer times of answers: the client's, or the server's if there are none
 * @property {Distribution} server times of answers, as the server measures them
 * @property {Distribution} response times of events
 * @property {Record<'client' | 'server', ClockTimes | null>} clocks times of successful answers, by who measured
 * @property {string[]} skipped the warm-up that was left out, and the figures that still cover the whole run
 * @property {Value[]} answers a second
 * @property {Value[]} done events a second
 * @property {Value[]} depth
 * @property {Value[]} in_use
 * @property {Mark[]} marks
 * @property {Check[]} checks
 */

/**
 * @param {Run} run
 * @returns {View}
 */
export function viewOf(run) {
  const { client, bench, prediction, window } = run;
  const sampled = bench ?? window;
  const from = run.skipped?.seconds ?? 0;
  const mode = modeOf(run);
  const side = mode === undefined ? undefined : bench?.modes[mode];
  const answered = client ? (client.response ?? client.service).ok : side?.http;
  const byClient = client?.series.t.length ? client.series : null;
  return {
    skipped: run.skipped ? [run.skipped.says] : [],
    server: side ? ofTiming(side.http) : [],
    clocks: { client: clockOf((client?.response ?? client?.service)?.ok), server: clockOf(side?.http) },
    answer: answered ? ofTiming(answered) : ofPrediction(prediction?.answer),
    response: side ? ofTiming(side.response) : ofPrediction(prediction?.response),
    answers: byClient
      ? rates(byClient, ['ok', 'refused', 'failed'], from)
      : rates(sampled?.series, [`${mode}.requests`], from),
    // Samples do not tell done from failed.
    done: rates(sampled?.series, [`${mode}.${window ? 'finished' : 'done'}`], from),
    depth: sampled ? levels(sampled.series, 'depth') : (prediction?.depth_over_time ?? []).filter(isKnown),
    in_use: levels(sampled?.series, 'in_use'),
    marks: sampled?.marks ?? [],
    checks: run.audit.checks,
  };
}

/**
 * @param {Timing | undefined} timing
 * @returns {ClockTimes | null} null if nothing was timed
 */
function clockOf(timing) {
  if (!timing || !(timing.count || timing.points?.length)) return null;
  const { count, mean_ms: mean, p50_ms: p50, p90_ms: p90, p99_ms: p99, max_ms: max } = timing;
  return { count, mean, p50, p90, p99, max };
}

/** @param {Value} pair */
const isKnown = (pair) => pair.every(Number.isFinite);

/**
 * A check's verdict in a word. Runs of earlier versions have only cautions.
 * @param {Check} check
 */
export function wordOf({ verdict, disturbed }) {
  if (verdict === 'failed') return 'INVALID';
  if (disturbed) return 'disturbed';
  return verdict === 'passed' ? 'passed' : 'note';
}

/**
 * The mode that was put under load; when several were, the one with the most requests.
 * @param {Run} run
 */
function modeOf({ target, bench }) {
  if (MODES.some((mode) => mode === target)) return target;
  const modes = Object.entries(bench?.modes ?? {});
  return modes.sort(([, a], [, b]) => b.requests - a.requests)[0]?.[0];
}

/**
 * The values of a column. A column that is not there was zero all the time.
 * @param {Series | undefined} series
 * @param {string} column
 * @returns {Value[]}
 */
function levels(series, column) {
  const values = series?.columns[column];
  return (series?.t ?? []).map((t, index) => [t, values ? (values[index] ?? null) : 0]);
}

/**
 * Counts within intervals as rates. An interval that the end cut short is counted with the one before.
 * @param {Series | undefined} series
 * @param {string[]} columns the counts to add up
 * @param {number} [begin] where a warm-up that was left out ends; the first interval begins there or later
 * @returns {Value[]}
 */
export function rates(series, columns, begin = 0) {
  if (!series) return [];
  const least = series.interval_s < 1 ? 0.99 : 0; // a rate needs a second, and samples are closer together
  /** @type {{ from: number, t: number, count: number }[]} */
  const spans = [];
  let from = begin && Math.max(begin, (series.t[0] ?? begin) - series.interval_s);
  for (const [index, t] of series.t.entries()) {
    const count = columns.reduce((sum, column) => sum + (series.columns[column]?.[index] ?? 0), 0);
    const last = spans.at(-1);
    const isShort = last && last.t - last.from < least;
    if (last && (isShort || t - from < series.interval_s / 4)) Object.assign(last, { t, count: last.count + count });
    else spans.push({ from, t, count });
    from = t;
  }
  /** @type {Value[]} */
  const rated = spans.filter((span) => span.t > span.from).map((span) => [span.t, span.count / (span.t - span.from)]);
  return rated.length ? [[spans[0].from, rated[0][1]], ...rated] : [];
}

/**
 * The longest gap between two values.
 * @param {Value[]} series
 */
export function longestGap(series) {
  return Math.max(0, ...series.slice(1).map(([t], index) => t - series[index][0]));
}
