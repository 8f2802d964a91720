// @ts-check
// A tab whose scripts are loaded when it is first shown, so that the bench loads without them.
//
// Responsible for: loading the scripts once, saying when that failed, and not updating a hidden tab. app.js
// says which scripts to load.

import { element, write } from './dom.js';

/** @import { Snapshot } from './snapshot.d.ts' */

/**
 * What a tab may do with each snapshot, and after a change of colours or sizes.
 * @typedef {{ update?: (snapshot: Snapshot) => void, redraw?: () => void }} Part
 */

const RETRY_MS = 5000;

/** @template {Part} P */
export class Later {
  /** @type {Promise<P> | null} */
  #loading = null;
  /** @type {P | null} null until it is loaded */
  part = null;
  #failed = -Infinity; // when loading it failed
  #said = element('p', 'quiet');

  /**
   * @param {HTMLElement} section
   * @param {(section: HTMLElement) => Promise<P>} load
   */
  constructor(section, load) {
    this.section = section;
    this.load = load;
    this.#said.setAttribute('role', 'status');
  }

  /**
   * Returns the part, and loads it first if needed.
   * @returns {Promise<P>}
   */
  get() {
    this.#loading ??= this.#load();
    return this.#loading;
  }

  /** Shows a snapshot, if the tab is shown. @param {Snapshot} snapshot */
  update(snapshot) {
    if (this.section.hidden) return;
    if (this.part) this.part.update?.(snapshot);
    else if (performance.now() - this.#failed > RETRY_MS) this.get().catch(() => {}); // the tab says so itself
  }

  redraw() {
    if (!this.section.hidden) this.part?.redraw?.();
  }

  async #load() {
    this.section.prepend(this.#said);
    write(this.#said, 'Loading …');
    try {
      this.part = await this.load(this.section);
      this.#said.remove();
      return this.part;
    } catch (error) {
      this.#loading = null;
      this.#failed = performance.now();
      write(this.#said, `This tab could not be loaded. Trying again every ${RETRY_MS / 1000} s.`);
      throw error;
    }
  }
}
