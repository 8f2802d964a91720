// @ts-check
// The heat map of the score: how many events took how long, a column for each second.
//
// Responsible for: drawing each second once, into an image with one pixel per second and step of time. The
// image is stretched over the axis: drawing ten minutes of columns anew would take as long as the rest of the
// score.

import { PAD } from './pen.js';

/** @import { Band, X } from './bands.js' */
/** @import { Pen } from './pen.js' */
/** @import { Scale, ScoreRow } from './types.d.ts' */

const SECONDS = 602; // ten minutes, and the partial seconds at both ends
const STEPS = 61; // of the server's histogram
const TENFOLD = 10; // steps
const SHORTEST_S = 1e-4; // the time that step 0 begins with
const NARROW = 1.5; // narrower columns are smoothed: whole pixels would come and go as they scroll

export class Heat {
  #canvas = document.createElement('canvas');
  #context = /** @type {CanvasRenderingContext2D} */ (this.#canvas.getContext('2d'));
  /** @type {(ScoreRow | null)[]} what is in each column of the image; a second has the place of its remainder */
  #columns = Array(SECONDS).fill(null);
  #colour = '';

  constructor() {
    this.#canvas.width = SECONDS;
    this.#canvas.height = STEPS;
  }

  /**
   * @param {Pen} pen
   * @param {ScoreRow[]} rows
   * @param {X} x
   * @param {Scale} scale
   * @param {Band} band
   * @param {string} tint
   */
  draw(pen, rows, x, scale, [top, bottom], tint) {
    const colour = pen.get(tint);
    if (colour !== this.#colour) {
      this.#colour = colour;
      this.#columns.fill(null);
      this.#context.clearRect(0, 0, SECONDS, STEPS);
      this.#context.fillStyle = colour;
    }
    for (const row of rows) this.#keep(row);
    const newest = rows.findLast((row) => row.heat.length > 0);
    if (!newest) return;
    const { context: c } = pen;
    // The first point after a second contains the column of that second.
    const phase = newest.t % 1;
    const [first, last] = [Math.floor(rows[0].t), Math.floor(newest.t)];
    const y = (/** @type {number} */ step) => bottom - (bottom - top) * share(step, scale);
    c.save();
    c.beginPath();
    c.rect(PAD.left, top, pen.right - PAD.left, bottom - top);
    c.clip();
    c.imageSmoothingEnabled = x(1) - x(0) < NARROW;
    for (let from = first; from <= last; ) {
      const place = from % SECONDS;
      const count = Math.min(last - from + 1, SECONDS - place);
      const left = x(from - 1 + phase);
      const width = x(from - 1 + phase + count) - left;
      c.drawImage(this.#canvas, place, 0, count, STEPS, left, y(STEPS), width, y(0) - y(STEPS));
      from += count;
    }
    c.restore();
  }

  /** Draws the column of a row, unless it is there. @param {ScoreRow} row */
  #keep(row) {
    const second = Math.floor(row.t);
    const place = second % SECONDS;
    const there = this.#columns[place];
    if (there === row || (there && !row.heat.length && Math.floor(there.t) === second)) return;
    if (!there && !row.heat.length) return;
    this.#columns[place] = row.heat.length ? row : null;
    this.#context.clearRect(place, 0, 1, STEPS);
    const most = row.heat.reduce((all, [, count]) => Math.max(all, count), 0);
    for (const [step, count] of row.heat) {
      this.#context.globalAlpha = 0.15 + 0.6 * (count / most);
      this.#context.fillRect(place, STEPS - 1 - step, 1, 1);
    }
  }
}

/**
 * The position at which a step begins on a logarithmic scale: 0 to 1 within the scale, less or more outside
 * it.
 * @param {number} step
 * @param {Scale} scale
 */
function share(step, { low, high }) {
  return Math.log((SHORTEST_S * 10 ** (step / TENFOLD)) / low) / Math.log(high / low);
}
