// @ts-check
// The rows of the score: what arrived, was let in and came out, from the points of the history.
//
// Responsible for: rates over three seconds, and which mode was at work. What was let in is not counted by
// a point; it follows from what came out and from how much more is inside the bench.

/** @import { Row } from '../timeline.js' */
/** @import { ScoreRow } from './types.d.ts' */

const WINDOW_S = 2.99; // points are a quarter of a second apart, and a little less at times
const NOISE = 0.02; // a smaller share of what arrives is not told apart from what was let in
const USUAL = 2; // pipelined is what the picture is about

/** Events inside the bench: those in the queue, with consumers, and in the resource without one. @param {Row} row */
const insideOf = ({ depth, held, busy, in_use: inUse }) => depth + held + busy + Math.max(0, inUse - busy);

/** @param {number[]} counts */
const sum = (counts) => counts.reduce((all, one) => all + one, 0);

export class ScoreRows {
  /** @type {WeakMap<Row, ScoreRow>} */
  #made = new WeakMap();

  /**
   * The rows from a time on.
   * @param {Row[]} rows
   * @param {number} from
   * @param {number} to
   * @returns {ScoreRow[]}
   */
  between(rows, from, to) {
    let first = rows.length;
    while (first > 0 && rows[first - 1].t >= from) first -= 1;
    const out = [];
    for (let index = first; index < rows.length && rows[index].t <= to; index += 1) out.push(this.#row(rows, index));
    return out;
  }

  /**
   * @param {Row[]} rows
   * @param {number} index
   */
  #row(rows, index) {
    const known = this.#made.get(rows[index]);
    if (known) return known;
    const before = index > 0 ? this.#made.get(rows[index - 1]) : undefined;
    const made = rowAt(rows, index, before?.mode ?? USUAL);
    this.#made.set(rows[index], made);
    return made;
  }
}

/**
 * @param {Row[]} rows
 * @param {number} index
 * @param {number} lastMode
 * @returns {ScoreRow}
 */
function rowAt(rows, index, lastMode) {
  const row = rows[index];
  let back = index;
  while (back > 0 && row.t - rows[back].t < WINDOW_S) back -= 1;
  const first = rows[back];
  const seconds = Math.max(1, row.t - first.t);
  const came = row.arrived.map((count, mode) => Math.max(0, count - first.arrived[mode]));
  const went = row.finished.map((count, mode) => Math.max(0, count - first.finished[mode]));
  const arrived = sum(came) / seconds;
  const out = sum(went) / seconds;
  const letIn = Math.max(0, out + (insideOf(row) - insideOf(first)) / seconds);
  const accepted = arrived - letIn < arrived * NOISE ? arrived : letIn;
  const most = Math.max(...came, ...went);
  const mode = most > 0 ? [0, 1, 2].reduce((a, b) => (came[b] + went[b] > came[a] + went[a] ? b : a)) : lastMode;
  const [p50, p99] = row.response_ms[mode] ?? [null, null];
  const { t, depth, in_use: inUse, concurrency } = row;
  return { ...{ t, arrived, accepted, out, depth, mode, concurrency }, in_use: inUse, p50, p99, heat: row.heat ?? [] };
}
