// Time-series charts on canvas, small enough to read in one sitting.
//
// Responsible for: scales, ticks, lines, marks on the time axis, the crosshair that all charts share,
// and the read-out beside each title.
// Left to others: what a row holds and how a value is written. A row is any object with a time `t` in
// seconds; each series brings a `get(row)`, each chart a `format(value)`; colours come from a palette.

import { element } from './panels.js';

const PAD = { left: 52, right: 10, top: 8, bottom: 18 };
const FONT = '11px system-ui, sans-serif';
// Percentiles exist only for quarter seconds in which something finished. A slow bench finishes one
// event every second or two; joining across that much silence shows a line instead of dust.
const BRIDGE_S = 2.6;

/** What the charts have in common: rows, marks, the span of time shown, the crosshair. */
export class Board {
  rows = [];
  marks = [];
  span = 120;
  cursor = null; // a time in seconds, or null: a time survives scrolling, a pixel would not
  #charts = [];
  #scheduled = false;

  constructor(tooltip, palette) {
    this.tooltip = tooltip;
    this.palette = palette;
  }

  add(figure, options) {
    this.#charts.push(new Chart(this, figure, options));
  }

  /** Any number of changes within a frame cost one drawing, and a hidden page costs none. */
  redraw() {
    if (this.#scheduled || document.hidden) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      const end = this.rows.at(-1)?.t ?? 0;
      const from = this.rows.findIndex((row) => row.t >= end - this.span);
      const visible = from < 0 ? [] : this.rows.slice(from);
      for (const chart of this.#charts) chart.draw(visible, end);
    });
  }

  pointAt(time) {
    this.cursor = time;
    if (time === null) this.tooltip.hide();
    this.redraw();
  }
}

/**
 * One chart. Options: `series` (name, part, colour, dash, step, get), `format`, `tick`, `scale`
 * ("linear", "log", or "log0": a logarithm that keeps a place for zero), `reference` (label, get).
 */
class Chart {
  #hover = null; // where the pointer is, while it is over this chart

  constructor(board, figure, options) {
    Object.assign(this, { board, ...options });
    this.title = figure.querySelector('h3').firstChild.textContent.trim();
    this.readout = figure.querySelector('figcaption').appendChild(document.createElement('p'));
    this.readout.className = 'readout';
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
      this.board.pointAt(this.#timeAt(event.offsetX));
    });
    const leave = () => {
      this.#hover = null;
      this.board.pointAt(null);
    };
    this.canvas.addEventListener('pointerleave', leave);
    this.canvas.addEventListener('blur', leave);
    this.canvas.addEventListener('keydown', (event) => {
      const step = { ArrowLeft: -0.25, ArrowRight: 0.25, PageUp: -5, PageDown: 5 }[event.key];
      if (event.key === 'Escape') leave();
      if (!step) return;
      event.preventDefault();
      const time = Math.min(this.end, Math.max(this.end - this.board.span, (this.board.cursor ?? this.end) + step));
      const box = this.canvas.getBoundingClientRect();
      this.#hover = { x: box.left + this.#x(time), y: box.top + box.height / 2 };
      this.board.pointAt(time);
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

  #x(time) {
    const inner = this.width - PAD.left - PAD.right;
    return PAD.left + inner * (1 - (this.end - time) / this.board.span);
  }

  #y(value) {
    return PAD.top + (this.height - PAD.top - PAD.bottom) * (1 - this.axis.place(value));
  }

