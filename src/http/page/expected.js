// @ts-check
// The figures of a load in three columns: predicted, simulated, measured.
//
// Responsible for: choosing the load, asking the server once per load and settings, the table on the bench
// and the sentence under the form. The server computes.

import { brief, percent, rate, whole } from './bench/say.js';
import { element, find, head, write } from './dom.js';
import { ask, messageOf, statusOf } from './server.js';

/** @import { Expectation, LoadFigures } from './run.d.ts' */
/** @import { Load } from './load.js' */
/** @import { Snapshot } from './snapshot.d.ts' */

const KEPT = 20; // loads whose figures are remembered

/**
 * @typedef {object} Answer
 * @property {LoadFigures | null} figures
 * @property {string} note the model, or why there are no figures
 */

/** @typedef {{ predicted: Answer | null, simulated: Answer | null }} Both null until answered */

/** @type {{ name: string, term: string, of: (figures: LoadFigures) => number | null, say: (value: number) => string,
 *   least?: number }[]} least: below it in all columns, the row says nothing and is hidden */
const ROWS = [
  { name: 'done /s', term: 'done-rate', of: (f) => f.done_per_s, say: rate },
  { name: 'p50', term: 'response', of: (f) => f.response_p50_ms, say: (ms) => brief(ms / 1000) },
  { name: 'p99', term: 'response', of: (f) => f.response_p99_ms, say: (ms) => brief(ms / 1000) },
  { name: 'lost', term: 'lost', of: (f) => f.lost_share, say: percent, least: 0.005 },
  { name: 'most queued', term: 'peak-depth', of: (f) => f.peak_depth, say: whole },
  { name: 'most inside', term: 'peak-in-use', of: (f) => f.peak_in_use, say: whole },
  { name: 'all done after', term: 'done-after', of: (f) => f.seconds, say: brief },
];

const COLUMNS = /** @type {const} */ (['predicted', 'simulated', 'measured']);

export class Expected {
  /** @type {Map<string, Both>} by load and settings */
  #known = new Map();
  #typed = ''; // the form a moment ago: the server is not asked while the user is typing

  /**
   * @param {HTMLElement} section the bench's place for the table
   * @param {HTMLElement} sentence the place under the form
   */
  constructor(section, sentence) {
    this.sentence = sentence;
    this.heading = find(section, 'h3 span');
    this.title = find(section, 'small');
    const heads = COLUMNS.map((name) => head(name, 'col', name));
    const body = element('tbody', '');
    const top = element('thead', '', element('tr', '', element('td', ''), ...heads));
    find(section, 'h3').after(element('table', '', top, body));
    this.rows = ROWS.map((row) => {
      const cells = COLUMNS.map((name) => element('td', name));
      const line = body.appendChild(element('tr', '', head(row.name, 'row', row.term), ...cells));
      return { ...row, line, cells };
    });
  }

  /**
   * @param {Load} load
   * @param {Snapshot} snapshot
   */
  update(load, { config, read_only: isReadOnly }) {
    const settings = `${config.generation} ${config.changed_s}`;
    const form = load.asked;
    const typed = JSON.stringify(form);
    const isSettled = typed === this.#typed;
    this.#typed = typed;
    const own = this.#of(`${typed} ${settings}`, form, isSettled && load.isOpen && !isReadOnly);
    this.#tell(own, load.isOpen);
    const { state } = load;
    const told = state?.running ? state : load.isTouched ? null : state?.last;
    const newest = told && `${told.mode} · ${told.plan}`;
    const shown = newest
      ? this.#of(`${newest} ${settings}`, {}, true)
      : this.#of(`${typed} ${settings}`, form, isSettled);
    write(this.heading, newest ? 'This load' : 'Next load');
    write(this.title, newest || load.summary);
    this.#show(shown, told?.measured ?? null);
  }

  /**
   * Returns the figures of a load. Asks the server for them if they are wanted and unknown.
   * @param {string} key
   * @param {Record<string, string>} fields empty for the load that is running or ran last
   * @param {boolean} isWanted
   * @returns {Both}
   */
  #of(key, fields, isWanted) {
    const known = this.#known.get(key);
    if (known) return known;
    /** @type {Both} */
    const both = { predicted: null, simulated: null };
    if (!isWanted) return both;
    this.#known.set(key, both);
    const [oldest] = this.#known.keys();
    if (this.#known.size > KEPT) this.#known.delete(oldest);
    this.#ask(key, both, fields);
    return both;
  }

  /**
   * @param {string} key
   * @param {Both} both
   * @param {Record<string, string>} fields
   */
  async #ask(key, both, fields) {
    const query = new URLSearchParams(fields).toString();
    for (const [name, command] of /** @type {const} */ ([
      ['predicted', 'predict'],
      ['simulated', 'simulate'],
    ])) {
      try {
        /** @type {Expectation} */
        const { figures, note } = await ask(`api/load/${command}${query && `?${query}`}`);
        both[name] = { figures, note: note ?? '' };
      } catch (error) {
        both[name] = { figures: null, note: messageOf(error) };
        // Both commands refuse an invalid form. A server that is gone or busy is asked again.
        if (statusOf(error) === 400) both.simulated = both[name];
        else this.#known.delete(key);
        return;
      }
    }
  }

  /**
   * @param {Both} both
   * @param {LoadFigures | null} measured
   */
  #show({ predicted, simulated }, measured) {
    const columns = [predicted, simulated, { figures: measured, note: '' }];
    for (const { of, say, least = -Infinity, cells, line } of this.rows) {
      const values = columns.map((column) => (column?.figures ? of(column.figures) : null));
      line.hidden = values.every((value) => value === null || value < least);
      for (const [index, value] of values.entries()) {
        const isAsked = columns[index] === null;
        write(cells[index], value === null ? (isAsked ? '…' : '–') : say(value));
        cells[index].title = columns[index]?.note ?? '';
      }
    }
  }

  /**
   * The sentence under the form.
   * @param {Both} both
   * @param {boolean} isOpen
   */
  #tell({ predicted, simulated }, isOpen) {
    if (!isOpen) return;
    const [who, answer] = predicted?.figures || !simulated ? ['Predicted', predicted] : ['Simulated', simulated];
    if (!answer) return write(this.sentence, '');
    const { figures, note } = answer;
    if (!figures) return write(this.sentence, note);
    const parts = ROWS.flatMap(({ name, of, say }) => {
      const value = of(figures);
      return value === null ? [] : [`${name} ${say(value)}`];
    });
    write(this.sentence, `${who}: ${parts.join(', ')}.`);
  }
}
