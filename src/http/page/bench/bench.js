// @ts-check
// The bench's tab: the verdict, the picture, the score and the three modes.
//
// Responsible for: when each is drawn. Geometry moves thirty times a second, and only while something moves;
// all words change together, twice a second, so that no figure has two values. Time can be stopped.

import { find } from '../dom.js';
import { Picture } from './picture.js';
import { Reading } from './reading.js';
import { Score } from './score.js';
import { Side } from './side.js';
import { LOST, VerdictLine } from './verdict.js';

/** @import { Happening } from '../charts.d.ts' */
/** @import { Tooltip } from '../glossary.js' */
/** @import { Palette } from '../palette.js' */
/** @import { Snapshot } from '../snapshot.d.ts' */
/** @import { Row } from '../timeline.js' */
/** @import { Figures } from './types.d.ts' */

const FRAME_MS = 30;
const WORDS_MS = 490; // a little less than five snapshots

export class Bench {
  #reading = new Reading();
  /** @type {Figures | null} the newest */
  #f = null;
  #said = -Infinity;
  #key = '';
  #stopped = false;
  #frame = 0;
  #painted = 0;

  /**
   * @param {HTMLElement} section
   * @param {object} parts
   * @param {Palette} parts.palette
   * @param {Tooltip} parts.tooltip
   * @param {() => { rows: Row[], marks: Happening[] }} parts.past
   * @param {(snapshot: Snapshot) => void} parts.words writes all other words of the page
   */
  constructor(section, { palette, tooltip, past, words }) {
    this.section = section;
    this.words = words;
    this.verdict = new VerdictLine(find(section, '#verdict'), find(document, '#badge'));
    this.picture = new Picture(find(section, '.picture'), palette);
    this.score = new Score(find(section, '.score'), palette, tooltip, past);
    this.side = new Side(find(section, '.ways'));
  }

  /**
   * Takes a snapshot. Words wait for their turn, unless the state has changed.
   * @param {Snapshot} snapshot
   */
  take(snapshot) {
    if (this.#stopped) return;
    const now = performance.now();
    const { figures: f, counts } = this.#reading.take(snapshot);
    this.#f = f;
    if (!document.hidden) this.picture.take(f, counts, now);
    const key = `${f.verdict.word} ${f.paused} ${f.concurrency} ${f.capacity} ${f.limit} ${snapshot.config.generation}`;
    if (document.hidden || (key === this.#key && now - this.#said < WORDS_MS)) return;
    this.#key = key;
    this.#said = now;
    this.say(snapshot);
  }

  /** @param {Snapshot} snapshot */
  say(snapshot) {
    const f = this.#f;
    if (!f) return;
    this.verdict.show(f.verdict);
    this.words(snapshot);
    if (!this.#isShown) return;
    this.picture.say(f);
    // The charts have a frame of their own, after that of the words.
    requestAnimationFrame(() => this.score.take(f));
    this.side.update(snapshot, f);
    this.#move();
  }

  get #isShown() {
    return !this.section.hidden && !document.hidden;
  }

  /**
   * Marks on the time axis what this page has seen happen.
   * @param {string} text
   * @param {number} ago seconds
   */
  mark(text, ago) {
    if (this.#f) this.score.seen.push({ t: this.#f.t - ago, kind: 'load', text });
  }

  /** The server cannot be reached: what is shown is what it said last. */
  lose() {
    this.verdict.show(LOST);
    this.#said = -Infinity;
    this.#key = '';
  }

  /** Stops time, or lets it go on: the charts can be read while the bench works on. */
  stop() {
    this.#stopped = !this.#stopped;
    this.section.classList.toggle('stopped', this.#stopped);
    this.#said = -Infinity;
    return this.#stopped;
  }

  /** Frames, for as long as something moves. */
  #move() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame((now) => {
      this.#frame = 0;
      if (!this.#isShown || this.#stopped) return;
      if (now - this.#painted >= FRAME_MS) {
        this.#painted = now;
        this.picture.draw(performance.now());
      }
      if (this.picture.moves) this.#move();
    });
  }

  /** Colours or sizes have changed, or the tab is shown again. */
  redraw() {
    this.score.pen.forget();
    this.picture.draw(performance.now());
    this.score.redraw();
    this.#said = -Infinity;
  }
}
