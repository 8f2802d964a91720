// @ts-check
// One tab stop for a row or a column of elements: the arrow keys move along it, Home and End go to its ends.
//
// Responsible for: which of the elements the Tab key reaches. Elements may come, go and be hidden.

import { findAll } from './dom.js';

/** @type {Record<string, (at: number, last: number) => number>} */
const STEPS = {
  ArrowRight: (at, last) => Math.min(at + 1, last),
  ArrowDown: (at, last) => Math.min(at + 1, last),
  ArrowLeft: (at) => Math.max(at - 1, 0),
  ArrowUp: (at) => Math.max(at - 1, 0),
  Home: () => 0,
  End: (_, last) => last,
};

/**
 * Moves the focus among the elements in `box` that `selector` names. Returns a function to call when others are
 * there: it gives the first one the tab stop, if none has it.
 * @param {HTMLElement} box
 * @param {string} selector
 */
export function rove(box, selector) {
  const all = () => findAll(box, selector).filter((one) => !one.hidden);
  /** @param {HTMLElement | undefined} chosen */
  const stop = (chosen) => {
    for (const one of findAll(box, selector)) one.tabIndex = one === chosen ? 0 : -1;
  };
  box.addEventListener('keydown', (event) => {
    const there = all();
    const at = there.findIndex((one) => one.matches(':focus'));
    const step = STEPS[event.key];
    if (at < 0 || !step) return;
    event.preventDefault();
    const next = there[step(at, there.length - 1)];
    stop(next);
    next.focus();
  });
  const again = () => {
    const there = all();
    stop(there.find((one) => one === document.activeElement) ?? there[0]);
  };
  again();
  return again;
}
