// @ts-check
// The percentile curves of the three modes, laid over each other.
//
// Responsible for: fetching them at most once a second while they are on the screen and change, and which
// of the two clocks is shown. Drawing is left to chart.js.

import { LogNines } from './axes.js';
import { Board } from './board.js';
import { choice } from './choice.js';
import { ofReadings, rowsOf } from './distribution.js';
import { find, write } from './dom.js';
import { format } from './format.js';
import { MODES } from './modes.js';
import { ask, messageOf } from './server.js';
import { Sight } from './sight.js';

/** @import { CurveRow } from './distribution.js' */
/** @import { Tooltip } from './glossary.js' */
/** @import { Palette } from './palette.js' */
/** @import { Curves as Answer, Mode, Snapshot } from './snapshot.d.ts' */

const EVERY_MS = 1000;

export class Curves {
  /** @type {'http' | 'response'} */
  #clock = 'http';
  /** @type {Answer | null} */
  #curves = null;
  #shown = ''; // the counts that are drawn
  #asked = -Infinity;
  #asking = false;
  /** @type {Snapshot | null} */
  #latest = null;

  /**
   * @param {HTMLElement} figure
   * @param {Tooltip} tooltip
   * @param {Palette} palette
   */
  constructor(figure, tooltip, palette) {
    /** @type {Board<CurveRow<Mode>>} */
    this.board = new Board(tooltip, palette, new LogNines());
    this.figure = figure;
    this.said = find(figure, '.nothing');
    this.sight = new Sight(figure, () => this.#look());
    this.board.add(figure, {
      scale: 'log',
      format: format.ms,
      tick: format.msTick,
      series: MODES.map((mode) => ({ name: mode, colour: mode, get: (row) => row.of[mode] ?? null })),
      upright: true,
      tight: true,
    });
    choice(find(figure, '.span'), this.#clock, (clock) => {
      this.#clock = clock;
      this.#draw();
    });
  }

  /**
   * Takes a snapshot, which tells whether there is anything new to ask for.
   * @param {Snapshot} snapshot
   */
  update(snapshot) {
    this.#latest = snapshot;
    this.#look();
  }

  async #look() {
    if (!this.#latest) return;
    const { modes, ledger } = this.#latest;
    const counts = MODES.map((mode) => [modes[mode].http_ms.count, modes[mode].response_ms.count]);
    const key = JSON.stringify([counts, ledger.accepted]);
    const now = performance.now();
    if (!this.sight.clear || this.#asking || key === this.#shown || now - this.#asked < EVERY_MS) return;
    this.#asked = now;
    this.#asking = true;
    try {
      this.#curves = await ask('api/curves');
      this.#shown = key;
    } catch (error) {
      if (!this.#curves) write(this.said, `The curves could not be loaded: ${messageOf(error)}.`);
      return;
    } finally {
      this.#asking = false;
    }
    this.#draw();
  }

  #draw() {
    if (!this.#curves) return;
    const { percents, modes } = this.#curves;
    /** @param {Mode} mode */
    const curve = (mode) => {
      const { count, http_ms: http, response_count: done, response_ms: response } = modes[mode];
      return this.#clock === 'http' ? ofReadings(percents, http, count) : ofReadings(percents, response, done);
    };
    this.board.rows = rowsOf({ serial: curve('serial'), async: curve('async'), pipelined: curve('pipelined') });
    const isEmpty = this.board.rows.length === 0;
    const nothing = this.#clock === 'http' ? 'No request has been answered yet.' : 'No event has finished yet.';
    write(this.said, isEmpty ? nothing : '');
    this.figure.classList.toggle('blank', isEmpty);
    this.board.redraw();
  }
}
