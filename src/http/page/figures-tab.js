// @ts-check
// The Figures tab: the live charts, the table of the three modes, and the percentile curves.
//
// Responsible for: what of it is updated by a snapshot, and what by a new point of the history.

import { UntilNow } from './axes.js';
import { Board } from './board.js';
import { Curves } from './curves.js';
import { find } from './dom.js';
import { addLiveCharts, chooseSpan } from './live-charts.js';
import { ModesTable } from './modes-table.js';

/** @import { Tooltip } from './glossary.js' */
/** @import { Palette } from './palette.js' */
/** @import { Snapshot } from './snapshot.d.ts' */
/** @import { Row, Timeline } from './timeline.js' */

export class FiguresTab {
  /** @type {Snapshot | null} */
  #latest = null;

  /**
   * @param {HTMLElement} section
   * @param {object} shared
   * @param {Palette} shared.palette
   * @param {Tooltip} shared.tooltip
   * @param {Timeline} shared.timeline
   */
  constructor(section, { palette, tooltip, timeline }) {
    this.timeline = timeline;
    const axis = new UntilNow();
    /** @type {Board<Row>} */
    this.board = new Board(tooltip, palette, axis);
    this.modes = new ModesTable(find(section, '#modes'));
    this.curves = new Curves(find(section, '#curves'), tooltip, palette);
    addLiveCharts(this.board, () => this.#latest);
    chooseSpan((seconds) => {
      axis.span = seconds;
      this.board.redraw();
    });
    timeline.follow(() => {
      if (!section.hidden) this.#draw();
    });
  }

  #draw() {
    this.board.rows = this.timeline.rows;
    this.board.marks = this.timeline.marks;
    this.board.redraw();
  }

  /** @param {Snapshot} snapshot */
  update(snapshot) {
    this.#latest = snapshot;
    this.modes.update(snapshot);
    this.curves.update(snapshot);
  }

  redraw() {
    this.#draw();
    this.curves.board.redraw();
  }
}
