// @ts-check
// The button with the number of dead letters, which opens their panel.
//
// Responsible for: hiding the button while there are none, and loading dead.js when the panel is first opened.

import { element, findAs, write } from './dom.js';
import { format } from './format.js';
import { messageOf } from './server.js';

/** @import { DeadLetters } from './dead.js' */
/** @import { Snapshot } from './snapshot.d.ts' */

export class DeadBar {
  /** @type {DeadLetters | null} null until the panel is first opened */
  #letters = null;
  #count = 0;

  /**
   * @param {HTMLElement} ledger
   * @param {HTMLElement} panel
   */
  constructor(ledger, panel) {
    this.panel = panel;
    this.open = findAs(HTMLButtonElement, ledger, '#dead-open');
    panel.addEventListener('toggle', () => this.#toggled());
  }

  /** @param {Snapshot} snapshot */
  update({ queue: { dead = 0 } }) {
    this.#count = dead;
    // The button stays while its panel is open, because it gets the focus back.
    this.open.hidden = dead === 0 && !this.#isOpen;
    write(this.open, `${format.count(dead)} dead ${dead === 1 ? 'letter' : 'letters'}`);
    if (this.#isOpen) this.#letters?.follow(dead);
  }

  get #isOpen() {
    return this.panel.matches(':popover-open');
  }

  async #toggled() {
    if (!this.#isOpen) return this.#letters?.rest();
    try {
      const { DeadLetters } = await import('./dead.js');
      this.#letters ??= new DeadLetters(this.panel);
      this.#letters.show(this.#count);
    } catch (error) {
      this.panel.replaceChildren(element('p', 'alarm', `The dead letters could not be loaded: ${messageOf(error)}`));
    }
  }
}
