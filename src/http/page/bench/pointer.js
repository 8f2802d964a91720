// @ts-check
// Pointing at the score: a crosshair with the values of its moment, and a selection of a stretch of time.
//
// Responsible for: the pointer and the keys on the score's canvas, the words for what is pointed at, and
// zooming into what was selected.

import { element, find, write } from '../dom.js';
import { COLOURS } from './brush.js';
import { Keep } from './keep.js';
import { PAD } from './pen.js';
import { recently } from './response.js';
import { rate, time, whole } from './say.js';

/** @import { Tooltip } from '../glossary.js' */
/** @import { ScoreRow } from './types.d.ts' */
/** @import { Score } from './score.js' */

const DRAG = 6; // units: a shorter stretch is a click
const LEAST_S = 2; // the shortest stretch that can be zoomed into
const NEAR = 6;
const PAGE = 20; // rows that the keys for a page go

export class Pointer {
  /** @type {number | null} the time under the crosshair */
  #at = null;
  /** @type {[number, number] | null} the selected stretch of time */
  #picked = null;
  #from = 0;
  #dragging = false;
  /** @type {{ x: number, y: number } | null} where the tooltip stands */
  #place = null;

  /**
   * @param {Score} score
   * @param {HTMLElement} section
   * @param {Tooltip} tooltip
   */
  constructor(score, section, tooltip) {
    this.score = score;
    this.tooltip = tooltip;
    this.canvas = score.pen.canvas;
    this.box = find(section, '.picked');
    this.words = find(this.box, 'span');
    const { canvas } = this;
    canvas.addEventListener('pointerdown', (event) => this.#begin(event));
    canvas.addEventListener('pointermove', (event) => this.#move(event));
    canvas.addEventListener('pointerup', () => this.#end());
    canvas.addEventListener('pointerleave', () => this.#leave());
    canvas.addEventListener('blur', () => this.#leave());
    canvas.addEventListener('dblclick', () => this.#clear());
    canvas.addEventListener('keydown', (event) => this.#key(event));
    find(section, '.zoom').addEventListener('click', () => this.#zoom());
    find(section, '.unpick').addEventListener('click', () => this.#clear());
    this.keep = new Keep(
      this.box,
      () => this.#picked,
      () => score.shown,
    );
  }

  /** @param {PointerEvent} event */
  #timeAt({ offsetX }) {
    const { score } = this;
    const x = offsetX / (score.pen.scale ?? 1);
    return score.t(Math.min(score.pen.right, Math.max(PAD.left, x)));
  }

  /** @param {PointerEvent} event */
  #begin(event) {
    if (event.pointerType !== 'mouse') return; // a finger scrolls
    this.#dragging = true;
    this.#from = this.#timeAt(event);
    this.canvas.setPointerCapture(event.pointerId);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    this.#at = this.#timeAt(event);
    this.#place = { x: event.clientX, y: event.clientY };
    const away = Math.abs(this.score.x(this.#at) - this.score.x(this.#from));
    if (this.#dragging && away > DRAG) this.#pick(this.#from, this.#at);
    this.score.redraw();
  }

  #end() {
    this.#dragging = false;
  }

  #leave() {
    if (this.#dragging) return;
    this.#at = this.#place = null;
    this.tooltip.hide();
    this.score.redraw();
  }

  /**
   * @param {number} a
   * @param {number} b
   */
  #pick(a, b) {
    this.#picked = [Math.min(a, b), Math.max(a, b)];
    this.keep.forget();
    this.tooltip.hide();
    this.box.hidden = false;
  }

  #zoom() {
    if (!this.#picked) return;
    const [from, to] = this.#picked;
    this.#clear();
    this.score.zoomed = [from, Math.max(to, from + LEAST_S)];
    this.box.hidden = false;
    this.score.redraw();
  }

  #clear() {
    this.#picked = null;
    this.keep.forget();
    this.score.zoomed = null;
    this.box.hidden = true;
    this.score.redraw();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === 'Escape') {
      this.#clear();
      this.#leave();
    }
    /** @type {Record<string, number>} */
    const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -PAGE, PageDown: PAGE };
    const { shown } = this.score;
    if (!(event.key in steps) || !shown.length) return;
    event.preventDefault();
    const { t } = this.#rowAt(this.#at ?? shown[shown.length - 1].t);
    const index = shown.findIndex((row) => row.t === t) + steps[event.key];
    this.#at = shown[Math.max(0, Math.min(shown.length - 1, index))].t;
    const box = this.canvas.getBoundingClientRect();
    this.#place = { x: box.left + this.score.x(this.#at) * (this.score.pen.scale ?? 1), y: box.top + 40 };
    this.score.redraw();
  }

  /**
   * The row nearest to a time.
   * @param {number} t
   * @returns {ScoreRow}
   */
  #rowAt(t) {
    return this.score.shown.reduce((a, b) => (Math.abs(b.t - t) < Math.abs(a.t - t) ? b : a));
  }

  /** Draws crosshair and selection over the bands. @param {number} foot */
  draw(foot) {
    const { score } = this;
    const { pen } = score;
    const { context: c } = pen;
    if (this.#picked) {
      const [from, to] = this.#picked.map((t) => Math.min(pen.right, Math.max(PAD.left, score.x(t))));
      c.fillStyle = pen.get('ink');
      c.globalAlpha = 0.1;
      c.fillRect(from, 16, to - from, foot - 16);
      c.globalAlpha = 1;
      write(this.words, this.#said(this.#picked));
    } else if (score.zoomed) {
      write(this.words, `zoomed to ${time(score.zoomed[1] - score.zoomed[0])}`);
    }
    find(this.box, '.zoom').hidden = this.keep.button.hidden = !this.#picked;
    if (this.#at === null || !this.#place) return;
    const row = this.#rowAt(this.#at);
    const x = Math.round(score.x(row.t)) + 0.5;
    pen.line('muted', 1, [
      [x, 16],
      [x, foot],
    ]);
    if (!this.#dragging) this.tooltip.show(this.#place.x, this.#place.y, ...this.#explain(row));
    this.canvas.setAttribute(
      'aria-label',
      `The last minutes. ${valuesOf(row)
        .map((pair) => pair.join(' '))
        .join(', ')}`,
    );
  }

  /**
   * What a selection holds, in words.
   * @param {[number, number]} picked
   */
  #said([from, to]) {
    const rows = this.score.shown.filter(({ t }) => t >= from && t <= to);
    if (!rows.length) return `${time(to - from)} selected`;
    const mean = (/** @type {(row: ScoreRow) => number} */ read) =>
      rows.reduce((sum, row) => sum + read(row), 0) / rows.length;
    const [first, last] = [rows[0], rows[rows.length - 1]];
    const grown = last.depth - first.depth;
    const times = recently(rows, Number.NEGATIVE_INFINITY);
    const parts = [
      `${time(to - from)}: ${rate(mean((row) => row.arrived))}/s in`,
      `${rate(mean((row) => row.out))}/s out`,
      grown === 0
        ? 'the queue did not grow'
        : `the queue ${grown > 0 ? 'grew' : 'shrank'} by ${whole(Math.abs(grown))}`,
      ...(times ? [`p50 ${time(times.p50 / 1000)}`, `p99 ${time(times.p99 / 1000)}`] : []),
    ];
    return parts.join(', ');
  }

  /** @param {ScoreRow} row */
  #explain(row) {
    const ago = this.score.now - row.t;
    const head = element('b', '', ago < 0.4 ? 'now' : `${time(ago)} ago`);
    const { marks } = this.score.past();
    const near = [...marks, ...this.score.seen].filter(
      ({ t }) => Math.abs(this.score.x(t) - this.score.x(row.t)) < NEAR,
    );
    const said = near.map(({ kind, text }) => element('p', `said ${kind}`, text));
    const lines = valuesOf(row).map(([name, value]) =>
      element(
        'p',
        'pair',
        element('i', `mark ${name === 'arrived' ? COLOURS[row.mode] : ''}`),
        name,
        element('b', '', value),
      ),
    );
    return [head, ...said, ...lines];
  }
}

/**
 * @param {ScoreRow} row
 * @returns {[name: string, value: string][]}
 */
function valuesOf(row) {
  return [
    ['arrived', `${rate(row.arrived)}/s`],
    ['let in', `${rate(row.accepted)}/s`],
    ['out', `${rate(row.out)}/s`],
    ['waiting', whole(row.depth)],
    ['in the resource', whole(row.in_use)],
    ['concurrency', whole(row.concurrency)],
    ['p50', row.p50 === null ? '–' : time(row.p50 / 1000)],
    ['p99', row.p99 === null ? '–' : time(row.p99 / 1000)],
  ];
}
