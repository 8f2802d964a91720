// @ts-check
// The bar below the configuration: what the edits would change, and the buttons that do it.
//
// Responsible for: the words and buttons of the bar in each state. configuration.js decides the state.

import { element, find, findAs, write } from './dom.js';

/** @import { Difference } from './config.d.ts' */

export class ConfigBar {
  /**
   * @param {HTMLElement} bar
   * @param {{ apply: (write: boolean) => void, discard: () => void, keep: () => void, revert: () => void }} orders
   */
  constructor(bar, orders) {
    this.bar = bar;
    this.said = find(bar, '.said');
    this.list = find(bar, '.differences');
    const button = (/** @type {string} */ name) => findAs(HTMLButtonElement, bar, `[data-do="${name}"]`);
    this.apply = button('apply');
    this.write = button('write');
    this.drop = button('discard');
    this.keep = button('keep');
    this.revert = button('revert');
    this.write.addEventListener('click', () => orders.apply(true));
    this.drop.addEventListener('click', orders.discard);
    this.keep.addEventListener('click', orders.keep);
    this.revert.addEventListener('click', orders.revert);
  }

  /**
   * Names the file on the buttons.
   * @param {string} file
   * @param {boolean} exists
   */
  name(file, exists) {
    const name = file.split('/').pop() ?? file;
    write(this.write, exists ? `Apply and write to ${name}` : `Apply and create ${name}`);
    write(this.keep, exists ? `Write to ${name}` : `Create ${name}`);
  }

  /**
   * @param {string} said
   * @param {{ changes?: Difference[], editing?: boolean, valid?: boolean, restart?: boolean, unwritten?: boolean, alarm?: boolean }} [state]
   */
  show(said, { changes = [], editing = false, valid = false, restart = false, unwritten = false, alarm = false } = {}) {
    write(this.said, said);
    this.said.classList.toggle('alarm', alarm);
    const lines = changes.map(({ key, from, to, restart: later }) =>
      element(
        'li',
        '',
        `${key} `,
        element('del', '', from),
        ' → ',
        element('ins', '', to),
        later ? ' needs a restart' : '',
      ),
    );
    this.list.replaceChildren(...lines);
    for (const one of [this.apply, this.write, this.drop]) one.hidden = !editing;
    for (const one of [this.apply, this.write]) one.disabled = !valid;
    if (restart) this.apply.disabled = true; // the change takes effect only at a restart
    for (const one of [this.keep, this.revert]) one.hidden = !unwritten;
    this.bar.hidden = said === '';
  }
}
