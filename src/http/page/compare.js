// @ts-check
// Two runs laid over each other: their percentile curves, their series over time, and what differs.
//
// Responsible for: loading the two runs that were chosen, and what is said where one has no figures. What
// is drawn of a run, run-view.js says; the table is left to figures.js. The server compares.

import { LogNines, SinceBegin } from './axes.js';
import { Board } from './board.js';
import { choice } from './choice.js';
import { rowsOf } from './distribution.js';
import { element, find, write } from './dom.js';
import { figureTable, sentence } from './figures.js';
import { format } from './format.js';
import { longestGap, viewOf, wordOf } from './run-view.js';
import { ask, messageOf } from './server.js';

/** @import { Series as Line } from './charts.d.ts' */
/** @import { CurveRow } from './distribution.js' */
/** @import { Tooltip } from './glossary.js' */
/** @import { Palette } from './palette.js' */
/** @import { Check, Compared, Listed } from './run.d.ts' */
/** @import { View } from './run-view.js' */

/** @typedef {'A' | 'B'} Letter */
/** @typedef {'answer' | 'response'} Clock */
/** @typedef {'answers' | 'done' | 'depth' | 'in_use'} Column */
/** @typedef {CurveRow<Letter>} Row */

/** @type {Letter[]} */
export const LETTERS = ['A', 'B'];
const KEPT = 6; // runs: a long one has megabytes
const GAP = 2.6; // intervals that a line crosses
const FEW_PERCENTILES = 12; // fewer have dots: a line alone would claim what lies between
const FEW_VALUES = 4; // fewer have dots: a short run must not be a speck

/**
 * Why a run may lack something that others have, by its origin.
 * @type {Record<string, string>}
 */
const WHY = {
  recorded: 'nothing was measured',
  load: 'nothing was measured',
  simulated: 'nothing happened',
  predicted: 'theory does not predict it',
  ab: 'ab does not report it',
  bombardier: 'bombardier does not report it',
  hey: 'hey does not report it',
  oha: 'oha does not report it',
  wrk: 'wrk does not report it',
};
/** @type {Record<Column, { words: string, format: (value: number | null) => string, tick: (value: number | null) => string }>} */
const COLUMNS = {
  answers: { words: 'answers', format: format.perSecond, tick: format.brief },
  done: { words: 'events done', format: format.perSecond, tick: format.brief },
  depth: { words: 'queue depth', format: format.count, tick: format.brief },
  in_use: { words: 'resource use', format: format.count, tick: format.brief },
};

export class Comparison {
  /** @type {Map<string, View>} by the run's id */
  #views = new Map();
  #shown = '';
  /** @type {(Listed | null)[]} A and B */
  #runs = [null, null];
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
    this.box = box;
    this.titles = find(box, '.titles');
    this.words = find(box, '.verdict-words');
    this.table = find(box, 'table');
    this.notes = find(box, '.notes');
    this.method = find(box, '.method');
    this.scroll = find(box, '.scroll');
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
          const view = this.#viewAt(index);
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

