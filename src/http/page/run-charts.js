// @ts-check
// The two charts of the chosen runs: their percentile curves, and their figures over time.
//
// Responsible for: which clock and which figure is shown, and the words for a run that has none. run-view.js
// prepares the data of a run, and chart.js draws it.

import { LogNines, SinceBegin } from './axes.js';
import { Board } from './board.js';
import { choice } from './choice.js';
import { rowsOf } from './distribution.js';
import { find, write } from './dom.js';
import { format } from './format.js';
import { longestGap } from './run-view.js';

/** @import { Series as Line } from './charts.d.ts' */
/** @import { Letter, Slot } from './compare.js' */
/** @import { CurveRow } from './distribution.js' */
/** @import { Tooltip } from './glossary.js' */
/** @import { Palette } from './palette.js' */
/** @import { View } from './run-view.js' */

/** @typedef {'answer' | 'server' | 'response'} Clock */
/** @typedef {'answers' | 'done' | 'depth' | 'in_use'} Column */
/** @typedef {CurveRow<Letter>} Row */

/** @type {Letter[]} */
const LETTERS = ['A', 'B', 'C'];
const GAP = 2.6; // intervals that a line may cross
const FEW_PERCENTILES = 12; // fewer get dots: a line alone would claim the values in between
const FEW_VALUES = 4; // fewer get dots, so that a short run stays visible

/**
 * Why a run may lack something that others have, by its origin.
 * @type {Record<string, string>}
 */
const WHY = {
  recorded: 'nothing was measured',
  load: 'nothing was measured',
  kept: 'the samples do not have it',
  simulated: 'nothing happened',
  predicted: 'theory does not predict it',
  ab: 'ab does not report it',
  bombardier: 'bombardier does not report it',
  hey: 'hey does not report it',
  oha: 'oha does not report it',
  wrk: 'wrk does not report it',
};
/** @type {Record<Clock, string>} */
const CLOCKS = { answer: 'answer times', server: 'times of the server', response: 'response times' };
/** @type {Record<Column, { words: string, format: (value: number | null) => string, tick: (value: number | null) => string }>} */
const COLUMNS = {
  answers: { words: 'answers', format: format.perSecond, tick: format.brief },
  done: { words: 'events done', format: format.perSecond, tick: format.brief },
  depth: { words: 'queue depth', format: format.count, tick: format.brief },
  in_use: { words: 'resource use', format: format.count, tick: format.brief },
};

export class RunCharts {
  /** @type {(Slot | null)[]} */
  #slots = [];
  /** @type {(View | undefined)[]} */
  #views = [];
  /** @type {Clock} */
  #clock = 'answer';
  /** @type {Column} */
  #column = 'answers';

  /**
   * @param {HTMLElement} box
   * @param {Tooltip} tooltip
   * @param {Palette} palette
   */
  constructor(box, tooltip, palette) {
    this.nothing = { curve: find(box, '.curve .nothing'), series: find(box, '.over-time .nothing') };
    /** @type {Board<Row>} */
    this.curves = new Board(tooltip, palette, new LogNines());
    this.axis = new SinceBegin();
    /** @type {Board<Row>} */
    this.series = new Board(tooltip, palette, this.axis);
    /**
     * @param {(view: View) => boolean} knots
     * @returns {Line<Row>[]}
     */
    const lines = (knots) =>
      LETTERS.map((letter, index) => ({
        name: letter,
        colour: letter,
        always: true,
        get: (row) => row.of[letter] ?? null,
        knots: () => {
          const view = this.#views[index];
          return view !== undefined && knots(view);
        },
      }));
    this.curves.add(find(box, '.curve'), {
      scale: 'log',
      format: format.ms,
      tick: format.msTick,
      named: true,
      upright: true,
      tight: true,
      series: lines((view) => view[this.#clock].length < FEW_PERCENTILES),
    });
    this.series.add(find(box, '.over-time'), {
      scale: 'linear',
      named: true,
      format: (value) => COLUMNS[this.#column].format(value),
      tick: (value) => COLUMNS[this.#column].tick(value),
      series: lines((view) => view[this.#column].length < FEW_VALUES),
    });
    choice(find(box, '.curve .span'), this.#clock, (clock) => {
      this.#clock = clock;
      this.#draw();
    });
    choice(find(box, '.over-time .span'), this.#column, (column) => {
      this.#column = column;
      this.#draw();
    });
  }

  /**
   * @param {(Slot | null)[]} slots
   * @param {(View | undefined)[]} views of those that were loaded
   */
  show(slots, views) {
    this.#slots = slots;
    this.#views = views;
    this.#draw();
  }

  #draw() {
    const curves = LETTERS.map((_, index) => this.#views[index]?.[this.#clock] ?? []);
    this.curves.rows = rowsOf({ A: curves[0], B: curves[1], C: curves[2] });
    this.#missing(this.nothing.curve, curves, `no ${CLOCKS[this.#clock]}`);
    const series = LETTERS.map((_, index) => this.#views[index]?.[this.#column] ?? []);
    this.series.rows = rowsOf({ A: series[0], B: series[1], C: series[2] });
    this.axis.bridge = this.axis.carry = GAP * Math.max(1, ...series.map(longestGap));
    this.series.marks = this.#views.flatMap((view, index) =>
      (view?.marks ?? []).map((mark) => ({ ...mark, text: `${LETTERS[index]}: ${mark.text}` })),
    );
    this.#missing(this.nothing.series, series, `no ${COLUMNS[this.#column].words} over time`);
    this.redraw();
  }

  redraw() {
    this.curves.redraw();
    this.series.redraw();
  }

  /**
   * Says which runs lack what is shown. If all of them do, the words replace the empty chart.
   * @param {HTMLElement} node
   * @param {unknown[][]} found
   * @param {string} what
   */
  #missing(node, found, what) {
    const without = this.#slots.map((slot, index) => {
      if (!slot?.run || found[index].length) return '';
      const why = `has ${what}: ${WHY[slot.run.origin] ?? slot.run.origin}`;
      return `${LETTERS[index]} ${this.#views[index] ? why : 'could not be loaded'}`;
    });
    write(node, without.filter(Boolean).join('; '));
    node.parentElement?.classList.toggle(
      'blank',
      found.every((one) => one.length === 0),
    );
  }
}
