// @ts-check
// The last minute of one figure as a small curve, with the marks of changes on it.
//
// Responsible for: the line from 0 to its largest value. score.js draws curves with axes.

import { Surface } from './surface.js';

/** @import { Palette } from '../palette.js' */
/** @import { Series } from './series.js' */
/** @import { Paper } from './surface.js' */

const SPAN_MS = 60_000;

export class Spark {
  /**
   * @param {HTMLElement} place
   * @param {string} label
   * @param {Series} series
   * @param {string} column of the series
   * @param {Palette} palette
   */
  constructor(place, label, series, column, palette) {
    this.series = series;
    this.column = column;
    this.palette = palette;
    const height = (/** @type {number} */ _, /** @type {number} */ rem) => 2.4 * rem;
    this.surface = new Surface(place, `${label}, the last 60 seconds`, height, (paper) => this.#draw(paper));
  }

  redraw() {
    this.surface.redraw();
  }

  /** @param {Paper} paper */
  #draw({ pen, width, height }) {
    const { series, palette } = this;
    const values = series.columns[this.column] ?? [];
    const most = Math.max(1e-9, ...values.map((value) => value ?? 0));
    const x = (/** @type {number} */ time) => width - 1 - ((series.now - time) / SPAN_MS) * (width - 2);
    const y = (/** @type {number} */ value) => height - 2 - (value / most) * (height - 5);
    pen.fillStyle = palette.get('line');
    pen.fillRect(0, height - 1, width, 1);
    pen.fillStyle = palette.get('mark');
    for (const mark of series.marks) if (x(mark.at_ms) >= 0) pen.fillRect(Math.round(x(mark.at_ms)), 0, 1.5, height);
    pen.strokeStyle = palette.get('work');
    pen.lineWidth = 1.75;
    pen.lineJoin = 'round';
    pen.beginPath();
    let isDown = false;
    for (const [index, value] of values.entries()) {
      const at = x(series.time(index));
      if (value === null || at < 0) isDown = false;
      else if (isDown) pen.lineTo(at, y(value));
      else {
        pen.moveTo(at, y(value));
        isDown = true;
      }
    }
    pen.stroke();
  }
}
