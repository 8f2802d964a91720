// What a figure means, where somebody points.
//
// Responsible for: the one floating box of the page, and the definitions in it, which it reads from the
// glossary at the foot of the page. Charts show their values in the same box.

import { element } from './panels.js';

/** One floating box for the whole page; it follows the pointer, or sits under a focused element. */
export class Tooltip {
  constructor() {
    this.box = document.createElement('div');
    this.box.className = 'tooltip';
    this.box.hidden = true;
    document.body.append(this.box);
  }

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
  #pressed = null; // what was clicked on is not explained again until the pointer has been elsewhere

  constructor(tooltip) {
    this.tooltip = tooltip;
    this.prepare(document);
    document.addEventListener('pointerover', (event) => this.#over(event));
    document.addEventListener('focusin', (event) => this.#focus(event));
    document.addEventListener('focusout', () => tooltip.hide());
    document.addEventListener('input', () => tooltip.hide());
    document.addEventListener('click', (event) => {
      this.#pressed = event.target.closest?.('[data-term]') ?? null;
      tooltip.hide(); // what was done is to be seen
    });
    document.addEventListener('keydown', (event) => event.key === 'Escape' && tooltip.hide());
  }

  /** Makes terms reachable by keyboard. Table cells are not: their column's head is, and says the same. */
  prepare(root) {
    for (const node of root.querySelectorAll('[data-term]:not(td)')) {
      const reached = node.control ?? node; // a label's field is reached by keyboard already
      if (reached.tabIndex < 0) reached.tabIndex = 0;
      reached.setAttribute('aria-describedby', `term-${node.dataset.term}`);
    }
  }

  #over(event) {
    const node = event.target.closest?.('[data-term]');
    if (node && node === this.#pressed) return;
    this.#pressed = null;
    if (node) this.#define(node, event.clientX, event.clientY);
    else if (!event.target.closest?.('.plot')) this.tooltip.hide();
  }

  #focus(event) {
    const node = event.target.closest?.('[data-term]') ?? event.target.labels?.[0]?.closest('[data-term]');
    if (!node || !event.target.matches(':focus-visible')) return;
    const box = node.getBoundingClientRect();
    this.#define(node, box.left - 10, box.bottom - 10);
  }

  #define(node, x, y) {
    const term = document.getElementById(`term-${node.dataset.term}`);
    if (!term) return;
    const parts = [element('b', '', term.textContent), element('p', '', term.nextElementSibling.textContent)];
    if (node.detail) parts.push(element('p', 'detail', node.detail()));
    this.tooltip.show(x, y, ...parts);
  }
}
