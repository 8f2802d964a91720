// @ts-check
// What the charts of a board share: the rows, the marks, the axis along the foot and the crosshair.
//
// Responsible for: drawing all charts at most once a frame. What a row holds is left to the caller; one
// chart is left to chart.js, the axes to axes.js, the colours to a palette.

import { UntilNow } from './axes.js';
import { Chart } from './chart.js';

/** @import { Axis, Happening, Options, Place } from './charts.d.ts' */
/** @import { Tooltip } from './glossary.js' */
/** @import { Palette } from './palette.js' */

/** @template {Place} Row */
export class Board {
  /** @type {Row[]} */
  rows = [];
  /** @type {Happening[]} */
  marks = [];
  /** @type {number | null} a place on the axis: a time survives scrolling, a pixel would not */
  cursor = null;
  /** @type {Chart<Row>[]} */
  #charts = [];
  #scheduled = false;

  /**
   * @param {Tooltip} tooltip
   * @param {Palette} palette
   * @param {Axis} [axis]
   */
  constructor(tooltip, palette, axis = new UntilNow()) {
    this.tooltip = tooltip;
    this.palette = palette;
    this.axis = axis;
  }

  /**
   * @param {HTMLElement} figure
   * @param {Options<Row>} options
   */
  add(figure, options) {
    this.#charts.push(new Chart(this, figure, options));
  }

  /** Any number of changes within a frame cost one drawing, and a hidden page costs none. */
  redraw() {
    if (this.#scheduled || document.hidden) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      const visible = this.axis.fit(this.rows);
      for (const chart of this.#charts) chart.draw(visible);
    });
  }

  /**
   * Moves the crosshair of all charts, or takes it away.
   * @param {number | null} place
   */
  pointAt(place) {
    this.cursor = place;
    if (place === null) this.tooltip.hide();
    this.redraw();
  }
}
