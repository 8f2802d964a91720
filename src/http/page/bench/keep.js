// @ts-check
// Keeping a selection of the score as a run.
//
// Responsible for: the button, and the link to the run or the reason for the refusal. The server decides what
// such a run contains.

import { element, findAs, write } from '../dom.js';
import { addressOf } from '../run-address.js';
import { messageOf, order } from '../server.js';

export class Keep {
  /**
   * @param {HTMLElement} box the words of a selection, with the button
   * @param {() => [from: number, to: number] | null} selection the selected stretch, in seconds of uptime
   * @param {() => { t: number }[]} shown the rows of the score: a selection may reach beyond them
   */
  constructor(box, selection, shown) {
    this.selection = selection;
    this.shown = shown;
    this.button = findAs(HTMLButtonElement, box, '.keep');
    this.said = findAs(HTMLElement, box, '.kept');
    this.button.addEventListener('click', () => this.#keep());
  }

  /** Clears the words after another stretch has been selected. */
  forget() {
    write(this.said, '');
  }

  async #keep() {
    const stretch = this.selection();
    if (!stretch) return;
    const [first, last] = [this.shown()[0]?.t ?? 0, this.shown().at(-1)?.t ?? 0];
    const [from, to] = stretch.map((t) => Math.min(last, Math.max(first, t)).toFixed(3));
    this.button.disabled = true;
    write(this.said, 'keeping …');
    try {
      const { id } = JSON.parse(await order('api/runs/keep', { from_s: from, to_s: to }));
      const link = element('a', '', 'show it');
      link.href = addressOf([id]);
      this.said.replaceChildren('Kept: ', link);
    } catch (error) {
      write(this.said, `Not kept: ${messageOf(error)}.`);
    } finally {
      this.button.disabled = false;
    }
  }
}
