// @ts-check
// A row of the table of runs: its figures, its verdict, and renaming and deleting it.
//
// Responsible for: which columns there are, and the two dialogues in place of a button or a title.

import { LETTERS } from './compare.js';
import { element, head, write } from './dom.js';
import { format } from './format.js';
import { wordOf } from './run-view.js';

/** @import { Letter } from './compare.js' */
/** @import { Check, Listed } from './run.d.ts' */
/** @import { Runs } from './runs.js' */

/**
 * @typedef {object} Column
 * @property {string} head
 * @property {string} term
 * @property {(run: Listed) => string} text
 * @property {boolean} [words] whether it has words, not figures
 * @property {boolean} [clip] whether it may be cut short; a hover then has all of it
 */

/** @type {Column[]} */
export const COLUMNS = [
  { head: 'origin', term: 'run-origin', words: true, text: (run) => run.origin },
  { head: 'target', term: 'run-target', words: true, clip: true, text: (run) => run.target },
  { head: 'load', term: 'run-load', words: true, clip: true, text: (run) => run.load ?? '–' },
  { head: 'rate', term: 'run-rate', text: (run) => format.perSecond(run.rate) },
  { head: 'p50', term: 'run-times', text: (run) => format.ms(run.p50_ms) },
  { head: 'p99', term: 'run-times', text: (run) => format.ms(run.p99_ms) },
];

const VERDICTS = { valid: '✓', disturbed: 'disturbed', invalid: 'INVALID' };

export class RunRow {
  /** @type {Check[] | null} the audit, which comes with the run and not with the list */
  #checks = null;

  /**
   * @param {Listed} run
   * @param {Runs} runs
   */
  constructor(run, runs) {
    this.run = run;
    this.runs = runs;
    this.radios = LETTERS.map((letter) => this.#radio(letter));
    this.title = element('span', 'title', '');
    const name = head('', 'row', 'run-name');
    name.append(this.title);
    name.detail = () => this.#about();
    this.cells = COLUMNS.map((column) => {
      const cell = element('td', `${column.words ? 'words' : ''} ${column.clip ? 'clip' : ''}`);
      cell.dataset.term = column.term;
      if (column.clip) cell.detail = () => column.text(this.run);
      return { column, cell };
    });
    this.valid = element('td', '');
    this.valid.dataset.term = 'run-valid';
    this.valid.detail = () => this.#reasons();
    this.acts = element('td', 'do');
    const radios = this.radios.map((radio) => element('td', 'pick', radio));
    this.line = element('tr', '', ...radios, name, ...this.cells.map(({ cell }) => cell), this.valid, this.acts);
    this.#offer();
  }

  /** @param {Letter} letter */
  #radio(letter) {
    const radio = element('input', '');
    radio.type = 'radio';
    radio.name = `run-${letter}`;
    radio.addEventListener('change', () => this.runs.choose(letter, this.run.id));
    return radio;
  }

  /**
   * Marks the run as A, B or C.
   * @param {number} index of the letter; -1 for none
   */
  choose(index) {
    for (const [at, radio] of this.radios.entries()) radio.checked = at === index;
    this.line.classList.toggle('chosen', index >= 0);
  }

  /** @param {Listed} run */
  update(run) {
    this.run = run;
    const title = run.name ?? run.id;
    write(this.title, title);
    for (const [index, letter] of LETTERS.entries()) {
      this.radios[index].setAttribute('aria-label', `${letter} is ${title}`);
    }
    for (const { column, cell } of this.cells) write(cell, column.text(run));
    write(this.valid, VERDICTS[run.verdict]);
    this.valid.setAttribute('aria-label', run.verdict);
    this.valid.classList.toggle('alarm', run.verdict === 'invalid');
  }

  /** @param {Check[]} checks */
  explain(checks) {
    this.#checks = checks;
  }

  #about() {
    const { name, id, began, seconds } = this.run;
    return `${name ? `${name}, ` : ''}${id}. Began ${began}, took ${format.seconds(seconds)}.`;
  }

  #reasons() {
    if (!this.#checks) return `This run is ${this.run.verdict}. Choose it as A, B or C to see why.`;
    const remarks = this.#checks.filter(({ verdict }) => verdict !== 'passed');
    const passed = `${this.#checks.length - remarks.length} of ${this.#checks.length} checks passed.`;
    return [...remarks.map((check) => `${wordOf(check)}: ${check.says}.`), passed].join(' ');
  }

  // ---- what can be done with a run ----

  get #path() {
    return `api/runs/${encodeURIComponent(this.run.id)}`;
  }

  /**
   * Shows the buttons.
   * @param {'rename' | 'delete'} [focus] the one that is focused
   */
  #offer(focus) {
    /**
     * @param {string} text
     * @param {() => void} work
     */
    const button = (text, work) => {
      const made = element('button', 'quiet', text);
      made.addEventListener('click', work);
      return made;
    };
    const json = element('a', '', 'JSON');
    json.href = this.#path;
    const rename = button('rename', () => this.#rename());
    const remove = button('delete', () => this.#confirm());
    this.acts.replaceChildren(rename, remove, json);
    if (focus) (focus === 'rename' ? rename : remove).focus();
  }

  #rename() {
    const input = element('input', 'name');
    input.value = this.run.name ?? '';
    input.placeholder = this.run.id;
    input.setAttribute('aria-label', `Name of ${this.run.id}; empty for none. Enter saves, Escape cancels.`);
    let isOver = false; // removing the field blurs it, which would end the dialogue once more
    /** @param {boolean} save */
    const done = (save) => {
      if (isOver) return;
      isOver = true;
      const name = input.value.trim();
      const wasFocused = document.activeElement === input;
      input.replaceWith(this.title);
      if (wasFocused) this.acts.querySelector('button')?.focus();
      if (save && name !== (this.run.name ?? '')) this.runs.order(`${this.#path}/rename`, { name });
    };
    input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' || event.key === 'Escape') done(event.key === 'Enter');
    });
    input.addEventListener('blur', () => done(true));
    this.title.replaceWith(input);
    input.select();
    input.focus();
  }

  #confirm() {
    const yes = element('button', 'danger', 'Delete');
    const no = element('button', '', 'Keep');
    yes.addEventListener('click', () => this.runs.order(`${this.#path}/delete`));
    no.addEventListener('click', () => this.#offer('delete'));
    this.acts.onkeydown = (event) => {
      if (event.key === 'Escape') this.#offer('delete');
    };
    for (const act of this.acts.children) if (act instanceof HTMLElement) act.hidden = true;
    this.acts.append(element('span', 'sure', 'For good?', yes, no));
    no.focus();
  }
}
