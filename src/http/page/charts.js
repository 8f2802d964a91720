// Charts on canvas, small enough to read in one sitting.
//
// Responsible for: ticks, lines, marks and the crosshair that the charts of a board share.
// Left to others: the axes (axes.js), the values in words (readout.js), what a row holds and how a
// value is written. A row is any object with a place `t` on the axis along the foot, mostly a time in
// seconds; each series brings a `get(row)`, each chart a `format(value)`; colours come from a palette.

import { linear, logarithmic, UntilNow } from './axes.js';
import { Readout } from './readout.js';

const PAD = { left: 52, right: 10, top: 8, bottom: 18 };
const FONT = '11px system-ui, sans-serif';
const SHORTEST_MS = 0.001; // the server tells times apart to a microsecond
const PAGE = 20; // rows that the keys for a page go

/** What charts have in common: rows, marks, the axis along the foot, the crosshair. */
export class Board {
  rows = [];
  marks = [];
  cursor = null; // a place on the axis, or null: a time survives scrolling, a pixel would not
  #charts = [];
  #scheduled = false;

  constructor(tooltip, palette, axis = new UntilNow()) {
    Object.assign(this, { tooltip, palette, axis });
  }

  add(figure, options) {
    const chart = new Chart(this, figure, options);
    this.#charts.push(chart);
    return chart;
  }

  /** Any number of changes within a frame cost one drawing, and a hidden page costs none. */
  redraw() {
    if (this.#scheduled || document.hidden) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      const visible = this.axis.fit(this.rows);
      for (const chart of this.#charts) chart.draw(visible);
    });
  }

  pointAt(place) {
    this.cursor = place;
    if (place === null) this.tooltip.hide();
    this.redraw();
  }
}

/**
 * One chart. Options: `series` (name, part, colour, dash, step, knots, get), `format`, `tick`, `scale`
 * ("linear", "log", or "log0": a logarithm that keeps a place for zero), `reference` (label, get),
 * `named` (the read-out has names), `upright` (lines at the ticks along the foot as well), `tight` (a
 * logarithm may be shorter than a decade).
 */
class Chart {
  #hover = null; // where the pointer is, while it is over this chart

