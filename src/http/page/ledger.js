// @ts-check
// The ledger's verdict: whether every event is accounted for.
//
// Responsible for: telling a fault from counters that are read one after another, which can miss events
// in motion for a moment.

import { find, write } from './dom.js';
import { format } from './format.js';

/** @import { Snapshot } from './snapshot.d.ts' */

const SKEW_S = 2; // unaccounted events are a fault if they stay for longer

export class Ledger {
  /** @type {number | null} the uptime since which events have been unaccounted for */
  #since = null;

  /** @param {HTMLElement} section */
  constructor(section) {
    this.verdict = find(section, '.verdict');
  }

  /** @param {Snapshot} snapshot */
  update({ ledger, uptime_s: now }) {
    const missing = ledger.unaccounted;
    if (missing === 0) this.#since = null;
    else if (this.#since === null || this.#since > now) this.#since = now;
    const warn = this.#since !== null && now - this.#since > SKEW_S;
    this.verdict.classList.toggle('warn', warn);
    write(this.verdict, warn ? `⚠ ${format.count(missing)} unaccounted` : '✓ 0 unaccounted');
  }
}