  /** @param {number} index 0 for A, 1 for B */
  #viewAt(index) {
    const run = this.#runs[index];
    return run ? this.#views.get(run.id) : undefined;
  }

  /**
   * Shows two runs of the list, or one, or none. Returns the audits of those that were loaded, by id.
   * @param {Listed | null} a
   * @param {Listed | null} b
   * @returns {Promise<[id: string, checks: Check[]][]>}
   */
  async show(a, b) {
    const runs = [a, b];
    const shown = JSON.stringify(runs.map((run) => [run?.id, run?.name]));
    if (shown === this.#shown) return [];
    this.#shown = shown;
    this.#runs = runs;
    this.box.hidden = !a && !b;
    const chosen = runs.filter((run) => run !== null);
    try {
      const asked = await Promise.allSettled(chosen.map((run) => this.#load(run.id)));
      if (shown !== this.#shown) return []; // others have been chosen meanwhile
      this.#draw();
      this.titles.replaceChildren(...runs.map((run, index) => this.#title(run, index)));
      const failed = asked.find((one) => one.status === 'rejected');
      if (failed) throw failed.reason;
      await this.#compare(shown);
    } catch (error) {
      if (shown !== this.#shown) return [];
      this.#shown = ''; // the next look tries again
      this.#clear(`The two could not be compared: ${messageOf(error)}.`);
    }
    return chosen.flatMap(({ id }) => {
      const view = this.#views.get(id);
      return view ? [[id, view.checks]] : [];
    });
  }

  /** @param {string} id */
  async #load(id) {
    if (this.#views.has(id)) return;
    this.#views.set(id, viewOf(await ask(`api/runs/${encodeURIComponent(id)}`)));
    const other = [...this.#views.keys()].find((key) => !this.#runs.some((one) => one?.id === key));
    if (this.#views.size > KEPT && other !== undefined) this.#views.delete(other);
  }

  /**
   * What a run is, above the pictures.
   * @param {Listed | null} run
   * @param {number} index
   */
  #title(run, index) {
    const letter = LETTERS[index];
    const mark = element('i', `mark ${letter}`);
    if (!run) return element('p', 'no', mark, `${letter}: choose one in the table`);
    const checks = this.#viewAt(index)?.checks ?? [];
    // With two runs the server's notes say why one is invalid or disturbed, and once is enough.
    const areBoth = this.#runs.every(Boolean);
    const worth = checks.filter((check) => (areBoth ? wordOf(check) === 'note' : check.verdict !== 'passed'));
    const remarks = worth.map((check) =>
      element('li', check.verdict === 'failed' ? 'alarm' : '', `${wordOf(check)}: ${check.says}`),
    );
    const words = checks.map(wordOf);
    const verdict = words.includes('INVALID')
      ? [element('b', 'alarm', 'INVALID')]
      : words.includes('disturbed')
        ? [element('b', '', 'disturbed')]
        : [];
    const about = `${run.origin}, ${run.target}${run.load ? `, ${run.load}` : ''}`;
    return element(
      'div',
      '',
      element('p', '', mark, `${letter} `, element('b', '', run.name ?? run.id), ' ', ...verdict),
      element('p', 'about', about),
      element('ul', 'remarks', ...remarks),
    );
  }

  #draw() {
    const [a, b] = [this.#viewAt(0), this.#viewAt(1)];
    const curves = [a?.[this.#clock] ?? [], b?.[this.#clock] ?? []];
    this.curves.rows = rowsOf({ A: curves[0], B: curves[1] });
    this.#missing(this.nothing.curve, curves, `no ${this.#clock} times`);
    const series = [a?.[this.#column] ?? [], b?.[this.#column] ?? []];
    this.series.rows = rowsOf({ A: series[0], B: series[1] });
    this.axis.bridge = this.axis.carry = GAP * Math.max(1, ...series.map(longestGap));
    this.series.marks = [a, b].flatMap((view, index) =>
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
   * Says which run has none of what is shown; if neither has, in place of an empty chart.
   * @param {HTMLElement} node
   * @param {unknown[][]} found
   * @param {string} what
   */
  #missing(node, found, what) {
    const without = this.#runs.map((run, index) => {
      if (!run || found[index].length) return '';
      const why = `has ${what}: ${WHY[run.origin] ?? run.origin}`;
      return `${LETTERS[index]} ${this.#views.has(run.id) ? why : 'could not be loaded'}`;
    });
    write(node, without.filter(Boolean).join('; '));
    node.parentElement?.classList.toggle(
      'blank',
      found.every((one) => one.length === 0),
    );
  }

  /** @param {string} shown */
  async #compare(shown) {
    const [a, b] = this.#runs;
    if (!a || !b) return this.#clear(`Choose a run as ${a ? 'B' : 'A'} as well, to see what differs.`);
    /** @type {Compared} */
    const { figures, words, notes, method } = await ask(`api/compare?${new URLSearchParams({ a: a.id, b: b.id })}`);
    if (shown !== this.#shown) return;
    write(this.words, sentence(words));
    this.scroll.hidden = figures.length === 0;
    this.table.replaceChildren(...figureTable(figures));
    this.notes.replaceChildren(...notes.map((note) => element('li', '', sentence(note))));
    write(this.method, method);
  }

  /** @param {string} words */
  #clear(words) {
    write(this.words, words);
    this.scroll.hidden = true;
    this.notes.replaceChildren();
    write(this.method, '');
  }
}
