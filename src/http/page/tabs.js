// @ts-check
// The tabs of the page, each with an address: #bench, #runs and so on.
//
// Responsible for: which section is shown, and which link is marked. What follows a "=" in the address is for
// the section itself; #run=ID is the address of a run in the Runs tab.

import { find, findAll } from './dom.js';

const FIRST = 'bench';

/**
 * The id of the section that an address is in.
 * @param {string} hash
 */
export function sectionOf(hash) {
  const [asked] = hash.replace(/^#/, '').split('=');
  return asked === 'run' ? 'runs' : asked;
}

/**
 * Shows the section that the address names, now and whenever it changes.
 * @param {(name: string) => void} shown called with the name of the section that is shown
 */
export function followAddress(shown) {
  const sections = findAll(document, '[data-tab]');
  const links = findAll(find(document, '.tabs'), 'a').filter((link) => link instanceof HTMLAnchorElement);
  let name = '';
  const follow = () => {
    const asked = sectionOf(location.hash);
    const next = sections.some(({ id }) => id === asked) ? asked : FIRST;
    if (next === name) return;
    name = next;
    for (const section of sections) section.hidden = section.id !== name;
    for (const link of links) {
      if (link.hash && sectionOf(link.hash) === name) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    document.body.dataset.tab = name;
    scrollTo(0, 0); // and not to the section below the header
    shown(name);
  };
  addEventListener('hashchange', follow);
  follow();
}
