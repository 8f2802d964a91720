// @ts-check
// The three meanings of "acknowledged" side by side, with the same kill in each.
//
// Responsible for: three columns with the same parts at the same height, and showing which figures were measured on
// this page and which are predicted (ways.js).

import { isOff } from '../control.js';
import { element, find, findAs, write } from '../dom.js';
import { format } from '../format.js';
import { messageOf } from '../server.js';
import { Drawing } from './drawing.js';
import { drawThread } from './thread.js';
import { measureAll, WAYS, watch, wayOf } from './ways.js';

/** @import { Verdict } from '../labs/verdict.js' */
/** @import { Backup, Rooms } from './types.d.ts' */
/** @import { Way } from './ways.js' */

/** @type {Record<Backup, string>} */
const SAYS = {
  none: 'The room acknowledges a move, and nothing else knows it. A supervisor restarts the process, not its state.',
  after: 'Acknowledged first, then copied. The moves that the backup has not taken when the room dies are lost.',
  before:
    'The backup has the move first, then the player has the answer. An acknowledged move is always in two places.',
};
/** @type {['lost' | 'told' | 'p50' | 'copies', string][]} */
const FACTS = [
  ['lost', 'acknowledged moves lost'],
  ['told', 'watchers hear'],
  ['p50', 'a move takes, p50'],
  ['copies', 'copies'],
];
const BAD = /^(all|a few|[1-9]|fresh|gap)/;
const PARTS = /^(.*?)(?:\u202f(.*))?$/;

class Column {
  tag = element('span', 'tag use', 'in use');
  source = element('p', 'source-of muted');
  /** @type {Map<string, [value: HTMLElement, unit: HTMLElement]>} */
  facts = new Map();
  node;

  /** @param {Backup} backup */
  constructor(backup) {
    this.backup = backup;
    const list = element('dl', '');
    for (const [name, words] of FACTS) {
      const [value, unit] = [element('b', ''), element('small', '')];
      this.facts.set(name, [value, unit]);
      list.append(element('div', '', element('dt', '', words), element('dd', '', value, unit)));
    }
    const place = element('div', 'thread');
    const title = element('h2', '', element('code', '', backup), ' ', this.tag);
    this.node = element('div', 'way', title, element('p', 'say', SAYS[backup]), place, list, this.source);
    this.thread = new Drawing(place, drawThread);
  }

  /** @param {Backup | null} used */
  update(used) {
    const way = wayOf(this.backup);
    this.tag.hidden = used !== this.backup;
    this.node.classList.toggle('now-used', used === this.backup);
    for (const [name] of FACTS) {
      const [value, unit] = this.facts.get(name) ?? [];
      if (!value || !unit) continue;
      const [, figure, behind] = PARTS.exec(way[name]) ?? ['', way[name], ''];
      write(value, figure);
      write(unit, behind ?? '');
      value.classList.toggle('bad', (name === 'lost' || name === 'told') && BAD.test(figure));
    }
    write(this.source, sourceOf(way));
    this.thread.show(way.thread);
  }
}

/** @param {Way} way */
function sourceOf({ at }) {
  if (at === null) return 'predicted';
  const passed = performance.now() - at;
  return `measured ${passed < 2000 ? 'now' : `${format.age(passed)} ago`}`;
}

export class Compare {
  #section = find(document, '#compare-view');
  #box = find(document, '#three');
  #measure = findAs(HTMLButtonElement, document, '#measure');
  #progress = find(document, '#measure-says');
  /** @type {Column[]} */
  #columns = [];
  /** @type {Backup | null} */
  #used = null;
  #isMeasuring = false;

  constructor() {
    this.#measure.addEventListener('click', () => this.#run());
  }

  get isShown() {
    return !this.#section.hidden;
  }

  /** @returns {Verdict} */
  get verdict() {
    const [none, before] = [wayOf('none'), wayOf('before')];
    const isMeasured = WAYS.every((backup) => wayOf(backup).at !== null);
    const price = Number.parseFloat(before.p50) - Number.parseFloat(none.p50);
    const isKnown = isMeasured && price > 0 && /µs$/.test(before.p50) && /µs$/.test(none.p50);
    const cost = isKnown ? ` To lose nothing costs ${price.toFixed(1)}\u202fµs a move.` : '';
    const text = `One kill, three meanings of “acknowledged”.${cost}`;
    return { word: isMeasured ? 'COMPARED' : 'PREDICTED', tone: isMeasured ? 'calm' : 'change', text };
  }

  /** @param {boolean} isShown */
  show(isShown) {
    this.#section.hidden = !isShown;
    if (isShown && this.#columns.length === 0) {
      this.#columns = WAYS.map((backup) => new Column(backup));
      this.#box.append(...this.#columns.map(({ node }) => node));
    }
    this.#draw();
  }

  /** @param {Rooms} lab */
  update(lab) {
    const { backup } = lab;
    watch(lab);
    if (!this.#isMeasuring) this.#used = backup;
    this.#measure.disabled = isOff() || this.#isMeasuring;
    this.#draw();
  }

  #draw() {
    if (this.isShown) for (const column of this.#columns) column.update(this.#used);
  }

  async #run() {
    if (!this.#used || this.#isMeasuring) return;
    this.#isMeasuring = true;
    try {
      await measureAll(this.#used, (words) => write(this.#progress, words));
      write(this.#progress, 'measured; the setting is as before');
    } catch (error) {
      write(this.#progress, `Not measured: ${messageOf(error)}`);
    }
    this.#isMeasuring = false;
  }
}
