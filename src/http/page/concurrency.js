// @ts-check
// The stepper of the consumers' concurrency.
//
// Responsible for: showing what was asked for until a snapshot has it, and sending one change at a time.
// Which values make sense, the server decides.

import { find, findAll, findAs, write } from './dom.js';
import { messageOf, order } from './server.js';

/** @import { Snapshot } from './snapshot.d.ts' */

const REMEMBER_MS = 1500; // a snapshot may be older than the change for this long
const REPORTED_MS = 8000;

export class Concurrency {
  /** @type {number | null} */
  #inForce = null;
  /** @type {string | null} what was asked for, until a snapshot has it */
  #wanted = null;
  /** @type {string | null} the value that is on its way to the server */
  #sent = null;
  #since = 0;
  #edited = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #clearing;

  /** @param {HTMLElement} node */
  constructor(node) {
    this.input = findAs(HTMLInputElement, node, 'input');
    this.said = find(node, '.said');
    this.label = find(node, 'label');
    this.input.addEventListener('input', () => {
      this.#edited = true;
    });
    this.input.addEventListener('change', () => this.#want(this.input.value));
    this.input.addEventListener('blur', () => this.#show());
    for (const button of findAll(node, 'button')) {
      const step = Number(button.dataset.step);
      button.addEventListener('click', () => this.#want(String(Math.max(0, this.#now() + step))));
    }
  }

  #now() {
    return Number(this.#wanted ?? this.#inForce);
  }

  /** @param {Snapshot} snapshot */
  update({ config, consumers }) {
    this.#inForce = consumers.concurrency;
    const isInFile = !config.not_in_file.includes('consumers.concurrency');
    this.label.detail = isInFile ? undefined : () => 'Not in the file yet. The Configuration tab can write it.';
    const isLate = performance.now() - this.#since > REMEMBER_MS;
    if (this.#sent === null && (isLate || Number(this.#wanted) === this.#inForce)) this.#wanted = null;
    this.#show();
  }

  #show() {
    if (this.#edited && document.activeElement === this.input) return;
    this.#edited = false;
    const value = String(this.#wanted ?? this.#inForce ?? '');
    if (this.input.value !== value) this.input.value = value;
  }

  /**
   * Asks for a value. Of several clicks in a row only the last is sent once the answer to the first is there.
   * @param {string} value
   */
  async #want(value) {
    this.#edited = false;
    this.#wanted = value.trim();
    this.#show();
    if (this.#sent !== null) return;
    while (this.#wanted !== null && this.#wanted !== this.#sent) {
      this.#sent = this.#wanted;
      try {
        await order('api/concurrency', { value: this.#sent });
        this.#report('');
      } catch (error) {
        if (this.#wanted === this.#sent) this.#wanted = null;
        this.#report(`Not changed: ${messageOf(error)}`);
      }
    }
    this.#sent = null;
    this.#since = performance.now();
    this.#show();
  }

  /** @param {string} text */
  #report(text) {
    write(this.said, text);
    clearTimeout(this.#clearing);
    if (text) this.#clearing = setTimeout(() => this.#report(''), REPORTED_MS);
  }
}
