// @ts-check
// Up to three runs overlaid: their cards and charts, both clocks, and what differs.
//
// Responsible for: loading the chosen runs, comparing each with the first, and reporting failures.
// run-charts.js draws the charts, run-card.js a run's card, figures.js and clocks.js the tables. The server
// compares, and leaves out the warm-up.

import { clockTable } from './clocks.js';
import { element, find, findAll, findAs, write } from './dom.js';
import { differenceTable, figureTable, sentence } from './figures.js';
import { card } from './run-card.js';
import { RunCharts } from './run-charts.js';
import { viewOf } from './run-view.js';
import { ask, messageOf } from './server.js';

/** @import { Tooltip } from './glossary.js' */
/** @import { Palette } from './palette.js' */
/** @import { Check, Compared, Listed } from './run.d.ts' */
/** @import { View } from './run-view.js' */

/** @typedef {'A' | 'B' | 'C'} Letter */
/**
 * @typedef {object} Slot a letter that a run was chosen for
 * @property {string} id
 * @property {Listed | null} run null if there is no such run
 */
/** @typedef {{ index: number, compared: Compared }} Pair a run's letter, and how it compares with A */

/** @type {Letter[]} */
export const LETTERS = ['A', 'B', 'C'];
const KEPT = 6; // runs: a long one has megabytes
const EXPORTS = ['html', 'svg', 'csv'];

export class Comparison {
  /** @type {Map<string, View>} by the run's id and the warm-up that is left out */
  #views = new Map();
  #shown = '';
  /** @type {(Slot | null)[]} A, B and C */
  #slots = [];
  #skip = 0;
  /** @type {(letter: Letter) => void} called when a run is taken away */
  removed = () => {};
  /** @type {(seconds: number) => void} called with the length of another warm-up */
  skips = () => {};

  /**
   * @param {HTMLElement} box
   * @param {Tooltip} tooltip
   * @param {Palette} palette
   */
  constructor(box, tooltip, palette) {
    this.box = box;
    this.cards = find(box, '.titles');
    this.words = find(box, '.verdict-words');
    this.table = find(box, '.differences');
    this.notes = find(box, '.notes');
    this.method = find(box, '.method');
    this.scroll = find(box, '.what-differs');
    this.clocks = find(box, '.clocks');
    this.charts = new RunCharts(box, tooltip, palette);
    this.field = findAs(HTMLInputElement, box, '.skip-s');
    this.field.addEventListener('change', () => this.skips(Number(this.field.value) || 0));
    this.links = EXPORTS.map((kind) => findAs(HTMLAnchorElement, box, `.as-${kind}`));
  }

