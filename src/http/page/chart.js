// @ts-check
// A chart on a canvas: lines over an axis, the marks and the crosshair that its board shares.
//
// Responsible for: the drawing, and pointing by pointer or keyboard. Left to others: the rows and the
// crosshair's place (board.js), the axes (axes.js, scales.js), the values in words (readout.js).

import { element } from './dom.js';
import { polygon, stroke } from './ink.js';
import { Readout } from './readout.js';
import { linear, scaleOf, used } from './scales.js';

/** @import { Board } from './board.js' */
/** @import { Options, Place, Scale, Series } from './charts.d.ts' */

const PAD = { left: 52, right: 10, top: 8, bottom: 18 };
const FONT = '11px system-ui, sans-serif';
const PAGE = 20; // rows that the keys for a page go

/** @type {Record<string, number>} rows by which a key moves the crosshair */
const STEPS = { ArrowLeft: -1, ArrowRight: 1, PageUp: -PAGE, PageDown: PAGE };

/** @template {Place} Row */
export class Chart {
  /** @type {{ x: number, y: number } | null} where the pointer is, while it is over this chart */
  #hover = null;
  /** @type {Row[]} the rows that were drawn last */
  #rows = [];
  /** @type {Scale} */
  #axis = linear(1);
  /** @type {Series<Row>[]} the series that were used in these rows */
  shown = [];
  width = 0;
  height = 0;

  /**
   * @param {Board<Row>} board
   * @param {HTMLElement} figure
   * @param {Options<Row>} options
   */
  constructor(board, figure, options) {
    this.board = board;
    this.options = options;
    const plot = figure.appendChild(element('div', 'plot'));
    this.canvas = plot.appendChild(element('canvas', ''));
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute('role', 'img');
    this.context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext('2d'));
    this.readout = new Readout(this, figure);
    this.canvas.setAttribute('aria-label', this.readout.title);
    this.#listen();
    new ResizeObserver(() => this.#resize(plot)).observe(plot);
  }

  #listen() {
    this.canvas.addEventListener('pointermove', (event) => {
      this.#hover = { x: event.clientX, y: event.clientY };
      this.board.pointAt(this.#placeAt(event.offsetX));
    });
    const leave = () => {
      this.#hover = null;
      this.board.pointAt(null);
    };
    this.canvas.addEventListener('pointerleave', leave);
    this.canvas.addEventListener('blur', leave);
    this.canvas.addEventListener('keydown', (event) => {
      const step = STEPS[event.key];
      if (event.key === 'Escape') leave();
      if (!step || this.#rows.length === 0) return;
      event.preventDefault();
      const { axis, cursor } = this.board;
      const from = axis.at(this.#rows, cursor ?? axis.rest ?? 0);
      const { t } = this.#rows[Math.min(this.#rows.length - 1, Math.max(0, from + step))];
      const box = this.canvas.getBoundingClientRect();
      this.#hover = { x: box.left + this.#x(t), y: box.top + box.height / 2 };
      this.board.pointAt(t);
    });
  }

  /** @param {HTMLElement} plot */
  #resize(plot) {
    const ratio = devicePixelRatio || 1;
    this.width = plot.clientWidth;
    this.height = plot.clientHeight;
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.board.redraw();
  }

  get #inner() {
    return this.width - PAD.left - PAD.right;
  }

