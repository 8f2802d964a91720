// @ts-check
// The last ten minutes as rows of the live charts: from the server's history, and from this page's snapshots.
//
// Responsible for: the points that the server has sent, the rates that follow from them, and filling gaps
// from the server's history. Its followers draw.

import { pointsOf } from './history.js';
import { perMode } from './modes.js';

/** @import { Happening } from './charts.d.ts' */
/** @import { History, PerMode, Point } from './snapshot.d.ts' */

const KEPT = 2400; // points: ten minutes of quarter seconds, as many as the server keeps
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
  #known = -1; // the uptime up to which there is no gap
  #loading = false;
  #again = false;
  /** @type {(() => void)[]} */
  #followers = [];
  /** @type {Row[]} */
  rows = [];
  /** @type {Happening[]} */
  marks = [];

  /** @param {(since: number) => Promise<History>} history asks for the points after an uptime */
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
    else if (last?.t === this.#known) this.#known = point.t;
    // At rest the charts only scroll, by less than a pixel a point: once a second is enough for that.
    const isNewSecond = Math.floor(point.t) !== Math.floor(last?.t ?? -1);
    if (isNewSecond || !isAtRest(row)) this.#changed();
  }

  /** Starts over: the server was restarted, and its clock began anew. */
  restart() {
    this.#points = [];
    this.rows = [];
    this.#known = -1;
    this.load();
  }

  /**
   * Takes the server's part of the past. Points before and after that part stay.
   * @param {History} history
   */
  adopt(history) {
    const points = pointsOf(history);
    const [oldest, newest] = [points[0]?.t ?? Infinity, points.at(-1)?.t ?? -1];
    const before = this.#points.findIndex(({ t }) => t >= oldest);
    const kept = before < 0 ? this.#points.length : before;
    const newer = this.#points.slice(kept).filter(({ t }) => t > newest && t <= this.#uptime);
    this.#points = [...this.#points.slice(0, kept), ...points, ...newer];
    this.rows.length = kept;
    for (let index = kept; index < this.#points.length; index += 1) this.rows.push(rowAt(this.#points, index));
    this.#points = this.#points.slice(-KEPT);
    this.rows = this.rows.slice(-KEPT);
    this.#known = newer.reduce((known, { t }) => (t - known <= GAP_S ? t : known), Math.max(this.#known, newest));
    this.marks = history.marks;
    this.#changed();
  }

  /** Loads the missing part of the history. A call during a load causes a second: the first may be stale. */
  async load() {
    this.#again = this.#loading;
    if (this.#loading) return;
    this.#loading = true;
    try {
      this.adopt(await this.history(this.#known));
    } catch {
      // The stream notices a lost server by itself, and the history is loaded when it is back.
    } finally {
      this.#loading = false;
      if (this.#again) this.load();
    }
  }
}
