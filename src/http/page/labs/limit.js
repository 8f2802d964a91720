// @ts-check
// A large figure beside the limit of the machine: a bar, a tick at the limit, and the distance in words.
//
// Responsible for: the bar and its words. The figure above it is in figure.js.

import { find, write } from '../dom.js';

/** @typedef {{ mine: number | null, limit: number | null, less?: boolean, words: string }} Limited */

export class LimitBar {
  #bar;
  #mine;
  #tick;
  #words;
  #share;

  /** @param {string} selector of the box with the bar and its words */
  constructor(selector) {
    this.#bar = find(document, `${selector} .bullet`);
    this.#mine = find(document, `${selector} .bullet i`);
    this.#tick = find(document, `${selector} .bullet em`);
    this.#words = find(document, `${selector} .floor span`);
    this.#share = find(document, `${selector} .floor b`);
  }

  /** @param {Limited} limited `less` says that less is better */
  show({ mine, limit, less = false, words }) {
    const isKnown = mine !== null && limit !== null && limit > 0;
    write(this.#words, words);
    write(this.#share, isKnown ? shareOf(mine, limit, less) : '');
    this.#tick.hidden = limit === null;
    const most = Math.max(mine ?? 0, limit ?? 0, 1e-9);
    set(this.#mine, 'width', mine === null ? 0 : mine / most);
    set(this.#tick, 'left', (limit ?? 0) / most);
    this.#bar.classList.toggle('unknown', !isKnown);
  }
}

/**
 * @param {number} mine
 * @param {number} limit
 * @param {boolean} less
 */
function shareOf(mine, limit, less) {
  if (!less) return `${mine > 0 && mine < 0.005 * limit ? '<1' : Math.round((100 * mine) / limit)}\u202f%`;
  const times = mine / limit;
  return `${times >= 100 ? Math.round(times).toLocaleString('en') : times.toFixed(times >= 10 ? 0 : times >= 3 ? 1 : 2)}\u202f×`;
}

/**
 * @param {HTMLElement} node
 * @param {'width' | 'left'} name
 * @param {number} share
 */
function set(node, name, share) {
  const text = `${(100 * share).toFixed(1)}%`;
  if (node.style[name] !== text) node.style[name] = text;
}