  /** @param {number} t */
  #x(t) {
    return PAD.left + this.#inner * this.board.axis.place(t);
  }

  /** @param {number} value */
  #y(value) {
    return PAD.top + (this.height - PAD.top - PAD.bottom) * (1 - this.#axis.place(value));
  }

  /** @param {number} x */
  #placeAt(x) {
    return this.board.axis.invert(Math.min(1, Math.max(0, (x - PAD.left) / this.#inner)));
  }

  /** @param {Row[]} rows */
  draw(rows) {
    if (!this.width) return;
    this.#rows = rows;
    this.shown = used(this.options, rows);
    this.#axis = scaleOf(this.options, this.shown, rows);
    const { context } = this;
    context.clearRect(0, 0, this.width, this.height);
    context.font = FONT;
    this.#grid();
    this.#marks();
    this.#referenceLine();
    for (const one of this.shown) this.#line(one, rows);
    const { axis, cursor } = this.board;
    const place = cursor ?? axis.rest;
    const at = place === null ? -1 : axis.at(rows, place);
    if (cursor !== null) this.#crosshair(rows, at);
    this.readout.write(rows, at);
  }

  #grid() {
    const { context, board, width, height } = this;
    context.lineWidth = 1;
    context.strokeStyle = board.palette.get('line');
    context.fillStyle = board.palette.get('muted');
    context.textBaseline = 'middle';
    context.textAlign = 'right';
    for (const value of this.#axis.ticks) {
      const y = Math.round(this.#y(value)) + 0.5;
      stroke(context, [PAD.left, y], [width - PAD.right, y]);
      context.fillText(this.options.tick(value), PAD.left - 6, y);
    }
    context.textBaseline = 'alphabetic';
    let taken = 0; // a label that would touch the one before it is left out
    for (const [share, text] of board.axis.ticks()) {
      const x = PAD.left + this.#inner * share;
      const half = context.measureText(text).width / 2;
      const left = Math.min(width - PAD.right - 2 * half, Math.max(PAD.left, x - half));
      if (left < taken) continue;
      taken = left + 2 * half + 6;
      context.textAlign = 'left';
      context.fillText(text, left, height - 4);
      if (this.options.upright)
        stroke(context, [Math.round(x) + 0.5, PAD.top], [Math.round(x) + 0.5, height - PAD.bottom]);
    }
  }

  #marks() {
    const { context, board } = this;
    for (const mark of board.marks) {
      if (!(board.axis.place(mark.t) >= 0 && board.axis.place(mark.t) <= 1)) continue;
      const x = Math.round(this.#x(mark.t)) + 0.5;
      context.strokeStyle = context.fillStyle = board.palette.get(mark.kind === 'error' ? 'danger' : 'mark');
      context.setLineDash([2, 3]);
      stroke(context, [x, PAD.top], [x, this.height - PAD.bottom]);
      context.setLineDash([]);
      polygon(context, [x - 4, PAD.top - 6], [x + 4, PAD.top - 6], [x, PAD.top + 1]);
    }
  }

  #referenceLine() {
    const limit = this.options.reference?.get();
    if (!limit || limit > this.#axis.high) return;
    const y = this.#y(limit);
    this.context.strokeStyle = this.board.palette.get('danger');
    this.context.setLineDash([7, 4]);
    stroke(this.context, [PAD.left, y], [this.width - PAD.right, y]);
    this.context.setLineDash([]);
  }

  /**
   * @param {Series<Row>} one
   * @param {Row[]} rows
   */
  #line(one, rows) {
    const { context, board } = this;
    context.beginPath();
    /** @type {{ t: number, y: number } | null} */
    let last = null;
    for (const row of rows) {
      const value = one.get(row);
      if (value === null) continue;
      const x = this.#x(row.t);
      const y = this.#y(value);
      // Half a pixel, so that a lone point shows as a dot.
      if (!last || row.t - last.t > board.axis.bridge) context.moveTo(x - 0.5, y);
      else if (one.step) context.lineTo(x, last.y);
      context.lineTo(x, y);
      last = { t: row.t, y };
    }
    context.strokeStyle = board.palette.get(one.colour);
    context.lineWidth = one.dash ? 1.4 : 1.9;
    context.lineJoin = 'round';
    context.lineCap = one.dash ? 'butt' : 'round';
    if (one.dash) {
      // The pattern is pinned to the axis, not to the plot's edge, so that dashes scroll and do not crawl.
      context.setLineDash([5, 3]);
      context.lineDashOffset = (this.#x(rows[0]?.t ?? 0) - this.#x(0)) % 8;
    }
    context.stroke();
    context.setLineDash([]);
    if (one.knots?.()) for (const row of rows) this.#dot(one, row);
    if (this.options.series.length === 1) this.#fill(rows, one);
  }

  /**
   * @param {Series<Row>} one
   * @param {Row} row
   */
  #dot(one, row) {
    const value = one.get(row);
    if (value === null) return;
    this.context.fillStyle = this.board.palette.get(one.colour);
    this.context.beginPath();
    this.context.arc(this.#x(row.t), this.#y(value), 3.2, 0, 7);
    this.context.fill();
  }

  /**
   * Only a chart with one series is filled: areas over areas hide what they compare.
   * @param {Row[]} rows
   * @param {Series<Row>} one
   */
  #fill(rows, one) {
    const last = rows.at(-1);
    if (!last) return;
    const { context } = this;
    context.lineTo(this.#x(last.t), this.#y(0));
    context.lineTo(this.#x(rows[0].t), this.#y(0));
    context.globalAlpha = 0.14;
    context.fillStyle = this.board.palette.get(one.colour);
    context.fill();
    context.globalAlpha = 1;
  }

  /**
   * @param {Row[]} rows
   * @param {number} at the index of the row, or -1
   */
  #crosshair(rows, at) {
    if (this.#hover && at < 0) this.board.tooltip.hide();
    if (at < 0) return;
    const { context, board } = this;
    const x = this.#x(rows[at].t);
    context.strokeStyle = board.palette.get('muted');
    context.lineWidth = 1;
    stroke(context, [x, PAD.top], [x, this.height - PAD.bottom]);
    for (const one of this.shown) this.#dot(one, rows[at]);
    if (!this.#hover) return;
    const near = board.marks.filter((mark) => Math.abs(this.#x(mark.t) - x) < 6);
    board.tooltip.show(this.#hover.x, this.#hover.y, ...this.readout.explain(rows, at, near));
  }
}
