// @ts-check
// The theme: light, dark, or whichever the system has until a person chooses.
//
// Responsible for: the button, and remembering the choice.

import { remembered } from './remembered.js';

/**
 * Applies the remembered theme and lets a button switch it.
 * @param {HTMLElement} button
 * @param {() => void} [changed] called whenever colours have changed, also by the system
 */
export function switchTheme(button, changed = () => {}) {
  const systemDark = matchMedia('(prefers-color-scheme: dark)');
  const { dataset } = document.documentElement;
  dataset.theme = remembered.get('theme') ?? '';
  systemDark.addEventListener('change', changed);
  button.addEventListener('click', () => {
    const now = dataset.theme || (systemDark.matches ? 'dark' : 'light');
    dataset.theme = now === 'dark' ? 'light' : 'dark';
    remembered.set('theme', dataset.theme);
    changed();
  });
}
