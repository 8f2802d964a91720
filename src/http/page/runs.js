// @ts-check
// The table of kept runs, in which up to three can be chosen for comparison.
//
// Responsible for: when the list is asked for (the server reads every file to answer), and which runs are A, B
// and C. The page's address names them, so it can be shared. run-row.js makes a row, compare.js the
// comparison.

import { LETTERS } from './compare.js';
import { element, find, head, write } from './dom.js';
import { addressOf, readAddress } from './run-address.js';
import { COLUMNS, RunRow } from './run-row.js';
import { ask, messageOf, order } from './server.js';
import { Sight } from './sight.js';

/** @import { Comparison, Letter } from './compare.js' */
/** @import { Listed, Listing } from './run.d.ts' */
/** @import { RunAddress } from './run-address.js' */

const EVERY_MS = 10000;
const NAMED = 3; // files that are not runs and are named

export class Runs {
  /** @type {Map<string, RunRow>} by id */
  #rows = new Map();
  #asked = -Infinity;
  #asking = false;
  #isLoaded = false;
  /** @type {RunAddress} what is shown */
  #address = { ids: [], skip: 0, fault: '' };

  /**
   * @param {HTMLElement} section
   * @param {Comparison} comparison
   * @param {HTMLElement} tab the link to the section
   */
  constructor(section, comparison, tab) {
    this.comparison = comparison;
    this.tab = tab;
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
    addEventListener('hashchange', () => this.#follow());
    comparison.removed = (letter) => this.#remove(letter);
    comparison.skips = (seconds) => this.#go(this.#address.ids, seconds);
    this.#follow();
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
      const not = files.length ? `Not runs: ${files.slice(0, NAMED).join(', ')}${more}.` : '';
      this.say([this.#address.fault, not].filter(Boolean).join(' '));
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
    this.#isLoaded = true;
    this.#show();
  }

  // ---- which runs are A, B and C ----

  /** Takes over the address, if it is one of runs. A run that is not in the list may be new. */
  #follow() {
    const address = readAddress(location.hash);
    if (!address) return;
    this.#address = address;
    this.tab.setAttribute('href', addressOf(address.ids, address.skip));
    this.say(address.fault);
    if (this.#isLoaded) this.#show();
    if (address.ids.some((id) => id && !this.#rows.has(id))) this.refresh();
  }

  /**
   * @param {string[]} ids
   * @param {number} [skip]
   */
  #go(ids, skip = this.#address.skip) {
    const address = addressOf(ids, skip);
    if (location.hash === address) this.#follow();
    else location.hash = address;
  }

  /**
   * Makes a run A, B or C, and keeps the others.
   * @param {Letter} letter
   * @param {string} id
   */
  choose(letter, id) {
    const ids = LETTERS.map((_, index) => this.#address.ids[index] ?? '').map((one) => (one === id ? '' : one));
    ids[LETTERS.indexOf(letter)] = id;
    this.#go(ids);
  }

  /** The letters after it move up. @param {Letter} letter */
  #remove(letter) {
    this.#go(this.#address.ids.filter((_, index) => index !== LETTERS.indexOf(letter)));
  }

  /**
   * Shows a run that has just been made, beside the one that was chosen before.
   * @param {string} id
   */
  async visit(id) {
    const before = this.#address.ids.findLast((one) => one && one !== id);
    this.#go(before ? [before, id] : [id]);
    await this.refresh();
    this.#rows.get(id)?.line.scrollIntoView({ block: 'nearest' });
  }

  async #show() {
    const { ids, skip } = this.#address;
    const slots = LETTERS.map((_, index) => {
      const id = ids[index];
      return id ? { id, run: this.#rows.get(id)?.run ?? null } : null;
    });
    for (const row of this.#rows.values()) row.choose(ids.indexOf(row.run.id));
    const audits = await this.comparison.show(slots, skip);
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
