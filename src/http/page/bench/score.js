// @ts-check
// The score: rates, depth and response times, one below the other on one time axis.
//
// Responsible for: the axis, the marks on it, and when it is drawn. The bands are left to bands.js and
// response.js, pointing and selecting to pointer.js.

import { find, findAs } from '../dom.js';
import { remembered } from '../remembered.js';
import * as bands from './bands.js';
import { Heat } from './heat.js';
import { PAD, Pen } from './pen.js';
import { Pointer } from './pointer.js';
import { response } from './response.js';
import { ScoreRows } from './score-rows.js';

/** @import { Happening } from '../charts.d.ts' */
/** @import { Tooltip } from '../glossary.js' */
/** @import { Palette } from '../palette.js' */
/** @import { Row } from '../timeline.js' */
/** @import { Figures, ScoreRow } from './types.d.ts' */

const NOW_S = 1; // the axis ends now, or at most this long ago
const LEAST_S = 20; // the shortest axis
const SPANS = ['60', '120', '300', '600'];
const USUAL = '120';
const TOGETHER_S = 3; // changes of one setting in this time are one mark
const AGES = 1200; // of the oldest event, two a second: ten minutes
const ROWS = 1200; // drawn at most, of the points of ten minutes
const CONTROLS = 120; // the width at the right that marks keep free

export class Score {
  #rows = new ScoreRows();
  #heat = new Heat();
  /** @type {[number, number][]} */
  #oldest = [];
  /** @type {Figures | null} */
  #f = null;
  /** @type {[from: number, to: number] | null} a part of the axis that was zoomed into */
  zoomed = null;
  /** @type {ScoreRow[]} those on the screen */
  shown = [];
  /** @type {Happening[]} things that this page has seen, beside the server's marks */
  seen = [];
  #scheduled = false;
  #drawn = 0; // the uptime at the right edge

