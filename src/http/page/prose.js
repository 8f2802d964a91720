// @ts-check
// Texts of exercises, which the server has rendered from Markdown, as elements.
//
// Responsible for: what only the page knows of a text, namely the address of its server, and a button that
// copies a command. What authors write is escaped by the server (src/exercise/markdown/html.rs); a parsed
// document runs no script, and the page's policy allows none.

import { command, commands, copying, here, typed } from './commands.js';
import { element } from './dom.js';

/**
 * A text as elements.
 * @param {string} html as the server has rendered it
 */
export function prose(html) {
  const { body } = new DOMParser().parseFromString(html, 'text/html');
  for (const link of body.querySelectorAll('a')) point(link);
  for (const block of body.querySelectorAll('pre')) block.replaceWith(code(block.textContent ?? ''));
  for (const inside of body.querySelectorAll('code')) {
    if (!inside.closest('pre')) inside.replaceWith(typed(command((inside.textContent ?? '').trim())));
  }
  for (const table of body.querySelectorAll('table')) {
    const scroll = scrolling(element('div', 'scroll'), 'A table');
    table.replaceWith(scroll);
    scroll.append(table);
  }
  const made = document.createDocumentFragment();
  made.append(...body.childNodes);
  return made;
}

/**
 * A block of code, and what copies it.
 * @param {string} text
 */
export function code(text) {
  const lines = commands(text.trimEnd());
  return element('div', 'block', element('pre', '', typed(lines)), copying(lines));
}

/**
 * Lets a link to a bench lead to this one.
 * @param {HTMLAnchorElement} link
 */
function point(link) {
  const target = link.getAttribute('href') ?? '';
  if (link.textContent === target) link.textContent = here(target);
  link.setAttribute('href', here(target));
}

/**
 * What may be wider than the page can be scrolled by keyboard.
 * @param {HTMLElement} node
 * @param {string} label
 */
function scrolling(node, label) {
  node.tabIndex = 0;
  node.setAttribute('role', 'region');
  node.setAttribute('aria-label', label);
  return node;
}
