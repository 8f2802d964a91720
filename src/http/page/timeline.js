// @ts-check
// The last ten minutes as rows of the live charts: five that the server keeps, and what this page has seen.
//
// Responsible for: the points that the server has sent, the rates that follow from them, and filling gaps
// from the server's history. Drawing is left to those who follow.

import { perMode } from './modes.js';

/** @import { Happening } from './charts.d.ts' */
/** @import { History, PerMode, Point } from './snapshot.d.ts' */

const KEPT = 2400; // points: ten minutes of quarter seconds, twice the number that the server keeps
const GAP_S = 1; // a gap of this length between live points is filled from the history
const SECOND = 0.999; // points are a quarter of a second apart, and a little less at times

/** @typedef {PerMode<number | null>} Rates */
/**
 * A point, and rates a second over the second before it; null in the first second, which has nothing to be
 * compared with.
 * @typedef {Point & { in: Rates, answered: Rates, out: Rates }} Row
 */

/**
 * @param {Point[]} points
 * @param {number} index
 * @returns {Row}
 */
export function rowAt(points, index) {
  const point = points[index];
  let back = index;
  while (back > 0 && point.t - points[back].t < SECOND) back -= 1;
  const before = points[back];
  const seconds = point.t - before.t;
  /** @param {'arrived' | 'requests' | 'finished'} field */
  const rate = (field) =>
    perMode((_, mode) => (seconds < SECOND ? null : (point[field][mode] - before[field][mode]) / seconds));
  return { ...point, in: rate('arrived'), answered: rate('requests'), out: rate('finished') };
}

/** @param {Row} row */
function isAtRest(row) {
  return row.depth === 0 && row.in_use === 0 && [...row.in, ...row.out].every((rate) => !rate);
}

export class Timeline {
  /** @type {Point[]} */
  #points = [];
  #uptime = 0;
  #loading = false;
  #again = false;
  /** @type {(() => void)[]} */
  #followers = [];
  /** @type {Row[]} */
  rows = [];
  /** @type {Happening[]} */
  marks = [];

  /** @param {() => Promise<History>} history */
  constructor(history) {
    this.history = history;
  }

  /** @returns {Row | undefined} */
  get newest() {
    return this.rows.at(-1);
  }

  /** Calls back whenever the rows have to be drawn again. @param {() => void} changed */
  follow(changed) {
    this.#followers.push(changed);
  }

  #changed() {
    for (const changed of this.#followers) changed();
  }

  /**
   * Takes a snapshot's point, if it is a new one.
   * @param {Point} point
   * @param {number} uptime
   */
  append(point, uptime) {
    this.#uptime = uptime;
    const last = this.#points.at(-1);
    if (point.t <= (last?.t ?? -1)) return;
    this.#points.push(point);
    const row = rowAt(this.#points, this.#points.length - 1);
    this.rows.push(row);
    if (this.#points.length > KEPT) {
      this.#points.shift();
      this.rows.shift();
    }
    if (last && point.t - last.t > GAP_S) this.load();
    // At rest the charts only scroll, by less than a pixel a point: once a second is enough for that.
    const isNewSecond = Math.floor(point.t) !== Math.floor(last?.t ?? -1);
    if (isNewSecond || !isAtRest(row)) this.#changed();
  }

  /** Starts over: the server was restarted, and its clock began anew. */
  restart() {
    this.#points = [];
    this.rows = [];
    this.load();
  }

  /**
   * Replaces the past. Points that are older or newer than the history stay.
   * @param {History} history
   */
  adopt({ points, marks }) {
    const [oldest, newest] = [points[0]?.t ?? -1, points.at(-1)?.t ?? -1];
    const older = this.#points.filter(({ t }) => t < oldest);
    const newer = this.#points.filter(({ t }) => t > newest && t <= this.#uptime);
    this.#points = [...older, ...points, ...newer].slice(-KEPT);
    this.rows = this.#points.map((_, index) => rowAt(this.#points, index));
    this.marks = marks;
    this.#changed();
  }

  /** Loads the history. Called while it loads, it loads once more: the first answer may be stale. */
  async load() {
    this.#again = this.#loading;
    if (this.#loading) return;
    this.#loading = true;
    try {
      this.adopt(await this.history());
    } catch {
      // The stream notices a lost server by itself, and the history is loaded when it is back.
    } finally {
      this.#loading = false;
      if (this.#again) this.load();
    }
  }
}
