// @ts-check
// An event, shown in slow motion.
//
// Responsible for: which event is shown, when its replay begins, and how far it is. An event takes tens of milliseconds
// and events may come faster than replays end, so the page shows one to its end and then the newest.

import { isSettled } from './times.js';

/** @import { MatchEvent } from './types.d.ts' */

const LONGEST_MS = 1500; // of a replay
const HOLD_MS = 350; // a complete field is shown before the next event
const PATIENCE_MS = 250; // an event that is not complete by then is shown as far as it is
const FACTORS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000];

export class Replay {
  /** @type {MatchEvent | null} */
  event = null;
  /** How much slower than the machine the replay is. */
  slow = 1;
  /** Whether times stand at their end, for viewers who want no motion. */
  still = false;
  /** @type {MatchEvent | null} the newest, if it is not the one that is shown */
  #next = null;
  /** @type {MatchEvent | null} the newest that is complete and not shown yet */
  #complete = null;
  /** Since when there has been an event to show. */
  #since = 0;
  #begun = 0;

  /**
   * Takes the newest event. Returns whether a replay begins.
   * @param {MatchEvent | null} event
   * @param {number} now the clock of the page
   */
  take(event, now) {
    if (event === null) {
      this.event = this.#next = this.#complete = null;
      return false;
    }
    if (event.seq === this.event?.seq) {
      this.event = event;
      this.#next = this.#complete = null;
      return false;
    }
    if (!this.#next) this.#since = now;
    this.#next = event;
    if (isSettled(event)) this.#complete = event;
    return this.advance(now);
  }

  /** Begins the replay of the newest event, if the present one is over. @param {number} now */
  advance(now) {
    if (!this.#next || (this.event && !this.still && !this.#isOver(now))) return false;
    // At many events a second the newest is hardly ever complete.
    const isDue = this.#next.stalled_ms > 0 || now - this.#since >= PATIENCE_MS;
    const next = this.#complete ?? (isDue ? this.#next : null);
    if (!next) return false;
    this.event = next;
    this.#next = this.#complete = null;
    this.#begun = now;
    const total = Math.max(next.curve.at(-1) ?? 0, 1e-3);
    this.slow = FACTORS.findLast((factor) => total * factor <= LONGEST_MS) ?? FACTORS[0];
    return true;
  }

  /** Milliseconds of the machine since the event, as shown. @param {number} now */
  elapsed(now) {
    if (!this.event) return 0;
    return this.still ? Infinity : Math.max(0, now - this.#begun) / this.slow;
  }

  /** Whether the picture changes. @param {number} now */
  moves(now) {
    if (this.still || !this.event) return false;
    return this.#next !== null || !this.#isOver(now);
  }

  /** @param {number} now */
  #isOver(now) {
    const total = this.event?.curve.at(-1) ?? 0;
    return (now - this.#begun - HOLD_MS) / this.slow > total;
  }
}
