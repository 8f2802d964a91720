// @ts-check
// Large figures, and the ledger that balances.
//
// Responsible for: writing only values that have changed. The words around the figures are in the page.

import { element, find, write } from '../dom.js';
import { format } from '../format.js';

/** A figure with its unit: a number, a narrow space, a word. */
const PARTS = /^(.*?)(?:\u202f(.*))?$/;

export class Figure {
  #value;
  #unit;
  #box;

  /** @param {string} selector of its number */
  constructor(selector) {
    this.#value = find(document, selector);
    const unit = this.#value.nextElementSibling;
    if (!(unit instanceof HTMLElement)) throw new Error(`The page has no unit beside ${selector}.`);
    this.#unit = unit;
    this.#box = this.#value.closest('.fig');
  }

  /**
   * @param {string} text a number, and its unit behind a narrow space
   * @param {string} [tone] "bad" for a figure that is wrong
   */
  show(text, tone = '') {
    const [, value, unit] = PARTS.exec(text) ?? ['', text, ''];
    write(this.#value, value);
    write(this.#unit, unit ?? '');
    if (this.#box instanceof HTMLElement && (this.#box.dataset.tone ?? '') !== tone) this.#box.dataset.tone = tone;
  }
}

/**
 * One count of a ledger: its field in the snapshot, and its term.
 * @typedef {[field: string, bad?: boolean]} Part
 */

export class LedgerLine {
  /** @type {Map<string, [box: HTMLElement, count: HTMLElement]>} */
  #counts = new Map();
  #parts;
  #verdict = element('span', 'fine');

  /**
   * @param {HTMLElement} box
   * @param {string} whole the field that the parts add up to
   * @param {Part[]} parts
   * @param {string[]} aside fields beside the account
   * @param {Record<string, string>} [names] of fields that are not shown under their own
   */
  constructor(box, whole, parts, aside, names = {}) {
    this.#parts = parts;
    this.names = names;
    this.whole = whole;
    this.#verdict.dataset.term = 'unaccounted';
    const sum = parts.flatMap(([field], index) => [index ? '+' : '=', this.#count(field)]);
    const beside = aside.map((field) => this.#count(field));
    beside[0]?.classList.add('end');
    const title = element('h2', '', 'Ledger');
    title.dataset.term = 'ledger';
    box.append(title, this.#count(whole), ...sum, this.#verdict, ...beside);
  }

  /** @param {string} field */
  #count(field) {
    const count = element('b', '', '–');
    const box = element('span', '', `${this.names[field] ?? field} `, count);
    box.dataset.term = field;
    this.#counts.set(field, [box, count]);
    return box;
  }

  /** @param {Record<string, number>} values */
  update(values) {
    for (const [field, [, count]] of this.#counts) write(count, format.count(values[field]));
    for (const [field, bad] of this.#parts) {
      this.#counts.get(field)?.[0].classList.toggle('bad', bad === true && values[field] > 0);
    }
    const missing = values[this.whole] - this.#parts.reduce((sum, [field]) => sum + values[field], 0);
    write(this.#verdict, missing === 0 ? '✓ 0 unaccounted' : `✗ ${format.count(missing)} unaccounted`);
    this.#verdict.className = missing === 0 ? 'fine' : 'bad missing';
  }
}
