// @ts-check
// The Runs tab: the table of kept runs, and the comparison of the chosen ones.

import { Comparison } from './compare.js';
import { find } from './dom.js';
import { Runs } from './runs.js';

/** @import { Tooltip } from './glossary.js' */
/** @import { Palette } from './palette.js' */

export class RunsTab {
  /**
   * @param {HTMLElement} section
   * @param {object} shared
   * @param {Palette} shared.palette
   * @param {Tooltip} shared.tooltip
   */
  constructor(section, { palette, tooltip }) {
    this.comparison = new Comparison(find(section, '#comparison'), tooltip, palette);
    const tab = find(document, '.tabs a[href="#runs"]');
    this.runs = new Runs(section, this.comparison, tab);
  }

  redraw() {
    this.comparison.redraw();
  }
}
