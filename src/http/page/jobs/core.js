// @ts-check
// The picture of the jobs lab: a core, cut into turns.
//
// Responsible for: the strip of turns, replayed slowly from the server's samples, and the words below it. The strip
// draws turns to scale.

import { format } from '../format.js';
import { Surface } from '../labs/surface.js';
import { turnWords, wallWords } from './turn-words.js';

/** @import { Paper } from '../labs/surface.js' */
/** @import { Palette } from '../palette.js' */
/** @import { Core, Jobs, Turn } from './types.d.ts' */

const PACE = 160; // µs of the core shown in a second
const SHOWN_US = 2000;
const NARROW_US = 1000;
const NARROW = 500; // px
const JUMP = 0.12; // a change of the ordinary share by more is shown at once

/** The samples of one core, one after the other. */
class Tape {
  /** @type {Turn[]} */
  turns = [];
  end = 0;
  head = 0;
  #owners = '';
  #share = -1;
  /** @type {Core | null} */
  newest = null;

  /** @param {Core} core */
  take(core) {
    this.newest = core;
    const owners = [...new Set(core.turns.map(([, , job]) => job).filter((job) => job > 0))].toSorted().join();
    const ordinary = core.turns.reduce((sum, [, length, job]) => (job ? sum : sum + length), 0) / core.window_us;
    if (owners === this.#owners && Math.abs(ordinary - this.#share) < JUMP && this.end > 0) return;
    this.#owners = owners;
    this.#share = ordinary;
    this.turns = [];
    this.end = this.head = 0;
    this.#append();
  }

  /**
   * @param {number} us how far the strip moves
   * @param {number} shown
   */
  move(us, shown) {
    this.head += us;
    while (this.newest && this.newest.window_us > 0 && this.end < this.head + shown) this.#append();
    const gone = this.turns.findIndex(([start, length]) => start + length >= this.head);
    if (gone > 0) this.turns.splice(0, gone);
  }

  #append() {
    if (!this.newest) return;
    for (const [start, length, job] of this.newest.turns) this.turns.push([this.end + start, length, job]);
    this.end += this.newest.window_us;
  }
}

export class CorePicture {
  /** @type {Tape[]} */
  #tapes = [];
  /** @type {Jobs | null} */
  #jobs = null;
  #last = 0;
  #still = matchMedia('(prefers-reduced-motion: reduce)');