  /** @param {string} id */
  #key(id) {
    return `${this.#skip} ${id}`;
  }

  /** @param {Slot | null | undefined} slot */
  #viewOf(slot) {
    return slot ? this.#views.get(this.#key(slot.id)) : undefined;
  }

  /**
   * Shows the runs of up to three letters. Returns the audits of the loaded runs, by id.
   * @param {(Slot | null)[]} slots
   * @param {number} skip seconds to leave out at the beginning of each run
   * @returns {Promise<[id: string, checks: Check[]][]>}
   */
  async show(slots, skip) {
    const shown = JSON.stringify([skip, slots.map((slot) => [slot?.id, slot?.run?.name, Boolean(slot?.run)])]);
    if (shown === this.#shown) return [];
    this.#shown = shown;
    this.#slots = slots;
    this.#skip = skip;
    this.box.hidden = !slots.some(Boolean);
    this.field.value = String(skip);
    const there = slots.filter((slot) => slot?.run);
    this.#offer(there.map((slot) => slot?.id ?? ''));
    const asked = await Promise.allSettled(there.map((slot) => this.#load(slot?.id ?? '')));
    if (shown !== this.#shown) return []; // other runs have been chosen in the meantime
    const failed = asked.find((one) => one.status === 'rejected');
    if (failed) this.#shown = ''; // the next update tries again
    this.#draw();
    try {
      if (failed) throw failed.reason;
      await this.#compare(shown);
    } catch (error) {
      if (this.#shown && shown !== this.#shown) return [];
      this.#shown = '';
      this.#clear(`The runs could not be compared: ${messageOf(error)}.`);
    }
    return there.flatMap((slot) => {
      const view = this.#viewOf(slot);
      return slot && view ? [[slot.id, view.checks]] : [];
    });
  }

  /** @param {string} id */
  async #load(id) {
    const key = this.#key(id);
    if (this.#views.has(key)) return;
    const query = this.#skip ? `?skip=${this.#skip}s` : '';
    this.#views.set(key, viewOf(await ask(`api/runs/${encodeURIComponent(id)}${query}`)));
    const other = [...this.#views.keys()].find(
      (one) => !this.#slots.some((slot) => slot && this.#key(slot.id) === one),
    );
    if (this.#views.size > KEPT && other !== undefined) this.#views.delete(other);
  }

  /** Where the runs that are shown can be saved from. @param {string[]} ids */
  #offer([first, ...others]) {
    for (const [index, link] of this.links.entries()) {
      link.parentElement?.toggleAttribute('hidden', first === undefined);
      if (first === undefined) continue;
      const fields = new URLSearchParams({ as: EXPORTS[index] });
      for (const id of EXPORTS[index] === 'csv' ? [] : others) fields.append('with', id);
      if (this.#skip) fields.set('skip', `${this.#skip}s`);
      link.href = `api/runs/${encodeURIComponent(first)}/export?${fields}`;
    }
  }

  #draw() {
    const views = this.#slots.map((slot) => this.#viewOf(slot));
    this.charts.show(this.#slots, views);
    const isPair = this.#slots.filter((slot) => slot?.run).length > 1;
    const cards = this.#slots.map((slot, index) =>
      card(LETTERS[index], slot, views[index], { isPair, removed: () => this.removed(LETTERS[index]) }),
    );
    this.cards.replaceChildren(...cards);
    const clocks = clockTable(views);
    this.clocks.replaceChildren(...clocks);
    for (const part of findAll(this.box, '.of-clocks')) part.hidden = clocks.length === 0;
  }

  redraw() {
    this.charts.redraw();
  }

  /** @param {string} shown */
  async #compare(shown) {
    const [a, ...others] = this.#slots;
    const [second] = others.filter((slot) => slot?.run);
    if (!a?.run || !second) {
      const words = 'Choose a run as A and another as B, to see what differs.';
      return this.#clear(this.#slots.some((slot) => slot?.run) ? words : '');
    }
    /** @type {Pair[]} */
    const pairs = [];
    for (const [at, slot] of others.entries()) {
      if (!slot?.run) continue;
      const fields = new URLSearchParams({ a: a.id, b: slot.id });
      if (this.#skip) fields.set('skip', `${this.#skip}s`);
      pairs.push({ index: at + 1, compared: await ask(`api/compare?${fields}`) });
    }
    if (shown !== this.#shown) return;
    const areSeveral = pairs.length > 1 || pairs[0].index > 1;
    const words = pairs.map(({ index, compared }) =>
      element('span', '', sentence(areSeveral ? ofPair(compared.words, LETTERS[index]) : compared.words)),
    );
    this.words.replaceChildren(...words);
    this.scroll.hidden = pairs.every(({ compared }) => compared.figures.length === 0);
    const rows = areSeveral ? differenceTable(pairs) : figureTable(pairs[0].compared.figures);
    this.table.replaceChildren(...rows);
    const notes = pairs.flatMap(({ index, compared }) =>
      compared.notes.map((note) => sentence(areSeveral ? ofPair(note, LETTERS[index]) : note)),
    );
    this.notes.replaceChildren(...[...new Set(notes)].map((note) => element('li', '', note)));
    write(this.method, pairs[0].compared.method);
  }

  /** @param {string} words */
  #clear(words) {
    write(this.words, words);
    this.scroll.hidden = true;
    this.notes.replaceChildren();
    write(this.method, '');
  }
}

/**
 * A sentence of the server about A and B, adapted to A and another letter. A sentence about one run alone
 * does not name the pair, so that it appears once.
 * @param {string} text
 * @param {Letter} letter
 */
export function ofPair(text, letter) {
  const renamed = text.replace(/\bB\b/g, letter);
  const isOfOne = /^[ABC] is (invalid|disturbed)|^(answer|response) times of|^times are/.test(renamed);
  return isOfOne ? renamed : `A and ${letter}: ${renamed}`;
}