  #timeAt(x) {
    const inner = this.width - PAD.left - PAD.right;
    const back = (1 - (x - PAD.left) / inner) * this.board.span;
    return this.end - Math.min(this.board.span, Math.max(0, back));
  }

  draw(rows, end) {
    if (!this.width) return;
    this.end = end;
    // A mode that was not used in this span takes no ink: neither a line at zero nor a read-out.
    const used = (one) => one.always || rows.some((row) => one.get(row) > 0);
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
    const at = this.#rowAt(rows, this.board.cursor ?? end);
    if (this.board.cursor !== null) this.#crosshair(rows, at);
    this.#write(rows, at);
  }

  #scale(rows) {
    let low = Infinity;
    let high = 0;
    for (const one of this.shown) {
      for (const row of rows) {
        const value = one.get(row);
        if (value === null) continue;
        if (value > high) high = value;
        if (value > 0 && value < low) low = value;
      }
    }
    // A limit far above the data would flatten it; it is then named in the read-out only.
    const limit = this.reference?.get();
    if (limit && limit <= high * 3) high = Math.max(high, limit);
    if (this.scale === 'linear') return linear(high);
    return logarithmic(Math.min(low, high), high, this.scale === 'log0');
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
    for (let part = 0; part <= 4; part += 1) {
      const back = board.span * (1 - part / 4);
      context.textAlign = part === 0 ? 'left' : part === 4 ? 'right' : 'center';
      context.fillText(ago(back), this.#x(this.end - back), height - 4);
    }
  }

  #marks() {
    const { context, board } = this;
    for (const mark of board.marks) {
      if (mark.t < this.end - board.span || mark.t > this.end) continue;
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
      const joined = last && row.t - last.t <= BRIDGE_S;
      if (!joined) context.moveTo(x - 0.5, y); // half a pixel, so that a lone point shows as a dot
      else if (one.step) context.lineTo(x, last.y);
      context.lineTo(x, y);
      last = { t: row.t, y };
    }
    context.strokeStyle = board.palette.get(one.colour);
    context.lineWidth = one.dash ? 1.4 : 1.9;
    context.lineJoin = 'round';
    context.lineCap = one.dash ? 'butt' : 'round';
    if (one.dash) {
      // The pattern is pinned to time, not to the plot's edge, so that dashes scroll and do not crawl.
      const pixels = (this.width - PAD.left - PAD.right) / board.span;
      context.setLineDash([5, 3]);
      context.lineDashOffset = ((rows[0]?.t ?? 0) * pixels) % 8;
    }
    context.stroke();
    context.setLineDash([]);
    if (this.series.length === 1) this.#fill(rows, one);
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

  /** The index of the row at a time, or -1 where there is none. */
  #rowAt(rows, time) {
    let index = rows.length - 1;
    while (index >= 0 && rows[index].t > time + 0.125) index -= 1;
    return index;
  }

  /** The value at a row, or the last one before it that the line is still drawn from. */
  #valueAt(one, rows, at) {
    for (let index = at; index >= 0 && rows[at].t - rows[index].t <= BRIDGE_S; index -= 1) {
      const value = one.get(rows[index]);
      if (value !== null) return value;
    }
    return null;
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
      const value = one.get(rows[at]);
      if (value === null) continue;
      context.fillStyle = board.palette.get(one.colour);
      context.beginPath();
      context.arc(x, this.#y(value), 3.2, 0, 7);
      context.fill();
    }
    if (this.#hover) board.tooltip.show(this.#hover.x, this.#hover.y, ...this.#explain(rows, at));
  }

  #explain(rows, at) {
    const { t } = rows[at];
    const head = element('b', '', `${t.toFixed(1)} s up, ${(this.end - t).toFixed(1)} s ago`);
    const near = this.board.marks.filter((mark) => Math.abs(this.#x(mark.t) - this.#x(t)) < 6);
    const marks = near.map((mark) => element('p', `said ${mark.kind}`, mark.text));
    const lines = this.#values(rows, at).map(({ name, parts, text }) => {
      const label = `${name.replace('-', ' ')} ${parts.join(' / ')}`;
      return element('p', 'pair', element('i', `mark ${name}`), label, element('b', '', text));
    });
    return [head, ...marks, ...lines];
  }

  /** What each name stands at, with all its parts in one text: `p50 / p99`. */
  #values(rows, at) {
    const names = [...new Set(this.shown.map((one) => one.name))];
    return names.map((name) => {
      const own = this.shown.filter((one) => one.name === name);
      const values = own.map((one) => this.#valueAt(one, rows, at));
      const text = values.every((value) => value === null)
        ? '–'
        : joined(values.map((value) => (value === null ? '–' : this.format(value))));
      return { name, parts: own.map((one) => one.part ?? ''), text };
    });
  }

  /** The read-out beside the title: the newest values, or those under the crosshair. */
  #write(rows, at) {
    const values = this.#values(rows, at);
    const limit = this.reference?.get();
    if (limit) values.push({ name: this.reference.label, text: this.format(limit) });
    const words = values.map(({ name, text }) => `${name} ${text}`).join(', ');
    if (words === this.words) return;
    this.words = words;
    this.canvas.setAttribute('aria-label', `${this.title}: ${words || 'nothing in this span'}. Arrow keys move the crosshair.`);
    this.readout.replaceChildren(...values.map(({ name, text }) => {
      const label = this.named ? `${name.replace('-', ' ')} ` : '';
      return element('span', '', element('i', `mark ${name}`), label, element('b', '', text));
    }));
  }
}

function linear(max) {
  const high = Math.max(max, 4);
  const step = nice(high / 4);
  const top = Math.ceil(high / step) * step;
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step);
  return { high: top, ticks, place: (value) => value / top };
}

/** Starts close to the data: at the 1, 2 or 5 below the least value, not at a far-off decade. */
function logarithmic(min, max, zero) {
  const low = zero ? 1 : nice(Math.max(0.01, min || 1), 'down');
  const high = Math.max(nice(max), low * 10);
  const foot = zero ? 0.12 : 0; // the strip in which zero has its place
  const place = (value) => {
    if (value < low) return zero ? foot * (value / low) : 0;
    return foot + (1 - foot) * (Math.log(value / low) / Math.log(high / low));
  };
  const ticks = zero ? [0, low] : [low]; // the foot of the axis is always labelled
  const decades = Math.log10(high / low);
  const factors = decades > 2 ? [1] : decades > 1.2 ? [1, 5] : [1, 2, 5];
  const stride = Math.ceil(decades / 5);
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += stride) {
    for (const factor of factors) {
      const value = factor * 10 ** power;
      if (place(value) > foot + 0.1 && value <= high * 1.001) ticks.push(value);
    }
  }
  return { high, ticks, place };
}

/** The next 1, 2 or 5 times a power of ten, above or below. */
function nice(value, way = 'up') {
  const power = 10 ** Math.floor(Math.log10(value || 1));
  const steps = way === 'up' ? [1, 2, 5, 10] : [10, 5, 2, 1];
  const fits = (step) => (way === 'up' ? step * power >= value * 0.999 : step * power <= value * 1.001);
  return steps.find(fits) * power;
}

/** Texts with their common unit once: "52 / 57 ms". */
function joined(texts) {
  const unit = texts.at(-1).match(/\s\S+$/)?.[0];
  const bare = texts.map((text, index) => (unit && index < texts.length - 1 && text.endsWith(unit) ? text.slice(0, -unit.length) : text));
  return bare.join(' / ');
}

function ago(seconds) {
  if (seconds === 0) return 'now';
  const rest = Math.round(seconds % 60);
  return `−${Math.floor(seconds / 60)}:${String(rest).padStart(2, '0')}`;
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