  /**
   * @param {HTMLElement} place
   * @param {Palette} palette
   */
  constructor(place, palette) {
    this.palette = palette;
    const height = (/** @type {number} */ _, /** @type {number} */ rem) => {
      const lanes = Math.max(1, this.#tapes.length);
      return lanes * this.#lane(rem) + (lanes - 1) * 0.8 * rem + 2.2 * rem;
    };
    this.surface = new Surface(place, 'Turns on the core', height, (paper) => this.#draw(paper));
    const frame = (/** @type {number} */ now) => {
      const passed = Math.min(0.25, (now - this.#last) / 1000);
      this.#last = now;
      if (!this.#still.matches && this.#jobs) {
        for (const tape of this.#tapes) tape.move(passed * PACE, SHOWN_US);
        this.surface.paint();
      }
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  /** @param {Jobs} jobs */
  take(jobs) {
    const changed = this.#tapes.length !== jobs.cores.length;
    if (changed) this.#tapes = jobs.cores.map(() => new Tape());
    for (const [index, tape] of this.#tapes.entries()) tape.take(jobs.cores[index]);
    this.#jobs = jobs;
    for (const tape of this.#tapes) tape.move(0, SHOWN_US);
    if (this.#still.matches) this.surface.redraw();
    const shares = jobs.cores.map(
      ({ share, lost }, index) => `core ${index}: ${lost ? 'lost' : format.percent(share)}`,
    );
    this.surface.canvas.setAttribute('aria-label', `Turns on the core. In use, ${shares.join(', ')}`);
  }

  /** The height of a strip; a projector gets tall ones. @param {number} rem */
  #lane(rem) {
    const tall = document.documentElement.classList.contains('present') ? 1.7 : 1;
    const several = this.#tapes.length > 1;
    return (several ? Math.max(2.4, 8 / this.#tapes.length) : 5.2) * tall * rem;
  }

  /** @param {Paper} paper */
  #draw(paper) {
    const jobs = this.#jobs;
    if (!jobs) return;
    const { pen, width, rem } = paper;
    const isNarrow = width < NARROW;
    const shown = isNarrow ? NARROW_US : SHOWN_US;
    const left = isNarrow ? 0 : 5.2 * rem;
    const height = this.#lane(rem);
    let y = 0;
    this.#tapes.forEach((tape, index) => {
      pen.font = `${1.3 * rem}px Inter, system-ui, sans-serif`;
      pen.textAlign = 'left';
      pen.fillStyle = this.palette.get('muted');
      if (!isNarrow) pen.fillText(`core ${index}`, 0, y + height / 2 + 0.4 * rem);
      this.#strip(paper, tape, jobs, { left, y, height, shown });
      y += height + 0.8 * rem;
    });
    this.#scale(paper, jobs, left, y - 0.8 * rem, shown);
  }

  /**
   * @param {Paper} paper
   * @param {Tape} tape
   * @param {Jobs} jobs
   * @param {{ left: number, y: number, height: number, shown: number }} place
   */
  #strip({ pen, width, rem }, tape, jobs, { left, y, height, shown }) {
    const { palette } = this;
    const across = width - left;
    const scale = across / shown;
    const order = jobs.top.map(({ id }) => id).toSorted((a, b) => a - b);
    pen.save();
    pen.beginPath();
    pen.roundRect(left, y, across, height, 0.5 * rem);
    pen.fillStyle = palette.get('well');
    pen.fill();
    pen.clip();
    pen.font = `650 ${1.2 * rem}px Inter, system-ui, sans-serif`;
    pen.textAlign = 'center';
    const wall =
      tape.newest?.lost || tape.newest?.turns.some(([, length, job]) => job > 0 && length >= 0.98 * SHOWN_US);
    for (const [start, length, job] of tape.turns) {
      const x = left + (start - tape.head) * scale;
      const wide = length * scale;
      if (x > width || x + wide < left) continue;
      if (job === 0) {
        pen.fillStyle = palette.get('work');
        pen.fillRect(x, y, Math.max(1.5, wide - 0.7), height);
        continue;
      }
      const number = order.indexOf(job);
      pen.fillStyle = palette.get(number % 2 === 1 ? 'rogue-2' : 'rogue');
      pen.fillRect(x, y, wall ? wide + 1 : Math.max(1, wide - 1.5), height);
      if (order.length > 1 && !wall && wide > 1.5 * rem && number >= 0) {
        pen.fillStyle = '#fff';
        pen.fillText(String(number + 1), x + wide / 2, y + height / 2 + 0.4 * rem);
      }
    }
    if (wall) {
      pen.fillStyle = '#fff';
      pen.textAlign = 'left';
      pen.font = `650 ${1.5 * rem}px Inter, system-ui, sans-serif`;
      const job = tape.newest?.turns.findLast(([, , id]) => id > 0)?.[2];
      pen.fillText(
        wallWords(jobs, job, tape.newest?.lost === true, width < NARROW),
        left + 1.6 * rem,
        y + height / 2 + 0.5 * rem,
      );
    }
    pen.restore();
    pen.strokeStyle = palette.get('edge');
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.roundRect(left + 0.75, y + 0.75, across - 1.5, height - 1.5, 0.5 * rem);
    pen.stroke();
  }

  /**
   * The bracket that shows the length of a turn, to the scale of the strip.
   * @param {Paper} paper
   * @param {Jobs} jobs
   * @param {number} left
   * @param {number} y
   * @param {number} shown
   */
  #scale({ pen, width, rem }, { isolation, slice, top, cores }, left, y, shown) {
    pen.font = `${1.2 * rem}px Inter, system-ui, sans-serif`;
    pen.fillStyle = pen.strokeStyle = this.palette.get('muted');
    const isNarrow = width < NARROW;
    const line = y + 1.5 * rem;
    const pace = `${shown / 1000} ms of the core, slowed ${format.count(1e6 / PACE)}×`;
    const writePace = (/** @type {number} */ from) => {
      pen.textAlign = 'right';
      if (!isNarrow && width - pen.measureText(pace).width > from) pen.fillText(pace, width, line);
    };
    if (isolation !== 'fuel' || slice.us === null) return writePace(left);
    const turns = Math.max(1, cores.length === 1 ? top.length : 1);
    const long = Math.min(((width - left) * slice.us * turns) / shown, isNarrow ? width * 0.4 : (width - left) * 0.55);
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(left + 0.5, y + 0.6 * rem);
    pen.lineTo(left + 0.5, y + 1.4 * rem);
    pen.moveTo(left, y + rem);
    pen.lineTo(left + long, y + rem);
    pen.moveTo(left + long + 0.5, y + 0.6 * rem);
    pen.lineTo(left + long + 0.5, y + 1.4 * rem);
    pen.stroke();
    pen.textAlign = 'left';
    const words = turnWords(slice.reductions, slice.us, turns, top.length, isNarrow);
    const from = left + long + 0.8 * rem;
    pen.fillText(words, from, line);
    writePace(from + pen.measureText(words).width + rem);
  }
}
