// @ts-check
// The axes along the foot of charts: where a row is placed, and which ticks there are.
//
// Responsible for: the time until now, the time since a run began, and percentiles. What every axis has,
// charts.d.ts says. The scales of values are in scales.js, and all drawing is in chart.js.

import { nice } from './scales.js';

/** @import { Axis, Place } from './charts.d.ts' */

const NINES = { least: 2, most: 6 };

/**
 * Time that ends now: the live charts. A row is a quarter of a second.
 * @implements {Axis}
 */
export class UntilNow {
  span = 120; // seconds
  end = 0;
  rest = 0;
  // Percentiles exist only for quarter seconds in which something finished. A slow bench finishes one
  // event every second or two; joining across that much silence shows a line instead of dust.
  bridge = 2.6;
  carry = 2.6;

  /**
   * @template {Place} R
   * @param {R[]} rows
   */
  fit(rows) {
    this.end = this.rest = rows.at(-1)?.t ?? 0;
    const from = rows.findIndex((row) => row.t >= this.end - this.span);
    return from < 0 ? [] : rows.slice(from);
  }

  /** @param {number} t */
  place(t) {
    return 1 - (this.end - t) / this.span;
  }

  /** @param {number} share */
  invert(share) {
    return this.end - this.span * (1 - share);
  }

  /** @returns {[number, string][]} */
  ticks() {
    const back = (/** @type {number} */ part) => this.span * (1 - part / 4);
    return [0, 1, 2, 3, 4].map((part) => [part / 4, ago(back(part))]);
  }

  /**
   * @param {Place[]} rows
   * @param {number} t
   */
  at(rows, t) {
    let index = rows.length - 1;
    while (index >= 0 && rows[index].t > t + 0.125) index -= 1;
    return index;
  }

  /** @param {number} t */
  say(t) {
    return `${t.toFixed(1)} s up, ${(this.end - t).toFixed(1)} s ago`;
  }
}

/**
 * Time since a run began, from its first second to its last.
 * @implements {Axis}
 */
export class SinceBegin {
  to = 1;
  /** @type {number | null} */
  rest = null;
  bridge = Infinity; // both are set with the rows: a run tells the length of its intervals
  carry = Infinity;

  /**
   * @template {Place} R
   * @param {R[]} rows
   */
  fit(rows) {
    this.to = Math.max(rows.at(-1)?.t ?? 0, 0.001);
    return rows;
  }

  /** @param {number} t */
  place(t) {
    return t / this.to;
  }

  /** @param {number} share */
  invert(share) {
    return share * this.to;
  }

  /** @returns {[number, string][]} */
  ticks() {
    const step = nice(this.to / 6);
    const [unit, name] = /** @type {[number, string]} */ (
      this.to > 300 ? [60, 'min'] : this.to < 0.5 ? [0.001, 'ms'] : [1, 's']
    );
    const size = nice(step / unit) * unit;
    const count = Math.floor(this.to / size + 0.001);
    const text = (/** @type {number} */ index) => `${Number(((index * size) / unit).toPrecision(4))}\u202f${name}`;
    return Array.from({ length: count + 1 }, (_, index) => [this.place(index * size), text(index)]);
  }

  /**
   * @param {Place[]} rows
   * @param {number} t
   */
  at(rows, t) {
    return nearest(rows, t, (one) => one);
  }

  /** @param {number} t */
  say(t) {
    return `${t.toFixed(1)} s after the beginning`;
  }
}

/**
 * Percentiles on the usual logarithm of what lies beyond them: 90, 99 and 99.9 % are equally far
 * apart. The axis is as long as the most measured times give it a meaning.
 * @implements {Axis}
 */
export class LogNines {
  bridge = Infinity;
  carry = 0;
  rest = 99;
  named = true;
  nines = NINES.least;

  /**
   * @template {Place} R
   * @param {R[]} rows
   */
  fit(rows) {
    const last = rows.findLast((row) => row.t < 100)?.t ?? 0;
    this.nines = Math.min(NINES.most, Math.max(NINES.least, Math.ceil(nines(last) - 0.001)));
    return rows;
  }

  /** @param {number} percent */
  place(percent) {
    return Math.min(1, nines(percent) / this.nines);
  }

  /** @param {number} share */
  invert(share) {
    return 100 * (1 - 10 ** (-share * this.nines));
  }

  /** @returns {[number, string][]} */
  ticks() {
    const decades = Array.from({ length: this.nines }, (_, index) => 100 * (1 - 10 ** -(index + 1)));
    return [0, 50, ...decades].map((percent) => [this.place(percent), percentage(percent)]);
  }

  /**
   * @param {Place[]} rows
   * @param {number} percent
   */
  at(rows, percent) {
    return nearest(rows, percent, (one) => this.place(one));
  }

  /** @param {number} percent */
  say(percent) {
    return percentage(percent);
  }
}

const nines = (/** @type {number} */ percent) => -Math.log10(1 - percent / 100);

/**
 * A percentile with the digits that tell it from the next: 99.95 %, 99.9917 %.
 * @param {number} percent
 */
export function percentage(percent) {
  const digits = percent >= 100 ? 0 : Math.max(0, Math.ceil(nines(percent)));
  return `${Number(percent.toFixed(Math.min(6, digits)))}\u202f%`;
}

/**
 * The index of the row nearest to a place, or -1.
 * @param {Place[]} rows
 * @param {number} t
 * @param {(t: number) => number} place
 */
function nearest(rows, t, place) {
  const away = (/** @type {Place} */ row) => Math.abs(place(row.t) - place(t));
  let best = rows.length ? 0 : -1;
  rows.forEach((row, index) => {
    if (away(row) < away(rows[best])) best = index;
  });
  return best;
}

/** @param {number} seconds */
function ago(seconds) {
  if (seconds === 0) return 'now';
  const rest = Math.round(seconds % 60);
  return `−${Math.floor(seconds / 60)}:${String(rest).padStart(2, '0')}`;
}
