// @ts-check
// The three isolations beside each other.
//
// Responsible for: nothing yet but its place.

/** @import { Palette } from '../palette.js' */
/** @import { Jobs } from './types.d.ts' */

export class Compare {
  /**
   * @param {HTMLElement} section
   * @param {Palette} palette
   */
  constructor(section, palette) {
    this.section = section;
    this.palette = palette;
  }

  /** @param {Jobs} _jobs */
  update(_jobs) {}

  redraw() {}

  toggle() {
    this.section.hidden = !this.section.hidden;
    return !this.section.hidden;
  }
}
