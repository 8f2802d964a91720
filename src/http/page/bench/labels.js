// @ts-check
// The words in the picture. They are elements, so that they can be selected, read aloud and pointed at.
//
// Responsible for: placing each, writing only what differs, and hiding what is not said now.

import { element } from '../dom.js';

/** @typedef {string | [look: string, text: string]} Piece a text, or one with a look of its own */
/** @typedef {string | Piece[]} Content */
/** @typedef {{ node: HTMLElement, written: string, placed: string }} Label */

const SHIFT = { l: 0, c: -50, r: -100 }; // which of its points stands at the place

export class Labels {
  /** @type {Map<string, Label>} */
  #all = new Map();
  /** @type {Set<string>} */
  #used = new Set();
  #scale = 1;

  /** @param {HTMLElement} box */
  constructor(box) {
    this.box = box;
  }

  /**
   * An element of the page's skeleton as a label.
   * @param {string} key
   * @param {HTMLElement} node
   */
  adopt(key, node) {
    this.#all.set(key, { node, written: '', placed: '' });
  }

  /** @param {number} scale pixels a unit */
  begin(scale) {
    this.#scale = scale;
    this.#used.clear();
  }

  /**
   * @param {string} key
   * @param {number} x
   * @param {number} y of its foot
   * @param {Content | null} content null leaves what is there
   * @param {object} [how]
   * @param {string} [how.look] class names
   * @param {'l' | 'c' | 'r'} [how.align]
   * @param {string} [how.term] its entry in the glossary
   */
  put(key, x, y, content, { look = 's', align = 'l', term } = {}) {
    let label = this.#all.get(key);
    if (!label) {
      label = { node: this.box.appendChild(element('div', '')), written: '', placed: '' };
      this.#all.set(key, label);
    }
    this.#used.add(key);
    const { node } = label;
    const written = JSON.stringify(content);
    if (content !== null && written !== label.written) {
      label.written = written;
      const pieces = typeof content === 'string' ? [content] : content;
      node.replaceChildren(...pieces.map((one) => (typeof one === 'string' ? one : element('span', ...one))));
    }
    const place = `${Math.round(x * this.#scale)}px, ${Math.round(y * this.#scale)}px`;
    const placed = `${place} ${align} ${look} ${term}`;
    if (placed === label.placed) return;
    label.placed = placed;
    node.className = look;
    if (term) node.dataset.term = term;
    node.style.transform = `translate(${place}) translate(${SHIFT[align]}%, -100%)`;
  }

  end() {
    for (const [key, { node }] of this.#all) node.hidden = !this.#used.has(key);
  }
}
