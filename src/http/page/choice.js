// @ts-check
// A group of buttons of which one is pressed.

import { findAll } from './dom.js';

/**
 * @template {string} V
 * @param {HTMLElement} group
 * @param {V} value the one that is pressed at first
 * @param {(value: V) => void} chosen
 */
export function choice(group, value, chosen) {
  const buttons = findAll(group, 'button').filter((node) => node instanceof HTMLButtonElement);
  /** @param {V} now */
  const press = (now) => {
    for (const one of buttons) one.setAttribute('aria-pressed', String(one.value === now));
  };
  for (const button of buttons) {
    button.addEventListener('click', () => {
      const now = /** @type {V} */ (button.value);
      press(now);
      chosen(now);
    });
  }
  press(value);
}
