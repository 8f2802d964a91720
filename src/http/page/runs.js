// @ts-check
// The runs that were kept: a table of them, in which two are chosen for comparison.
//
// Responsible for: when the list is asked for (the server reads every file to answer), and which two runs
// are A and B. A row is left to run-row.js, the comparison to compare.js.

import { LETTERS } from './compare.js';
import { element, find, head, write } from './dom.js';
import { COLUMNS, RunRow } from './run-row.js';
import { ask, messageOf, order } from './server.js';
import { Sight } from './sight.js';

/** @import { Comparison, Letter } from './compare.js' */
/** @import { Listed, Listing } from './run.d.ts' */

const EVERY_MS = 10000;
const NAMED = 3; // files that are not runs and are named

export class Runs {
  /** @type {Map<string, RunRow>} by id */
  #rows = new Map();
  #asked = -Infinity;
  #asking = false;
  /** @type {Record<Letter, string | null>} ids */
  #chosen = { A: null, B: null };

  /**
   * @param {HTMLElement} section
   * @param {Comparison} comparison
   */
  constructor(section, comparison) {
    this.comparison = comparison;
    this.said = find(section, '.said');
    this.nothing = find(section, '.nothing');
    this.body = element('tbody', '');
    this.scroll = find(section, '.scroll');
    const heads = COLUMNS.map(({ head: name, term, words }) => {
      const cell = head(name, 'col', term);
      cell.classList.toggle('words', Boolean(words));
      return cell;
    });
    const first = [...LETTERS.map((letter) => head(letter, 'col', 'run-chosen')), head('run', 'col', 'run-name')];
    const last = head('', 'col');
    last.append(element('span', 'hidden', 'Actions'));
    const line = element('tr', '', ...first, ...heads, head('valid', 'col', 'run-valid'), last);
    find(section, 'table').append(element('thead', '', line), this.body);
    find(section, '.refresh').addEventListener('click', () => this.refresh());
    this.sight = new Sight(section, () => this.#perhaps());
    setInterval(() => this.#perhaps(), 1000);
    document.addEventListener('visibilitychange', () => this.#perhaps());
  }

  #perhaps() {
    if (this.sight.clear && performance.now() - this.#asked > EVERY_MS) this.refresh();
  }

  async refresh() {
    if (this.#asking) return;
    this.#asking = true;
    this.#asked = performance.now();
    try {
      /** @type {Listing} */
      const { runs, skipped } = await ask('api/runs');
      this.#fill(runs.reverse());
      const files = skipped.map(({ file, why }) => `${file} (${why})`);
      const more = files.length > NAMED ? ` and ${files.length - NAMED} more` : '';
      this.say(files.length ? `Not runs: ${files.slice(0, NAMED).join(', ')}${more}.` : '');
    } catch (error) {
      this.say(`The list could not be loaded: ${messageOf(error)}.`, true);
    } finally {
      this.#asking = false;
    }
  }

  /**
   * Rows are kept while their runs are: a person may be typing a name into one.
   * @param {Listed[]} runs
   */
  #fill(runs) {
    const rows = runs.map((run) => {
      const row = this.#rows.get(run.id) ?? new RunRow(run, this);
      row.update(run);
      return row;
    });
    this.#rows = new Map(rows.map((row) => [row.run.id, row]));
    rows.forEach((row, index) => {
      const there = this.body.children[index];
      if (there !== row.line) this.body.insertBefore(row.line, there ?? null);
    });
    while (this.body.children.length > rows.length) this.body.lastElementChild?.remove();
    this.scroll.hidden = rows.length === 0;
    const none =
      'There are no runs yet. Start a load above, or send one with ab: each becomes a run once the bench has drained.';
    write(this.nothing, rows.length ? '' : none);
    for (const letter of LETTERS) if (!this.#rowOf(letter)) this.#chosen[letter] = null;
    this.#compare();
  }

  /** @param {Letter} letter */
  #rowOf(letter) {
    const id = this.#chosen[letter];
    return id === null ? undefined : this.#rows.get(id);
  }

  /**
   * Makes a run A or B, and keeps the other.
   * @param {Letter} letter
   * @param {string} id
   */
  choose(letter, id) {
    this.#chosen[letter] = id;
    this.#rowOf(letter)?.check(letter);
    this.#compare();
  }

  /**
   * Shows a run that has just been made, beside the one that was chosen before.
   * @param {string} id
   */
  async visit(id) {
    await this.refresh();
    const before = this.#chosen.B;
    if (before && before !== id && this.#rows.has(before)) this.choose('A', before);
    this.choose('B', id);
    this.#rows.get(id)?.line.scrollIntoView({ block: 'nearest' });
  }

  async #compare() {
    const [a, b] = [this.#rowOf('A')?.run ?? null, this.#rowOf('B')?.run ?? null];
    for (const row of this.#rows.values()) {
      row.line.classList.toggle('chosen', row.run === a || row.run === b);
    }
    const audits = await this.comparison.show(a, b);
    for (const [id, checks] of audits) this.#rows.get(id)?.explain(checks);
  }

  /**
   * @param {string} text
   * @param {boolean} [alarm]
   */
  say(text, alarm = false) {
    write(this.said, text);
    this.said.classList.toggle('alarm', alarm);
  }

  /**
   * @param {string} path
   * @param {Record<string, string>} [fields]
   */
  async order(path, fields) {
    try {
      await order(path, fields);
    } catch (error) {
      return this.say(messageOf(error), true);
    }
    await this.refresh();
  }
}