  /**
   * @param {HTMLElement} section
   * @param {Palette} palette
   * @param {Tooltip} tooltip
   * @param {() => { rows: Row[], marks: Happening[] }} past
   */
  constructor(section, palette, tooltip, past) {
    this.past = past;
    this.pen = new Pen(findAs(HTMLCanvasElement, section, 'canvas'), palette, () => this.redraw());
    this.span = findAs(HTMLSelectElement, section, '[name="span"]');
    this.log = find(section, '[data-log]');
    this.pointer = new Pointer(this, section, tooltip);
    const span = remembered.get('span') ?? '';
    this.span.value = SPANS.includes(span) ? span : USUAL;
    this.span.addEventListener('change', () => {
      remembered.set('span', this.span.value);
      this.zoomed = null;
      this.redraw();
    });
    this.log.setAttribute('aria-pressed', String(remembered.get('log') === 'true'));
    this.log.addEventListener('click', () => {
      this.log.setAttribute('aria-pressed', String(!this.#isLog));
      remembered.set('log', String(this.#isLog));
      this.redraw();
    });
  }

  get #isLog() {
    return this.log.getAttribute('aria-pressed') === 'true';
  }

  /**
   * Takes the figures that are said from now on.
   * @param {Figures} f
   */
  take(f) {
    const last = this.#f;
    if (last && f.frozen !== null && last.frozen === null) {
      this.seen.push({ t: f.t - f.frozen, kind: 'frozen', text: 'frozen' });
    }
    if (last && f.t < last.t) [this.seen, this.#oldest] = [[], []]; // the server was restarted
    const age = Math.max(f.oldestQueued ?? 0, f.oldestInside ?? 0);
    this.#oldest.push([f.t, age]);
    if (this.#oldest.length > AGES) this.#oldest.shift();
    this.#f = f;
    this.redraw();
  }

  /** Any number of changes within a frame cost one drawing. */
  redraw() {
    if (this.#scheduled || document.hidden) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#draw();
    });
  }

  /** @param {number} t */
  x(t) {
    const [from, to] = this.#range;
    return PAD.left + ((this.pen.right - PAD.left) * (t - from)) / (to - from);
  }

  /** @param {number} x */
  t(x) {
    const [from, to] = this.#range;
    return from + ((x - PAD.left) / (this.pen.right - PAD.left)) * (to - from);
  }

  /** @type {[from: number, to: number]} */
  #range = [0, LEAST_S];

  #draw() {
    const { pen } = this;
    let f = this.#f;
    if (!f || !pen.W || !pen.canvas.offsetParent) return;
    const { rows, marks } = this.past();
    this.#drawn = f.t;
    const last = Math.min(f.t, rows.at(-1)?.t ?? f.t); // time may be stopped
    const from = Math.max(rows[0]?.t ?? 0, last - Number(this.span.value));
    this.#range = this.zoomed ?? [from, Math.max(last, from + LEAST_S)];
    this.shown = this.#rows.between(rows, this.#range[0], Math.min(f.t + 0.3, this.#range[1]));
    pen.clear();
    if (this.shown.length < 2) return;
    if (this.zoomed) f = as(f, this.shown[this.shown.length - 1]);
    const foot = pen.H - 18;
    const x = (/** @type {number} */ t) => this.x(t);
    this.#marks([...marks, ...this.seen], foot);
    const isLog = this.#isLog;
    const some = thinned(this.shown);
    bands.rates(pen, some, x, [32, foot * 0.42], f, isLog);
    bands.depth(pen, some, x, [foot * 0.42 + 24, foot * 0.66], f, isLog);
    response(pen, this.shown, x, [foot * 0.66 + 24, foot - 2], this.#oldest, this.#heat);
    this.#axis(foot);
    this.pointer.draw(foot);
  }

  /** The uptime of now, as drawn. */
  get now() {
    return this.#drawn;
  }

  /**
   * @param {Happening[]} marks
   * @param {number} foot
   */
  #marks(marks, foot) {
    const { pen } = this;
    let taken = -Infinity;
    for (const { t, text, kind } of merged(marks)) {
      const x = Math.round(this.x(t)) + 0.5;
      if (x < PAD.left || x > pen.right) continue;
      const colour = kind === 'error' ? 'danger' : 'hold';
      pen.line(
        colour,
        1,
        [
          [x, 4],
          [x, foot],
        ],
        [2, 3],
      );
      if (x < taken) continue;
      pen.context.font = '500 11px Inter, system-ui, sans-serif';
      const width = pen.context.measureText(text).width;
      const fits = x + width + 8 < pen.W - CONTROLS;
      if (!fits && x - width - 8 < taken) continue;
      pen.text(text, fits ? x + 5 : x - 5, 11, { colour, size: 11, weight: 500, align: fits ? 'left' : 'right' });
      taken = fits ? x + width + 14 : x;
    }
  }

  /** @param {number} foot */
  #axis(foot) {
    const [from, to] = this.#range;
    const room = (this.pen.right - PAD.left) / 80;
    const steps = [1, 2, 5, 10, 15, 30, 60, 120];
    const step = steps.find((one) => (to - from) / one <= room) ?? 120;
    const first = this.#drawn - to < NOW_S ? 0 : Math.ceil((this.#drawn - to) / step) * step;
    for (let back = first; this.#drawn - back >= from; back += step) {
      const words = back ? `−${Math.floor(back / 60)}:${String(back % 60).padStart(2, '0')}` : 'now';
      this.pen.text(words, this.x(Math.min(to, this.#drawn - back)), foot + 14, { align: back ? 'center' : 'right' });
    }
  }
}

/**
 * Leaves out some rows if there are very many. Which ones depends only on their times, not on how far the
 * axis has scrolled.
 * @param {ScoreRow[]} rows
 * @returns {ScoreRow[]}
 */
function thinned(rows) {
  const stride = Math.ceil(rows.length / ROWS);
  return stride < 2 ? rows : rows.filter(({ t }, index) => !(Math.round(t * 4) % stride) || index === rows.length - 1);
}

/**
 * The figures as they were at a row: those at the right edge while the axis does not end now.
 * @param {Figures} f
 * @param {ScoreRow} row
 * @returns {Figures}
 */
function as(f, { arrived, out, depth }) {
  return { ...f, arriving: [arrived, 0, 0], done: out, failed: 0, depth };
}

/**
 * Marks in order and in few words. Several changes of one setting in a row are one change.
 * @param {Happening[]} marks
 * @returns {Happening[]}
 */
function merged(marks) {
  /** @type {Happening[]} */
  const out = [];
  for (const { t, text, kind } of [...marks].sort((a, b) => a.t - b.t)) {
    const words = brief(text, kind);
    const last = out.at(-1);
    const [name, , to] = words.split(/ (\S+) → /);
    const [lastName, from] = last?.text.split(/ (\S+) → /) ?? [];
    if (last && to && lastName === name && t - last.t < TOGETHER_S) last.text = `${name} ${from} → ${to}`;
    else out.push({ t, kind, text: words });
  }
  return out;
}

/**
 * A mark in a few words: "consumers.concurrency: 1 -> 3" is known as "concurrency 1 → 3".
 * @param {string} text
 * @param {string} kind
 */
function brief(text, kind) {
  if (kind === 'pause') return text.includes('resum') ? 'resumed' : 'paused';
  if (kind === 'reset') return 'reset';
  if (kind === 'error') return 'edit refused';
  if (kind === 'load') return text.replace(/, \d[\d.]* \S+$/, '').replace(' poisson', '');
  const [line] = text.split('\n');
  const words = line
    .replace(/^\w+\.(\w+)/, '$1')
    .replace(/\s*(->|→)\s*/, ' → ')
    .replace(':', '');
  return words.length > 34 ? `${words.slice(0, 33)}…` : words;
}