  constructor(board, figure, options) {
    Object.assign(this, { board, ...options });
    this.readout = new Readout(this, figure);
    const plot = figure.appendChild(document.createElement('div'));
    plot.className = 'plot';
    this.canvas = plot.appendChild(document.createElement('canvas'));
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute('role', 'img');
    this.context = this.canvas.getContext('2d');
    this.#listen();
    new ResizeObserver(() => this.#resize()).observe(plot);
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
      const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -PAGE, PageDown: PAGE }[event.key];
      if (event.key === 'Escape') leave();
      if (!step || !this.rows?.length) return;
      event.preventDefault();
      const { axis, cursor } = this.board;
      const from = axis.at(this.rows, cursor ?? axis.rest ?? 0);
      const { t } = this.rows[Math.min(this.rows.length - 1, Math.max(0, from + step))];
      const box = this.canvas.getBoundingClientRect();
      this.#hover = { x: box.left + this.#x(t), y: box.top + box.height / 2 };
      this.board.pointAt(t);
    });
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas.parentElement;
    const ratio = devicePixelRatio || 1;
    Object.assign(this, { width, height });
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.board.redraw();
  }

  get #inner() {
    return this.width - PAD.left - PAD.right;
  }

  #x(t) {
    return PAD.left + this.#inner * this.board.axis.place(t);
  }

  #y(value) {
    return PAD.top + (this.height - PAD.top - PAD.bottom) * (1 - this.axis.place(value));
  }

  #placeAt(x) {
    return this.board.axis.invert(Math.min(1, Math.max(0, (x - PAD.left) / this.#inner)));
  }

  draw(rows) {
    if (!this.width) return;
    this.rows = rows;
    // A mode that was not used in this span takes no ink: neither a line at zero nor a read-out. A time
    // of zero is one that was too short to be measured.
    const something = (value) => (this.scale === 'log' ? value !== null : value > 0);
    const used = (one) => one.always || rows.some((row) => something(one.get(row)));
    const names = new Set(this.series.filter(used).map((one) => one.name));
    this.shown = this.series.filter((one) => names.has(one.name));
    this.axis = this.#scale(rows);
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

  #scale(rows) {
    let low = Infinity; // of what is above zero
    let least = Infinity;
    let high = 0;
    for (const one of this.shown) {
      for (const row of rows) {
        const value = one.get(row);
        if (value === null) continue;
        if (value > high) high = value;
        if (value < least) least = value;
        if (value > 0 && value < low) low = value;
      }
    }
    // A limit far above the data would flatten it; it is then named in the read-out only.
    const limit = this.reference?.get();
    if (limit && limit <= high * 3) high = Math.max(high, limit);
    if (this.scale === 'linear') return linear(high);
    // Counts and rates have a place for zero always, times where one was too short to be measured.
    const counts = this.scale === 'log0';
    return logarithmic(Math.min(low, high), high, {
      unit: counts ? 1 : SHORTEST_MS,
      zero: counts || least < SHORTEST_MS,
      tight: this.tight,
    });
  }

  #grid() {
    const { context, board, width, height } = this;
    context.lineWidth = 1;
    context.strokeStyle = board.palette.get('line');
    context.fillStyle = board.palette.get('muted');
    context.textBaseline = 'middle';
    context.textAlign = 'right';
    for (const value of this.axis.ticks) {
      const y = Math.round(this.#y(value)) + 0.5;
      stroke(context, [PAD.left, y], [width - PAD.right, y]);
      context.fillText((this.tick ?? this.format)(value), PAD.left - 6, y);
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
      if (this.upright) stroke(context, [Math.round(x) + 0.5, PAD.top], [Math.round(x) + 0.5, height - PAD.bottom]);
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
    const limit = this.reference?.get();
    if (!limit || limit > this.axis.high) return;
    const y = this.#y(limit);
    this.context.strokeStyle = this.board.palette.get('danger');
    this.context.setLineDash([7, 4]);
    stroke(this.context, [PAD.left, y], [this.width - PAD.right, y]);
    this.context.setLineDash([]);
  }

  #line(one, rows) {
    const { context, board } = this;
    context.beginPath();
    let last = null;
    for (const row of rows) {
      const value = one.get(row);
      if (value === null) continue;
      const x = this.#x(row.t);
      const y = this.#y(value);
      const joined = last && row.t - last.t <= board.axis.bridge;
      if (!joined)
        context.moveTo(x - 0.5, y); // half a pixel, so that a lone point shows as a dot
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
    if (one.knots?.()) for (const row of rows) if (one.get(row) !== null) this.#dot(one, row);
    if (this.series.length === 1) this.#fill(rows, one);
  }

  #dot(one, row) {
    this.context.fillStyle = this.board.palette.get(one.colour);
    this.context.beginPath();
    this.context.arc(this.#x(row.t), this.#y(one.get(row)), 3.2, 0, 7);
    this.context.fill();
  }

  /** Only a chart with one series is filled: areas over areas hide what they compare. */
  #fill(rows, one) {
    if (!rows.length) return;
    const { context } = this;
    context.lineTo(this.#x(rows.at(-1).t), this.#y(0));
    context.lineTo(this.#x(rows[0].t), this.#y(0));
    context.globalAlpha = 0.14;
    context.fillStyle = this.board.palette.get(one.colour);
    context.fill();
    context.globalAlpha = 1;
  }

  #crosshair(rows, at) {
    if (this.#hover && at < 0) this.board.tooltip.hide();
    if (at < 0) return;
    const { context, board } = this;
    const x = this.#x(rows[at].t);
    context.strokeStyle = board.palette.get('muted');
    context.lineWidth = 1;
    stroke(context, [x, PAD.top], [x, this.height - PAD.bottom]);
    for (const one of this.shown) {
      if (one.get(rows[at]) !== null) this.#dot(one, rows[at]);
    }
    if (!this.#hover) return;
    const near = board.marks.filter((mark) => Math.abs(this.#x(mark.t) - x) < 6);
    board.tooltip.show(this.#hover.x, this.#hover.y, ...this.readout.explain(rows, at, near));
  }
}

function stroke(context, from, to) {
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
}

function polygon(context, ...corners) {
  context.beginPath();
  for (const corner of corners) context.lineTo(...corner);
  context.fill();
}
