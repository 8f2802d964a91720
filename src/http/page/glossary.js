// @ts-check
// The meaning of a figure, where the pointer or the focus is.
//
// Responsible for: the one floating box of the page, and the definitions in it, which come from the
// glossary at the foot of the page. Charts show their values in the same box.

import { element, findAll } from './dom.js';

/** One floating box for the whole page; it follows the pointer, or sits under a focused element. */
export class Tooltip {
  constructor() {
    this.box = element('div', 'tooltip');
    this.box.hidden = true;
    document.body.append(this.box);
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {...Node} content
   */
  show(x, y, ...content) {
    this.box.replaceChildren(...content);
    this.box.hidden = false;
    const { offsetWidth: w, offsetHeight: h } = this.box;
    const left = x + 14 + w > innerWidth - 8 ? x - 14 - w : x + 14;
    const top = y + 16 + h > innerHeight - 8 ? y - 12 - h : y + 16;
    this.box.style.left = `${Math.max(8, Math.min(left, innerWidth - w - 8))}px`;
    this.box.style.top = `${Math.max(8, top)}px`;
  }

  hide() {
    this.box.hidden = true;
  }
}

/** Definitions on hover and on keyboard focus, read from the glossary at the foot of the page. */
export class Glossary {
  /** @type {HTMLElement | null} what was clicked on: not explained again until the pointer has left it */
  #pressed = null;

  /** @param {Tooltip} tooltip */
  constructor(tooltip) {
    this.tooltip = tooltip;
    this.prepare(document);
    document.addEventListener('pointerover', (event) => this.#over(event));
    document.addEventListener('focusin', (event) => this.#focus(event));
    document.addEventListener('focusout', () => tooltip.hide());
    document.addEventListener('input', () => tooltip.hide());
    document.addEventListener('click', (event) => {
      this.#pressed = termAt(event.target);
      tooltip.hide(); // it would cover what the click did
    });
    document.addEventListener('keydown', (event) => event.key === 'Escape' && tooltip.hide());
  }

  /**
   * Makes terms reachable by keyboard. Table cells are not: their column's head is, and says the same.
   * @param {ParentNode} root
   */
  prepare(root) {
    for (const node of findAll(root, '[data-term]:not(td)')) {
      // A label's field is reached by keyboard already.
      const reached = (node instanceof HTMLLabelElement && node.control) || node;
      if (reached.tabIndex < 0) reached.tabIndex = 0;
      reached.setAttribute('aria-describedby', `term-${node.dataset.term}`);
    }
  }

  /** @param {PointerEvent} event */
  #over(event) {
    const node = termAt(event.target);
    if (node && node === this.#pressed) return;
    this.#pressed = null;
    if (node) this.#define(node, event.clientX, event.clientY);
    else if (!(event.target instanceof Element && event.target.closest('.plot'))) this.tooltip.hide();
  }

  /** @param {FocusEvent} event */
  #focus({ target }) {
    if (!(target instanceof Element) || !target.matches(':focus-visible')) return;
    const label = target instanceof HTMLInputElement || target instanceof HTMLSelectElement ? target.labels?.[0] : null;
    const node = termAt(target) ?? termAt(label ?? null);
    if (!node) return;
    const box = node.getBoundingClientRect();
    this.#define(node, box.left - 10, box.bottom - 10);
  }

  /**
   * @param {HTMLElement} node
   * @param {number} x
   * @param {number} y
   */
  #define(node, x, y) {
    const term = document.getElementById(`term-${node.dataset.term}`);
    if (!term) return;
    const definition = term.nextElementSibling?.textContent ?? '';
    const parts = [element('b', '', term.textContent ?? ''), element('p', '', definition)];
    if (node.detail) parts.push(element('p', 'detail', node.detail()));
    this.tooltip.show(x, y, ...parts);
  }
}

/**
 * The element with a term that encloses a target.
 * @param {EventTarget | null} target
 * @returns {HTMLElement | null}
 */
function termAt(target) {
  return target instanceof Element ? target.closest('[data-term]') : null;
}
